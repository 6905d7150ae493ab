/* Prints docs/ops.md: every op with its derivatives, from the table, and PyTorch's names for all of them, from
 * docs/ops.map.
 *
 *   ct_ops_page MAP NAMES HEADER...     NAMES: what a user of PyTorch looks for; HEADER: where composites are declared
 */
#include "autograd/internal.h"

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

static bool declared(const char *name) {
    static const char *const forms[] = {" *%s_at(", " %s_at(", " %s(", "} %s;"}; /* functions, types */
    char text[128];
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
        snprintf(text, sizeof text, forms[form], name);
        for (int i = 0; i < header_count; i++)
            if (strstr(headers[i], text)) return true;
    }
    for (int n = 1; n <= ct_op_count(); n++)
        if (!strcmp(ct_nth_op(n)->name, name)) return true;
    return false;
}

/* False, with a message, when the text of a line of the map names what is not there. */
static bool check_names(const char *torch, const char *text) {
    bool ok = true;
    for (const char *c = strstr(text, "ct_"); c; c = strstr(c + 1, "ct_")) {
        char name[100];
        size_t n = 0;
        if (c > text && (isalnum((unsigned char)c[-1]) || c[-1] == '_')) continue;
        while ((isalnum((unsigned char)c[n]) || c[n] == '_') && n < sizeof name - 1) name[n] = c[n], n++;
        name[n] = '\0';
        if (declared(name)) continue;
        fprintf(stderr, "docs/ops.map: %s: there is no %s\n", torch, name);
        ok = false;
    }
    return ok;
}

/* ---- the page ----------------------------------------------------------------------------------------------- */

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
        char torch[100], text[500], how[40];
        if (sscanf(map[i], "%99[^\t]\t%499[^\t]\t%39[^\t]", torch, text, how) != 3) {
            fprintf(stderr, "docs/ops.map: not three columns: %s\n", map[i]);
            return false;
        }
        ok = check_names(torch, text) && ok;
        print_cell(torch);
        print_cell(text);
        print_cell(how);
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

static void print_table(void) {
    puts("## The table\n\n| | formula | forward | backward | second order | forward mode | dtypes | |\n"
         "|---|---|---|---|---|---|---|---|");
    for (int n = 1; n <= ct_op_count(); n++) {
        const ct_op *op = ct_nth_op(n);
        print_cell(op->name);
        print_cell(op->formula);
        for (ct_support what = CT_FORWARD; what <= CT_FORWARD_MODE; what++)
            print_cell(ct_op_supports(op->name, what) ? "yes" : "no");
        print_cell(dtypes_of(op));
        print_cell(op->doc);
        puts("|");
    }
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
