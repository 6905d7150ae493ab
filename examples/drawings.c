/* The drawings of docs/drawing.md: a formula in three stages, gradients that were claimed, a network with its
 * modules, a recurrent one folded, pages to step through, and snapshots of a training.
 *
 * Run it as `drawings [FOLDER]`; the folder must be there already. */
#include <cotangent/cotangent.h>

#include <stdio.h>

static const char *folder = ".";

static const char *in_folder(const char *name) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static ct_tensor *product(double x, const char *x_name, double w, const char *w_name, const char *name) {
    return ct_label(ct_mul(ct_var(x, x_name), ct_var(w, w_name)), name);
}

/* f = (x1 w1 + x2 w2)(x3 w3 + x4 w4), after the products, after the sums, and complete. */
static void draw_stages(void) {
    ct_tensor *p = product(0.7, "x1", -1.5, "w1", "p"), *q = product(0.34, "x2", -0.35, "w2", "q");
    ct_tensor *r = product(0.2, "x3", -0.25, "w3", "r"), *s = product(-0.9, "x4", 0.2, "w4", "s");
    ct_tensor *a = ct_label(ct_add(p, q), "a"), *b = ct_label(ct_add(r, s), "b");
    ct_tensor *f = ct_label(ct_mul(a, b), "f");
    ct_backward(f);
    ct_draw_with(f, in_folder("products.svg"), &(ct_draw_options){.stage = CT_DRAW_FORWARD, .depth = 1});
    ct_draw_with(f, in_folder("sums.svg"), &(ct_draw_options){.stage = CT_DRAW_FORWARD, .depth = 2});
    ct_draw(f, in_folder("complete.svg"));
    ct_draw(f, in_folder("formula.html"));
}

/* A backward pass of tanh(x1 w1 + x2 w2) by hand, with one sign wrong. */
static void draw_claims(void) {
    ct_tensor *p = product(0.7, "x1", -1.5, "w1", "p"), *q = product(0.34, "x2", -0.35, "w2", "q");
    ct_tensor *a = ct_label(ct_add(p, q), "a"), *f = ct_label(ct_tanh(a), "f");
    ct_claim_grad(a, "1 - f*f");
    ct_claim_grad(p, "grad(a)");
    ct_claim_grad(q, "-grad(a)"); /* the mistake */
    ct_claim_grad(ct_operand(q, 0), "grad(q) * w2");
    ct_backward(f);
    ct_verification v = ct_verify(f);
    printf("%s is wrong, %d claims in all\n", v.first ? ct_label_of(v.first->tensor) : "nothing", v.n);
    ct_draw(f, in_folder("claims.svg"));
}

static void draw_recurrent_net(void) {
    ct_tensor *w = ct_requires_grad(ct_label(ct_full(CT_F64, CT_SHAPE(2, 2), 0.5), "W"));
    ct_tensor *h = ct_label(ct_zeros(CT_F64, CT_SHAPE(3, 2)), "h0");
    for (int i = 0; i < 12; i++) {
        ct_group step = ct_begin_group("step");
        ct_tensor *x = ct_normal(CT_F64, CT_SHAPE(3, 2), 0, 1);
        h = ct_tanh(ct_add(ct_matmul(h, w), x));
        ct_end_group(step);
    }
    ct_tensor *loss = ct_label(ct_mean(ct_square(h), CT_ALL), "loss");
    ct_backward(loss);
    ct_draw_with(loss, in_folder("recurrent.svg"), &(ct_draw_options){.fold_above = 20});
}

/* Exclusive or, learned by two layers. */
static bool draw_training(void) {
    static const float inputs[] = {0, 0, 0, 1, 1, 0, 1, 1}, wanted[] = {0, 1, 1, 0};
    ct_module *net = ct_sequential(ct_linear(2, 4), ct_leaky_relu_layer(0.1), ct_linear(4, 1));
    ct_optim *adam = ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 0.05});
    ct_snapshots *film = ct_snapshots_begin(in_folder("training.html"), NULL);
    bool ok = true;
    for (int step = 0; ok && step <= 200; step++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_label(ct_from(CT_F32, CT_SHAPE(4, 2), inputs), "x");
        ct_tensor *y = ct_label(ct_from(CT_F32, CT_SHAPE(4, 1), wanted), "y");
        ct_tensor *loss = ct_label(ct_mse(ct_label(ct_forward(net, x), "output"), y), "loss");
        ct_backward(loss);
        if (step == 0) ct_draw(loss, in_folder("network.svg"));
        if (step == 0) ct_draw(loss, in_folder("network.html"));
        if (step % 10 == 0) ct_snapshot(film, loss, step);
        ct_step(adam);
        ok = ct_end(s);
    }
    ok = ct_snapshots_end(film) && ok;
    ct_optim_free(adam);
    ct_module_free(net);
    return ok;
}

int main(int argc, char **argv) {
    if (argc > 1) folder = argv[1];
    ct_seed(7);
    ct_scope s = ct_begin();
    draw_stages();
    draw_claims();
    draw_recurrent_net();
    bool ok = ct_end(s) && draw_training();
    if (!ok) fprintf(stderr, "%s\n", ct_error());
    return ok || ct_error_status() == CT_ERR_UNAVAILABLE ? 0 : 1; /* built without Graphviz: nothing to draw with */
}
