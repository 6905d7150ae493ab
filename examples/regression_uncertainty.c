/* Regression that knows what it does not know: the net says a mean and a variance for each x, and learns both from
 * samples alone, by the likelihood of a normal distribution. Here y = sin 3x with noise that grows with x. */
#include <cotangent/cotangent.h>

#include <math.h>

#define SAMPLES 512
#define STEPS 2000

/* What the net gives for x (n, 1). */
typedef struct prediction {
    ct_tensor *mean, *variance; /* (n, 1) */
} prediction;

static prediction predict(ct_module *net, ct_tensor *x) {
    ct_tensor *both = ct_forward(net, x); /* (n, 2): the mean, and the logarithm of the variance */
    return (prediction){.mean = ct_narrow(both, 1, 0, 1), .variance = ct_exp(ct_narrow(both, 1, 1, 1))};
}

static double noise_at(double x) { return 0.05 + 0.15 * (x + 1); }

/* One step on samples drawn anew. */
static bool step(ct_module *net, ct_optim *adam, double *loss) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_uniform(CT_F64, CT_SHAPE(SAMPLES, 1), -1, 1);
    ct_tensor *noise = ct_normal(CT_F64, CT_SHAPE(SAMPLES, 1), 0, 1);
    ct_tensor *deviation = ct_add(ct_mul(x, ct_scalar(0.15)), ct_scalar(0.2));
    ct_tensor *y = ct_add(ct_sin(ct_mul(x, ct_scalar(3))), ct_mul(deviation, noise));
    prediction p = predict(net, x);
    ct_tensor *f = ct_gaussian_nll(p.mean, y, p.variance);
    ct_backward(f);
    ct_step(adam);
    *loss = ct_item(f);
    return ct_end(s);
}

static bool show(ct_module *net) {
    printf("\n    x   sin 3x    mean   noise   predicted\n");
    ct_scope s = ct_begin_no_grad();
    for (double x = -1; x <= 1.01; x += 0.25) {
        prediction p = predict(net, ct_full(CT_F64, CT_SHAPE(1, 1), x));
        printf("%5.2f  %7.3f %7.3f %7.3f     %7.3f\n", x, sin(3 * x), ct_item(p.mean), noise_at(x),
               sqrt(ct_item(p.variance)));
    }
    return ct_end(s);
}

int main(void) {
    ct_seed(1);
    ct_module *net = ct_sequential(ct_linear(1, 32, .dtype = CT_F64), ct_tanh_layer(),
                                   ct_linear(32, 32, .dtype = CT_F64), ct_tanh_layer(),
                                   ct_linear(32, 2, .dtype = CT_F64));
    ct_optim *adam = ct_adam(ct_parameters(net), &(ct_adam_options){.lr = 1e-2});
    ct_schedule *schedule = ct_cosine_schedule(adam, &(ct_cosine_schedule_options){.steps = STEPS});

    bool ok = true;
    for (int i = 0; ok && i < STEPS; i++) {
        double loss;
        ok = step(net, adam, &loss) && ct_schedule_step(schedule);
        if (ok && (i + 1) % 500 == 0) printf("step %4d   loss %7.4f\n", i + 1, loss);
    }
    ok = ok && show(net);
    if (!ok) fprintf(stderr, "regression_uncertainty: %s\n", ct_error());
    ct_schedule_free(schedule);
    ct_optim_free(adam);
    ct_module_free(net);
    return ok ? 0 : 1;
}
