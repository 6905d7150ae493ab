/* Three answers for each element of the inputs, and a verdict. With random factors v the objective is
 * phi = sum v_j f_j(x); reverse mode gives its whole gradient in one pass, forward mode one element's part by the
 * tangent that is one there, and differences the slope of phi by the element. */
#include "inspect/verify/answers.h"
#include "inspect/internal.h"
#include "tensor/checked.h"

#include <float.h>
#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define REPEATS 3            /* evaluations at one point that must give the same */
#define ASIDE 0x1p-9         /* of an element's magnitude, twice that at the most, to a point beside */
#define SEED 0x636f74616e67u /* of the factors: a check gives the same result each time */

typedef struct check {
    ct_objective objective;
    bool (*differentiate)(struct check *c); /* evaluates, and fills what the modes say */
    const char *at;
    ct_function f;
    ct_hand_value value;
    ct_hand_gradient gradient;
    void *context;
    ct_list inputs;
    ct_gradcheck_options options;
    ct_tensor **leaf; /* of the running evaluation */
    double **x;       /* copies of the inputs, stepped */
    ct_answers **answers; /* by input and element */
    ct_shape shape;   /* of f's result */
    int64_t n;        /* its elements */
    double *factor;   /* v */
    double swallow;   /* as of ct_answers */
    ct_random_state random;
    ct_gradcheck_result result;
} check;

/* Memory until the check ends. */
static void *allocate(const check *c, int depth, int64_t n, size_t item) {
    size_t bytes;
    void *memory = ct_checked_mul(n > 0 ? (size_t)n : 0, item, &bytes) ? ct_scope_alloc(depth, bytes) : NULL;
    if (!memory) return ct_raise(CT_ERR_MEMORY, "ct_gradcheck", c->at, "out of memory for the differences"), NULL;
    return memset(memory, 0, bytes);
}

/* ---- the objective of a function of tensors --------------------------------------------------------------------- */

static ct_tensor *call(check *c) {
    const char *at = c->at;
    ct_random_restore(c->random);
    for (int i = 0; i < c->inputs.n; i++) {
        c->leaf[i] = ct_requires_grad(ct_wrap(CT_F64, ct_shape_of(c->inputs.items[i]), c->x[i]));
        if (!c->leaf[i]) return NULL;
    }
    return c->f(c->leaf, c->context);
}

/* Of the first result: its shape, and factors whose absolute values are in [0.5, 1.5), exact in float32 too. */
static bool choose_factors(check *c, const ct_tensor *y) {
    c->shape = ct_shape_of(y);
    c->n = ct_size_of(y);
    c->factor = allocate(c, ct_this.depth - 1, c->n, sizeof *c->factor);
    if (!c->factor) return false;
    ct_fill_uniform(CT_F64, c->factor, c->n, c->options.seed ? c->options.seed : SEED, 0, -1, 1);
    for (int64_t j = 0; j < c->n; j++) c->factor[j] = (double)(float)(c->factor[j] + copysign(0.5, c->factor[j]));
    return true;
}

static bool usable(check *c, const ct_tensor *y) {
    char text[CT_DESCRIPTION];
    if (!y) return ct_raise_null("ct_gradcheck", c->at, 0), false;
    ct_shape shape = ct_shape_of(y);
    if (!ct_is_float((ct_dtype)y->dtype))
        ct_raise(CT_ERR_DTYPE, "ct_gradcheck", c->at, "the result %s is not floating", ct_describe(y, text));
    else if (c->factor && !ct_shape_equal(&shape, &c->shape))
        ct_raise(CT_ERR_SHAPE, "ct_gradcheck", c->at, "the result %s changes its shape", ct_describe(y, text));
    else return c->factor || choose_factors(c, y);
    return false;
}

static bool add_terms(check *c, const ct_tensor *y) {
    if (!usable(c, y)) return false;
    double magnitude = 0;
    c->objective.phi = 0;
    for (int64_t j = 0; j < c->n; j++) {
        double term = c->factor[j] * ct_read_element((ct_dtype)y->dtype, y->data, j);
        c->objective.phi += term;
        magnitude += fabs(term);
    }
    c->objective.magnitude = fmax(c->objective.magnitude, magnitude);
    return true;
}

static bool evaluate(ct_objective *objective) {
    check *c = (check *)objective; /* its first member */
    ct_scope s = ct_begin();
    bool ok = add_terms(c, call(c));
    return ct_end(s) && ok;
}

/* ---- what the modes say ----------------------------------------------------------------------------------------- */

static bool ask_reverse(check *c, ct_tensor *y) {
    const char *at = c->at;
    if (!ct_needs_gradient(y)) return true;
    if (!ct_backward_from(y, ct_cast(ct_wrap(CT_F64, c->shape, c->factor), ct_dtype_of(y)))) return false;
    for (int i = 0; i < c->inputs.n; i++) {
        const double *gradient = ct_has_gradient(c->leaf[i]) ? c->leaf[i]->grad : NULL;
        for (int64_t e = 0; gradient && e < ct_size_of(c->leaf[i]); e++) c->answers[i][e].computed = gradient[e];
    }
    return true;
}

/* One element's tangent through the graph of y. */
static bool ask_forward_by(check *c, ct_tensor *y, int input, int64_t e) {
    const char *at = c->at;
    ct_tensor *x = c->leaf[input];
    ct_scope s = ct_begin();
    ct_tensor *unit = ct_full_like(at, x, 0);
    if (unit) ct_write_element(CT_F64, unit->data, e, 1);
    const ct_tensor *tangent = unit ? ct_jvp(y, x, unit) : NULL;
    double sum = 0;
    for (int64_t j = 0; tangent && j < c->n; j++)
        sum += c->factor[j] * ct_read_element((ct_dtype)tangent->dtype, tangent->data, j);
    c->answers[input][e].forward = sum;
    c->answers[input][e].forward_asked = true;
    return ct_end(s) && tangent;
}

static bool ask_forward(check *c, ct_tensor *y) {
    for (int i = 0; i < c->inputs.n; i++)
        for (int64_t e = 0; e < ct_size_of(c->leaf[i]); e++)
            if (!ask_forward_by(c, y, i, e)) return false;
    return true;
}

/* The last place of the largest number that was computed in this scope. */
static double last_place(void) {
    double most = 0;
    for (const ct_tensor *t = ct_this.newest; t && t->depth == ct_this.depth; t = t->prev) {
        if (!ct_is_float((ct_dtype)t->dtype)) continue;
        double eps = t->dtype == CT_F32 ? FLT_EPSILON : DBL_EPSILON;
        for (int64_t e = 0; e < ct_size_of(t); e++) {
            double size = eps * fabs(ct_read_element((ct_dtype)t->dtype, t->data, e));
            if (isfinite(size) && size > most) most = size;
        }
    }
    return most;
}

static bool differentiate(check *c) {
    ct_scope s = ct_begin();
    ct_tensor *y = call(c);
    c->swallow = last_place();
    bool ok = add_terms(c, y) && ask_reverse(c, y) && (c->options.reverse_only || ask_forward(c, y));
    return ct_end(s) && ok;
}

/* ---- a function of plain arrays --------------------------------------------------------------------------------- */

static bool evaluate_by_hand(ct_objective *objective) {
    check *c = (check *)objective;
    objective->phi = c->value((const double *const *)c->x, c->context);
    objective->magnitude = fmax(objective->magnitude, fabs(objective->phi));
    return true;
}

static bool differentiate_by_hand(check *c) {
    double **dx = allocate(c, ct_this.depth, c->inputs.n, sizeof *dx);
    for (int i = 0; dx && i < c->inputs.n; i++)
        if (!(dx[i] = allocate(c, ct_this.depth, ct_size_of(c->inputs.items[i]), sizeof *dx[i]))) return false;
    if (!dx) return false;
    c->gradient((const double *const *)c->x, dx, c->context);
    for (int i = 0; i < c->inputs.n; i++)
        for (int64_t e = 0; e < ct_size_of(c->inputs.items[i]); e++) {
            c->answers[i][e].computed = dx[i][e];
        }
    return evaluate_by_hand(&c->objective);
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static bool copy_inputs(check *c) {
    char text[CT_DESCRIPTION];
    if (c->inputs.n < 0)
        return ct_raise(CT_ERR_ARGUMENT, "ct_gradcheck", c->at, "a list of %d inputs", c->inputs.n), false;
    c->leaf = allocate(c, ct_this.depth, c->inputs.n, sizeof *c->leaf);
    c->x = allocate(c, ct_this.depth, c->inputs.n, sizeof *c->x);
    if (!c->leaf || !c->x) return false;
    for (int i = 0; i < c->inputs.n; i++) {
        const ct_tensor *x = c->inputs.items ? c->inputs.items[i] : NULL;
        if (!ct_usable("ct_gradcheck", c->at, x, i)) return false;
        if (x->dtype != CT_F64) {
            ct_raise(CT_ERR_DTYPE, "ct_gradcheck", c->at, "input %d, %s, is not f64", i + 1, ct_describe(x, text));
            return false;
        }
        c->x[i] = allocate(c, ct_this.depth, ct_size_of(x), sizeof *c->x[i]);
        if (!c->x[i]) return false;
        memcpy(c->x[i], x->data, ct_bytes_of(x));
    }
    return true;
}

static bool allocate_answers(check *c) {
    c->answers = allocate(c, ct_this.depth, c->inputs.n, sizeof *c->answers);
    for (int i = 0; c->answers && i < c->inputs.n; i++) {
        c->answers[i] = allocate(c, ct_this.depth, ct_size_of(c->inputs.items[i]), sizeof *c->answers[i]);
        if (!c->answers[i]) return false;
    }
    return c->answers != NULL;
}

/* Whether the function gives the same again and again; `phi` is what it gave. */
static bool repeats(check *c, double phi, bool *same) {
    *same = true;
    for (int i = 0; i < REPEATS && *same; i++) {
        if (!c->objective.evaluate(&c->objective)) return false;
        *same = c->objective.phi == phi || (isnan(c->objective.phi) && isnan(phi));
    }
    return true;
}

static bool find_slopes(check *c, double phi) {
    for (int i = 0; i < c->inputs.n; i++) {
        double *x = c->x[i], largest = 0;
        int64_t n = ct_size_of(c->inputs.items[i]);
        for (int64_t e = 0; e < n; e++) largest = fmax(largest, fabs(x[e]));
        for (int64_t e = 0; e < n; e++) {
            c->answers[i][e].x = x[e];
            c->answers[i][e].phi = phi;
            c->answers[i][e].swallow = c->swallow;
            if (!ct_find_slope(&c->objective, &x[e], largest, phi, &c->answers[i][e].slope)) return false;
        }
    }
    return true;
}

/* Everything about the point at which c->x is; *same tells whether the function gave the same each time. */
static bool examine(check *c, bool *same) {
    *same = false;
    if (!c->differentiate(c)) return false;
    double phi = c->objective.phi;
    if (!repeats(c, phi, same)) return false;
    if (*same && (!find_slopes(c, phi) || !repeats(c, phi, same))) return false;
    for (int i = 0; i < c->inputs.n; i++) ct_judge(c->answers[i], ct_size_of(c->inputs.items[i]), i);
    return true;
}

static bool any_failure(const check *c) {
    for (int i = 0; i < c->inputs.n; i++)
        for (int64_t e = 0; e < ct_size_of(c->inputs.items[i]); e++)
            if (c->answers[i][e].result.verdict == CT_FAIL) return true;
    return false;
}

/* Moves each element a little, by a part of its own magnitude lest it leaves the function's domain. */
static bool step_aside(check *c) {
    for (int i = 0; i < c->inputs.n; i++) {
        int64_t n = ct_size_of(c->inputs.items[i]);
        double *u = allocate(c, ct_this.depth, n, sizeof *u), largest = 0;
        if (!u) return false;
        ct_fill_uniform(CT_F64, u, n, SEED, (uint64_t)i + 1, -1, 1);
        for (int64_t e = 0; e < n; e++) largest = fmax(largest, fabs(c->x[i][e]));
        for (int64_t e = 0; e < n; e++) {
            double unit = c->x[i][e] != 0 ? fabs(c->x[i][e]) : largest > 0 ? largest : 1;
            c->x[i][e] += ASIDE * (u[e] + copysign(1, u[e])) * unit;
        }
    }
    return true;
}

/* The failures' second chance. */
static bool examine_beside(check *c) {
    ct_answers **here = c->answers;
    bool same;
    if (!step_aside(c) || !allocate_answers(c)) return false;
    ct_answers **beside = c->answers;
    bool ok = examine(c, &same);
    c->answers = here;
    for (int i = 0; ok && same && i < c->inputs.n; i++)
        ct_judge_again(here[i], beside[i], ct_size_of(c->inputs.items[i]));
    return ok;
}

static void summarise(check *c) {
    for (int i = 0; i < c->inputs.n; i++)
        for (int64_t e = 0; e < ct_size_of(c->inputs.items[i]); e++) {
            ct_gradcheck_result r = c->answers[i][e].result;
            r.compared = c->result.compared + 1;
            bool worse = c->result.index < 0 || ct_judge_weight(&r) > ct_judge_weight(&c->result);
            if (worse) c->result = r;
            c->result.compared = r.compared;
        }
}

static bool compare(check *c) {
    bool same;
    if (!copy_inputs(c) || !allocate_answers(c) || !examine(c, &same)) return false;
    if (!same) {
        c->result.reason = "the function does not give the same result each time";
        return true;
    }
    if (any_failure(c) && !examine_beside(c)) return false;
    summarise(c);
    return true;
}

static ct_gradcheck_result run(check *c, bool given) {
    const ct_gradcheck_result nothing = {.forward = NAN, .index = -1, .reason = "there is no element to compare"};
    c->result = nothing;
    c->random = ct_random();
    ct_scope s = ct_begin();
    if (!given) ct_raise(CT_ERR_NULL, "ct_gradcheck", c->at, "the function is NULL");
    bool ok = given && compare(c);
    ct_random_restore(c->random);
    if (ct_end(s) && ok) return c->result;
    c->result = nothing;
    c->result.reason = "the comparison could not be made; see ct_error()";
    return c->result;
}

ct_gradcheck_result ct_gradcheck_at(const char *at, ct_function f, void *context, ct_list inputs,
                                    const ct_gradcheck_options *options) {
    check c = {.objective = {.evaluate = evaluate},
               .differentiate = differentiate,
               .at = at,
               .f = f,
               .context = context,
               .inputs = inputs,
               .options = options ? *options : (ct_gradcheck_options){0}};
    return run(&c, f != NULL);
}

ct_gradcheck_result ct_gradcheck_hand_at(const char *at, ct_hand_value value, ct_hand_gradient gradient, void *context,
                                         ct_list inputs) {
    check c = {.objective = {.evaluate = evaluate_by_hand},
               .differentiate = differentiate_by_hand,
               .at = at,
               .value = value,
               .gradient = gradient,
               .context = context,
               .inputs = inputs};
    return run(&c, value && gradient);
}
