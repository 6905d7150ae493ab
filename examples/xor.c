/* Learns XOR, which no straight line separates: a net of two inputs, four hidden units and one output. */
#include <cotangent/cotangent.h>

int main(void) {
    const double inputs[] = {0, 0, 0, 1, 1, 0, 1, 1}, targets[] = {0, 1, 1, 0};
    ct_seed(1);
    ct_module *net =
        ct_sequential(ct_linear(2, 4, .dtype = CT_F64), ct_tanh_layer(), ct_linear(4, 1, .dtype = CT_F64));
    ct_optim *adam = ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 0.05});

    bool ok = true;
    for (int step = 0; ok && step <= 400; step++) {
        ct_scope s = ct_begin(); /* what is computed from here on dies at ct_end() */
        ct_tensor *x = ct_from(CT_F64, CT_SHAPE(4, 2), inputs), *y = ct_from(CT_F64, CT_SHAPE(4, 1), targets);
        ct_tensor *logits = ct_forward(net, x);
        ct_tensor *loss = ct_bce_with_logits(logits, y);
        ct_backward(loss);
        ct_step(adam);
        if (step % 100 == 0) printf("step %3d   loss %.4f\n", step, ct_item(loss));
        for (int i = 0; step == 400 && i < 4; i++)
            printf("%g xor %g = %.3f\n", inputs[2 * i], inputs[2 * i + 1], ct_get(ct_sigmoid(logits), CT_SHAPE(i, 0)));
        ok = ct_end(s); /* false if anything went wrong above */
    }
    if (!ok) fprintf(stderr, "xor: %s\n", ct_error());
    ct_optim_free(adam);
    ct_module_free(net);
    return ok ? 0 : 1;
}
