/* The first program: a formula of eight numbers, its value, its eight derivatives, and a drawing that shows both.
 *
 *     f = (x1 w1 + x2 w2) (x3 w3 + x4 w4)
 *
 * Run it as `scalar_graph [FOLDER]`; the pictures scalar_graph.dot and scalar_graph.svg, and scalar_graph.html, a page
 * to step through both passes, go to the folder, which must be there already, or to the current one. */
#include <cotangent/cotangent.h>

#include <stdio.h>

/* Draws f into FOLDER/scalar_graph with the given ending, and says so. */
static void draw(ct_tensor *f, const char *folder, const char *ending) {
    char path[4096];
    snprintf(path, sizeof path, "%s/scalar_graph%s", folder, ending);
    if (ct_draw(f, path)) {
        printf("wrote %s\n", path);
    } else if (ct_error_status() == CT_ERR_UNAVAILABLE) { /* the library was built without Graphviz */
        printf("%s\n", ct_error());
        ct_error_clear();
    }
}

int main(int argc, char **argv) {
    ct_scope s = ct_begin(); /* whatever is computed from here on is freed by ct_end(s) */

    /* Variables: numbers with a name, by which we want derivatives. */
    ct_tensor *x1 = ct_var(0.70, "x1"), *w1 = ct_var(-1.50, "w1");
    ct_tensor *x2 = ct_var(0.34, "x2"), *w2 = ct_var(-0.35, "w2");
    ct_tensor *x3 = ct_var(0.20, "x3"), *w3 = ct_var(-0.25, "w3");
    ct_tensor *x4 = ct_var(-0.90, "x4"), *w4 = ct_var(0.20, "w4");

    /* The forward pass: every line computes its value at once, and remembers from what. */
    ct_tensor *p = ct_label(ct_mul(x1, w1), "p"), *q = ct_label(ct_mul(x2, w2), "q");
    ct_tensor *r = ct_label(ct_mul(x3, w3), "r"), *t = ct_label(ct_mul(x4, w4), "s");
    ct_tensor *a = ct_label(ct_add(p, q), "a"), *b = ct_label(ct_add(r, t), "b");
    ct_tensor *f = ct_label(ct_mul(a, b), "f");

    /* The backward pass: from df/df = 1 back through f, b, a, ... to the derivative of f by every variable. */
    ct_backward(f);

    const struct {
        const char *formula;
        ct_tensor *node;
    } rows[] = {
        {"", x1},       {"", w1},       {"", x2},       {"", w2},       {"", x3},
        {"", w3},       {"", x4},       {"", w4},       {"= x1 w1", p}, {"= x2 w2", q},
        {"= x3 w3", r}, {"= x4 w4", t}, {"= p + q", a}, {"= r + s", b}, {"= a b", f},
    };
    printf("node            value   df/dnode\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf("%-2s %-9s %9.5f  %9.5f\n", ct_label_of(rows[i].node), rows[i].formula, ct_item(rows[i].node),
               ct_item(ct_gradient(rows[i].node)));

    draw(f, argc > 1 ? argv[1] : ".", ".dot");
    draw(f, argc > 1 ? argv[1] : ".", ".svg");
    draw(f, argc > 1 ? argv[1] : ".", ".html");

    /* Whatever went wrong on the way is told here, once. */
    if (ct_end(s)) return 0;
    fprintf(stderr, "%s\n", ct_error());
    return 1;
}
