/* Prints the user's header autograd/ops.h from ops.def. Runs during the build; not a part of the library. */
#include <stdio.h>
#include <string.h>

#define WIDTH 116 /* columns of the header's comments */

typedef enum section { BINARY, UNARY, COMPARISON, KERNEL, SECTION_COUNT } section;

static const char *const titles[SECTION_COUNT] = {
    [BINARY] = "element by element, of two operands",
    [UNARY] = "element by element, of one operand",
    [COMPARISON] = "comparisons: results are bool and have no derivative",
    [KERNEL] = "choosing, reductions, shape, indexing, products, classification",
};

typedef struct row {
    section section;
    const char *name;          /* "ct_mul" */
    const char *formula;       /* "x * y" */
    const char *doc;           /* "Product." */
    const char *parameters;    /* "(ct_tensor *x, ct_tensor *y)" */
    const char *value;         /* elementwise: "x * y" in C; NULL for kernels */
    const char *cotangents[2]; /* elementwise: of x and y, "MUL(g, y)"; NULL where there is none */
} row;

#define ROW(kind, symbol, text, description, ...)                                                                    \
    {.section = kind, .name = #symbol, .formula = text, .doc = description, .parameters = __VA_ARGS__},
#define CT_UNARY(symbol, formula, z, gx, samples, doc)                                                               \
    ROW(UNARY, symbol, formula, doc, "(ct_tensor *x)", .value = #z, .cotangents = {#gx})
#define CT_UNARY_P(symbol, p, valid, formula, z, gx, samples, doc)                                                   \
    ROW(UNARY, symbol, formula, doc, "(ct_tensor *x, double " #p ")", .value = #z, .cotangents = {#gx})
#define CT_UNARY_PQ(symbol, p, q, valid, formula, z, gx, samples, doc)                                               \
    ROW(UNARY, symbol, formula, doc, "(ct_tensor *x, double " #p ", double " #q ")", .value = #z, .cotangents = {#gx})
#define CT_BINARY(symbol, formula, z, gx, gy, samples, doc)                                                          \
    ROW(BINARY, symbol, formula, doc, "(ct_tensor *x, ct_tensor *y)", .value = #z, .cotangents = {#gx, #gy})
#define CT_COMPARE(symbol, formula, z, doc)                                                                          \
    ROW(COMPARISON, symbol, formula, doc, "(ct_tensor *x, ct_tensor *y)", .value = #z)
#define CT_PREDICATE(symbol, formula, z, doc) ROW(COMPARISON, symbol, formula, doc, "(ct_tensor *x)", .value = #z)
#define CT_KERNEL(symbol, formula, parameters, operands, kind, doc) ROW(KERNEL, symbol, formula, doc, #parameters)
static const row rows[] = {
#include "autograd/ops.def"
};

static const char head[] =
    "/* autograd/: every operation. Made from ops.def by ops_header.c, and a part of autograd.h; include that.\n"
    " *\n"
    " * Below, x, y and w are the operands, z is the result and g its cotangent. Elementwise ops say how z is made\n"
    " * (z =) and the cotangents of their operands (gx =, gy =), in words that are ops too: MUL is ct_mul and so on;\n"
    " * C(v) is the constant v, WHERE(c, a, b) is a where c holds and else b, EQ, GT, GE, ISNAN, AND and OR are\n"
    " * conditions, and ZERO is a derivative of 0 wherever there is one. z may also use C's functions, and\n"
    " * limit(x, low, high), the one of the three in the middle.\n"
    " */\n"
    "#ifndef COTANGENT_OPS_H\n"
    "#define COTANGENT_OPS_H\n";

static void print_title(const char *title) {
    printf("\n/* ---- %s ", title);
    for (size_t column = strlen(title) + 9; column < WIDTH; column++) putchar('-');
    printf(" */\n");
}

/* Prints `text` from `column` on, in lines of at most WIDTH columns that go on with " * ". */
static void print_wrapped(const char *text, size_t column) {
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column + word > WIDTH) {
            printf("\n *");
            column = 2;
        }
        printf(" %.*s", (int)word, text);
        column += word + 1;
        text += word;
        text += strspn(text, " ");
    }
}

static void print_rule(const char *name, const char *rule) {
    if (rule) printf("\n *     %-2s = %s", name, rule);
}

static void print_row(const row *r) {
    printf("\n/* %s:", r->formula);
    print_wrapped(r->doc, strlen(r->formula) + 4);
    print_rule("z", r->value);
    print_rule("gx", r->cotangents[0]);
    print_rule("gy", r->cotangents[1]);
    printf(" */\n");
    printf("CT_API ct_tensor *%s_at(const char *at, %s;\n", r->name, r->parameters + 1);
    printf("#define %s(...) %s_at(CT_HERE, __VA_ARGS__)\n", r->name, r->name);
}

int main(void) {
    fputs(head, stdout);
    for (section s = BINARY; s < SECTION_COUNT; s++) {
        print_title(titles[s]);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (rows[i].section == s) print_row(&rows[i]);
    }
    printf("\n#endif\n");
    return fflush(stdout) || ferror(stdout);
}
