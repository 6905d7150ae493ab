/* Prints docs/ops.md: every function with its derivatives, from the table, and PyTorch's names for them, from
 * docs/ops.map, a name and a text in each line.
 *
 *   ct_ops_page MAP NAMES HEADER...     NAMES: what a user of PyTorch looks for; HEADER: where else the texts' words are
 */
#include "autograd/internal.h"
#include "autograd/functions.inc"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINES 1024

static char *map[MAX_LINES], *names[MAX_LINES], *headers[16];
static int map_lines, name_lines, header_count;

/* ---- reading ------------------------------------------------------------------------------------------------ */

static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t capacity = 0;
    if (!file || getdelim(&text, &capacity, '\0', file) < 0) {
        fprintf(stderr, "ct_ops_page: cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    return text;
}

static int compare_lines(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int read_lines(const char *path, char **lines) {
    int n = 0;
    for (char *line = strtok(read_file(path), "\n"); line && n < MAX_LINES; line = strtok(NULL, "\n")) lines[n++] = line;
    qsort(lines, (size_t)n, sizeof *lines, compare_lines);
    return n;
}

/* ---- the library's names ------------------------------------------------------------------------------------ */

/* A row without its function does not link. Not static, lest it be left out. */
typedef void any_function(void);
#define CT_OPERATION(symbol, ...) (any_function *)symbol##_at,
#define CT_COMPOSITE CT_OPERATION
#define CT_COMPOSITE_OF(result, ...) CT_OPERATION(__VA_ARGS__)
any_function *const ct_promised_functions[] = {
#include "autograd/ops.def"
};

static const function *find_function(const char *name) {
    for (size_t i = 0; i < FUNCTION_COUNT; i++)
        if (!strcmp(functions[i].name, name)) return &functions[i];
    return NULL;
}

static const ct_op *find_op(const char *name) {
    for (int n = 1; n <= ct_op_count(); n++)
        if (!strcmp(ct_nth_op(n)->name, name)) return ct_nth_op(n);
    return NULL;
}

/* As a function beside the table, as a macro or a type. */
static bool declared(const char *name) {
    static const char *const forms[] = {" *%s_at(", " %s_at(", " %s(", "} %s;"};
    char text[128];
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
        snprintf(text, sizeof text, forms[form], name);
        for (int i = 0; i < header_count; i++)
            if (strstr(headers[i], text)) return true;
    }
    return false;
}

/* The first function of the table that the text of a line of the map names. NULL, with a message, when there is none,
 * or when the text names what is nowhere. */
static const function *find_mapped(const char *torch, const char *text) {
    const function *first = NULL;
    bool ok = true;
    for (const char *c = strstr(text, "ct_"); c; c = strstr(c + 1, "ct_")) {
        char name[100];
        size_t n = 0;
        if (c > text && (isalnum((unsigned char)c[-1]) || c[-1] == '_')) continue;
        while ((isalnum((unsigned char)c[n]) || c[n] == '_') && n < sizeof name - 1) name[n] = c[n], n++;
        name[n] = '\0';
        const function *found = find_function(name);
        if (!first) first = found;
        if (found || declared(name)) continue;
        fprintf(stderr, "docs/ops.map: %s: there is no %s\n", torch, name);
        ok = false;
    }
    if (!first) fprintf(stderr, "docs/ops.map: %s: no function of the table\n", torch);
    return ok ? first : NULL;
}

/* ---- the page ----------------------------------------------------------------------------------------------- */

static const char *const kinds[] = {[ELEMENTWISE] = "elementwise", [KERNEL] = "kernel", [COMPOSITE] = "composite"};

/* A cell of a table, where | ends it. */
static void print_cell(const char *text) {
    fputs("| ", stdout);
    for (const char *c = text; *c; c++) printf(*c == '|' ? "\\|" : "%c", *c);
    putchar(' ');
}

/* The line of the map for a name of PyTorch; NULL when there is none. */
static const char *find_mapping(const char *torch) {
    size_t n = strlen(torch);
    for (int i = 0; i < map_lines; i++)
        if (!strncmp(map[i], torch, n) && map[i][n] == '\t') return map[i] + n + 1;
    return NULL;
}

static bool print_names(void) {
    bool ok = true;
    int covered = 0;
    for (int i = 0; i < name_lines; i++) covered += find_mapping(names[i]) != NULL;
    printf("## In PyTorch's names\n\n%d of the %d that are looked for.\n\n| PyTorch | Cotangent | made as |\n|---|---|---|\n",
           covered, name_lines);
    for (int i = 0; i < map_lines; i++) {
        const char *text = strchr(map[i], '\t');
        char torch[100];
        snprintf(torch, sizeof torch, "%.*s", (int)(text ? text - map[i] : 0), map[i]);
        const function *f = text ? find_mapped(torch, text + 1) : NULL;
        ok = ok && f;
        if (!f) continue;
        print_cell(torch);
        print_cell(text + 1);
        print_cell(kinds[f->kind]);
        puts("|");
    }
    printf("\nNot there:");
    for (int i = 0; i < name_lines; i++)
        if (!find_mapping(names[i])) printf(" %s", names[i]);
    puts(covered == name_lines ? " none.\n" : ".\n");
    fprintf(stderr, "%d of %d names are covered\n", covered, name_lines);
    return ok;
}

/* The dtypes in which the first sample of the op can be recorded. */
static const char *dtypes_of(const ct_op *op) {
    if (op->kind == CT_ELEMENTWISE) return "f32 f64";
    if (!op->parts->shape) return "any";
    if (!op->parts->samples) return "see text";
    bool works[2];
    for (int i = 0; i < 2; i++) {
        ct_scope scope = ct_begin();
        works[i] = op->parts->samples(0, i ? CT_F64 : CT_F32).z != NULL;
        works[i] = ct_end(scope) && works[i];
    }
    return works[0] ? works[1] ? "f32 f64" : "f32" : works[1] ? "f64" : "none";
}

static void print_family(const function *f) {
    printf("\n### %c%s\n\n", toupper((unsigned char)*f->name), f->name + 1);
    if (*f->doc) printf("%s\n\n", f->doc);
    puts("| | formula | made as | forward | backward | second order | forward mode | dtypes | |\n"
         "|---|---|---|---|---|---|---|---|---|");
}

/* "(x, offset)" of "(ct_tensor *x, int64_t offset)" */
static void print_parameter_names(const char *parameters) {
    for (const char *end = parameters; *end != ')';) {
        end += 1 + strcspn(end + 1, ",)");
        const char *name = end;
        while (isalnum((unsigned char)name[-1]) || name[-1] == '_') name--;
        printf("%s%.*s", *parameters == '(' ? "(" : ", ", (int)(end - name), name);
        parameters = end;
    }
    putchar(')');
}

static void print_function(const function *f) {
    const ct_op *op = find_op(f->name);
    printf("| %s", f->name);
    print_parameter_names(f->parameters);
    putchar(' ');
    print_cell(f->formula);
    print_cell(kinds[f->kind]);
    for (ct_support what = CT_FORWARD; what <= CT_FORWARD_MODE; what++)
        print_cell(!op ? "" : ct_op_supports(op->name, what) ? "yes" : "no");
    print_cell(op ? dtypes_of(op) : "");
    print_cell(f->doc);
    puts("|");
}

static void print_table(void) {
    puts("## The table\n\nComposites support what the operations support that they are composed of.");
    for (size_t i = 0; i < FUNCTION_COUNT; i++)
        (functions[i].kind == FAMILY ? print_family : print_function)(&functions[i]);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    map_lines = read_lines(argv[1], map);
    name_lines = read_lines(argv[2], names);
    for (int i = 3; i < argc && header_count < 16; i++) headers[header_count++] = read_file(argv[i]);
    puts("# Operations\n\nWritten by the build's target `ops_page` from autograd/ops.def and docs/ops.map; not to be edited.\n");
    bool ok = print_names();
    print_table();
    return ok ? 0 : 1;
}
