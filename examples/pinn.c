/* A physics-informed net (M. Raissi, P. Perdikaris, G. Karniadakis, 2019): solves the damped oscillator
 *
 *     u'' + 2 d u' + w^2 u = 0,   u(0) = 1,   u'(0) = 0
 *
 * by a net u(t) whose loss is how far it is from meeting these three. The derivatives by t are ct_grad()'s, and the
 * loss, made of them, is differentiated once more by the weights. */
#include <cotangent/cotangent.h>

#include <math.h>

#define DAMPING 1.0   /* d */
#define FREQUENCY 5.0 /* w */
#define POINTS 64     /* times between 0 and END where the equation is to hold */
#define END 2.0

static ct_module *make_net(void) {
    return ct_sequential(ct_linear(1, 24, .dtype = CT_F64), ct_tanh_layer(), ct_linear(24, 24, .dtype = CT_F64),
                         ct_tanh_layer(), ct_linear(24, 1, .dtype = CT_F64));
}

/* df/dt at each of the times t (n, 1), where entry i of f depends on entry i of t alone: so the gradient of the sum
 * holds every derivative. */
static ct_tensor *derivative(ct_tensor *f, ct_tensor *t) { return ct_grad(ct_sum(f, CT_ALL), t); }

static ct_tensor *loss(void *context) {
    ct_module *net = context;
    double times[POINTS];
    for (int i = 0; i < POINTS; i++) times[i] = END * i / (POINTS - 1);
    ct_tensor *t = ct_requires_grad(ct_from(CT_F64, CT_SHAPE(POINTS, 1), times));
    ct_tensor *u = ct_forward(net, t), *v = derivative(u, t), *a = derivative(v, t);
    ct_tensor *force = ct_add(ct_mul(v, ct_scalar(2 * DAMPING)), ct_mul(u, ct_scalar(FREQUENCY * FREQUENCY)));
    ct_tensor *equation = ct_mean(ct_square(ct_add(a, force)), CT_ALL);
    ct_tensor *start = ct_square(ct_sub(ct_narrow(u, 0, 0, 1), ct_scalar(1)));
    ct_tensor *start_slope = ct_square(ct_narrow(v, 0, 0, 1));
    ct_tensor *beginning = ct_sum(ct_add(ct_mul(start, ct_scalar(100)), start_slope), CT_ALL);
    return ct_add(ct_mul(equation, ct_scalar(0.01)), beginning);
}

static double exact(double t) {
    const double w = sqrt(FREQUENCY * FREQUENCY - DAMPING * DAMPING);
    return exp(-DAMPING * t) * (cos(w * t) + DAMPING / w * sin(w * t));
}

/* Prints the solution beside the exact one; the largest distance goes to *worst. */
static bool show(ct_module *net, double *worst) {
    *worst = 0;
    printf("\n    t     u(t)    exact\n");
    ct_scope s = ct_begin_no_grad();
    for (int i = 0; i <= 10; i++) {
        const double t = END * i / 10, u = ct_item(ct_forward(net, ct_full(CT_F64, CT_SHAPE(1, 1), t)));
        printf("%5.2f %8.4f %8.4f\n", t, u, exact(t));
        *worst = fmax(*worst, fabs(u - exact(t)));
    }
    return ct_end(s);
}

int main(void) {
    ct_seed(1);
    ct_module *net = make_net();
    const ct_lbfgs_options options = {
        .lr = 1, .iterations = 50, .history = 50, .change_tolerance = 1e-15, .strong_wolfe = true};
    ct_optim *lbfgs = ct_lbfgs(ct_parameters(net), &options);
    bool ok = true;
    for (int step = 1; ok && step <= 40; step++) {
        const double value = ct_step_closure(lbfgs, loss, net); /* it looks at the loss about 60 times */
        ok = isfinite(value);
        if (ok && step % 5 == 0) printf("step %2d   loss %.2e\n", step, value);
    }
    double worst;
    ok = ok && show(net, &worst);
    if (ok) printf("largest error %.1e\n", worst);
    else fprintf(stderr, "pinn: %s\n", ct_error());
    ct_optim_free(lbfgs);
    ct_module_free(net);
    return ok ? 0 : 1;
}
