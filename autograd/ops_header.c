/* Prints the user's header autograd/ops.h from ops.def. Runs during the build; not a part of the library. */
#include "autograd/functions.inc"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 116 /* columns of the header */

static const char head[] =
    "/* autograd/: every function of tensors. Made from ops.def by ops_header.c, and a part of autograd.h, which is\n"
    " * what to include.\n"
    " *\n"
    " * Below, x, y and w are the operands, z is the result and g its cotangent. Elementwise ops say how z is made\n"
    " * (z =) and the cotangents of their operands (gx =, gy =), in words that are ops too: MUL is ct_mul and so on;\n"
    " * C(v) is the constant v, WHERE(c, a, b) is a where c holds and else b, EQ, GT, GE, ISNAN, AND and OR are\n"
    " * conditions, and ZERO is a derivative of 0 wherever there is one. z may also use C's functions, and\n"
    " * limit(x, low, high), the one of the three in the middle.\n"
    " */\n"
    "#ifndef COTANGENT_OPS_H\n"
    "#define COTANGENT_OPS_H\n";

/* Prints `text` from `column` on. A line that would be longer than WIDTH ends where there is a `gap`, which ends with a
 * blank, and goes on after `margin`. */
static void print_wrapped(const char *text, const char *gap, size_t column, const char *margin) {
    for (bool first = true; *text; first = false) {
        const char *next = strstr(text, gap);
        size_t piece = next ? (size_t)(next - text) + strlen(gap) - 1 : strlen(text);
        if (column + !first + piece > WIDTH) {
            printf("\n%s", margin);
            column = strlen(margin);
            first = true;
        }
        column += (size_t)printf("%s%.*s", first ? "" : " ", (int)piece, text);
        text += piece + (next != NULL);
    }
}

static void print_family(const function *f) {
    printf("\n/* ---- %s ", f->name);
    for (size_t column = strlen(f->name) + 9; column < WIDTH; column++) putchar('-');
    printf(" */\n");
    if (!*f->doc) return;
    printf("/* ");
    print_wrapped(f->doc, " ", 3, " * ");
    printf(" */\n");
}

static void print_rule(const char *name, const char *rule) {
    if (!rule) return;
    int column = printf("\n *     %-2s = ", name) - 1;
    print_wrapped(rule, " ", (size_t)column, " *          ");
}

static void print_function(const function *f) {
    printf("\n/* %s: ", f->formula);
    print_wrapped(f->doc, " ", strlen(f->formula) + 5, " * ");
    print_rule("z", f->value);
    print_rule("gx", f->cotangents[0]);
    print_rule("gy", f->cotangents[1]);
    printf(" */\n");
    const char *gap = f->result[strlen(f->result) - 1] == '*' ? "" : " ";
    int column = printf("CT_API %s%s%s_at(", f->result, gap, f->name);
    char margin[WIDTH + 1], parameters[500];
    snprintf(margin, sizeof margin, "%*s", column, "");
    snprintf(parameters, sizeof parameters, "const char *at, %s;", f->parameters + 1);
    print_wrapped(parameters, ", ", (size_t)column, margin);
    printf("\n#define %1$s(...) %1$s_at(CT_PLACE(\"%1$s: \"), __VA_ARGS__)\n", f->name);
}

int main(void) {
    fputs(head, stdout);
    for (size_t i = 0; i < FUNCTION_COUNT; i++)
        (functions[i].kind == FAMILY ? print_family : print_function)(&functions[i]);
    printf("\n#endif\n");
    return fflush(stdout) || ferror(stdout);
}
