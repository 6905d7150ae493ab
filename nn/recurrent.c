/* Recurrent layers: LSTM and GRU. Inside, time is the first axis, so that the x of one time is an alias. */
#include "nn/internal.h"

#include <inttypes.h>
#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- one time ----------------------------------------------------------------------------------------------- */

/* h and c (n, hidden); the latter is the LSTM's. */
typedef struct cell_state {
    ct_tensor *h, *c;
} cell_state;

/* Gate k of g (n, gates * hidden). */
static ct_tensor *gate(const char *at, ct_tensor *g, int k, const ct_tensor *h) {
    return ct_narrow(g, 1, k * ct_dims_of(h)[1], ct_dims_of(h)[1]);
}

/* x and v (n, gates * hidden): what the gates get from x and from h. */
static cell_state lstm_cell(const char *at, ct_tensor *x, ct_tensor *v, cell_state s) {
    ct_tensor *g = ct_add(x, v);
    ct_tensor *in = ct_sigmoid(gate(at, g, 0, s.h)), *forget = ct_sigmoid(gate(at, g, 1, s.h));
    ct_tensor *new = ct_tanh(gate(at, g, 2, s.h)), *out = ct_sigmoid(gate(at, g, 3, s.h));
    ct_tensor *c = ct_add(ct_mul(forget, s.c), ct_mul(in, new));
    return (cell_state){.h = ct_mul(out, ct_tanh(c)), .c = c};
}

static cell_state gru_cell(const char *at, ct_tensor *x, ct_tensor *v, cell_state s) {
    ct_tensor *reset = ct_sigmoid(ct_add(gate(at, x, 0, s.h), gate(at, v, 0, s.h)));
    ct_tensor *keep = ct_sigmoid(ct_add(gate(at, x, 1, s.h), gate(at, v, 1, s.h)));
    ct_tensor *new = ct_tanh(ct_add(gate(at, x, 2, s.h), ct_mul(reset, gate(at, v, 2, s.h))));
    return (cell_state){.h = ct_add(new, ct_mul(keep, ct_sub(s.h, new)))};
}

/* ---- all times ---------------------------------------------------------------------------------------------- */

typedef struct recurrent {
    ct_recurrent_options options; /* presets filled in */
    int gates;
    cell_state (*cell)(const char *at, ct_tensor *x, ct_tensor *v, cell_state s);
} recurrent;

enum { WEIGHT_IH, WEIGHT_HH, BIAS_IH, BIAS_HH, N_TENSORS }; /* of each run */

/* What run number `run` begins with: that entry of `all`, or zeros. */
static ct_tensor *first(const char *at, ct_tensor *all, int64_t run, ct_tensor *x, int64_t hidden) {
    return all ? ct_select(all, 0, run) : ct_zeros((ct_dtype)x->dtype, CT_SHAPE(ct_dims_of(x)[1], hidden));
}

/* Run number `run` over x (time, n, ...), which may go backwards; the h of all times (time, n, hidden). */
static ct_tensor *run_through(const char *at, ct_module *m, int run, bool backwards, ct_tensor *x, cell_state *s) {
    const recurrent *r = ct_module_data(m);
    ct_tensor *part[N_TENSORS];
    for (int k = 0; k < N_TENSORS; k++) part[k] = ct_own_tensor(m, run * N_TENSORS + k);
    const int64_t times = ct_dims_of(x)[0];
    ct_tensor *gates = ct_affine(x, part[WEIGHT_IH], part[BIAS_IH]);
    ct_tensor **h = ct_scope_array(ct_this.depth, (size_t)times, sizeof *h);
    if (!h) return ct_raise_memory(m->kind->name, at, (size_t)times), NULL;
    for (int64_t i = 0; i < times; i++) {
        const int64_t t = backwards ? times - 1 - i : i;
        if (!s->h) return NULL;
        *s = r->cell(at, ct_select(gates, 0, t), ct_affine(s->h, part[WEIGHT_HH], part[BIAS_HH]), *s);
        h[t] = s->h;
    }
    return ct_stack(((ct_list){.n = (int)times, .items = h}), 0);
}

static bool valid_input(const char *at, const ct_module *m, const ct_tensor *x) {
    char text[CT_DESCRIPTION];
    const recurrent *r = ct_module_data(m);
    if (!ct_usable(m->kind->name, at, x, 0)) return false;
    if (x->ndim == 3 && ct_dims_of(x)[1] > 0 && ct_dims_of(x)[1] < INT32_MAX && ct_dims_of(x)[2] == r->options.in)
        return true;
    return ct_raise(CT_ERR_SHAPE, m->kind->name, at, "%s is not (n, time, %" PRId64 ")", ct_describe(x, text),
                    r->options.in),
           false;
}

/* A state to begin with, NULL for zeros, is (runs, n, hidden), x being (n, time, in). */
static bool valid_state(const char *at, const ct_module *m, const ct_tensor *t, const ct_tensor *x, int runs) {
    const recurrent *r = ct_module_data(m);
    const ct_shape wanted = CT_SHAPE(runs, ct_dims_of(x)[0], r->options.hidden);
    char text[CT_DESCRIPTION], need[CT_DESCRIPTION];
    if (!t) return true;
    if (!ct_usable(m->kind->name, at, t, 1)) return false;
    const ct_shape shape = ct_shape_of(t);
    if (ct_shape_equal(&shape, &wanted)) return true;
    return ct_raise(CT_ERR_SHAPE, m->kind->name, at, "the state %s is not %s", ct_describe(t, text),
                    ct_describe_shape(&wanted, need)),
           false;
}

static ct_tensor *recurrent_forward(const char *at, ct_module *m, ct_tensor *x, void *more) {
    const recurrent *r = ct_module_data(m);
    const ct_recurrent_options *o = &r->options;
    ct_recurrent_state *given = more;
    const int directions = o->bidirectional ? 2 : 1, runs = directions * (int)o->layers;
    if (!valid_input(at, m, x)) return NULL;
    if (given && !valid_state(at, m, given->h, x, runs)) return NULL;
    if (given && r->cell == lstm_cell && !valid_state(at, m, given->c, x, runs)) return NULL;
    if (!(x = ct_transpose(x, 0, 1))) return NULL;
    ct_tensor **h = ct_scope_array(ct_this.depth, 2 * (size_t)runs, sizeof *h);
    if (!h) return ct_raise_memory(m->kind->name, at, (size_t)runs), NULL;
    ct_tensor **c = h + runs;
    for (int run = 0; x && run < runs; run += directions) {
        ct_tensor *y[2];
        for (int k = 0; k < directions; k++) {
            cell_state s = {.h = first(at, given ? given->h : NULL, run + k, x, o->hidden)};
            if (r->cell == lstm_cell) s.c = first(at, given ? given->c : NULL, run + k, x, o->hidden);
            y[k] = run_through(at, m, run + k, k == 1, x, &s);
            h[run + k] = s.h;
            c[run + k] = s.c;
        }
        x = directions == 2 ? ct_concat(CT_LIST(y[0], y[1]), -1) : y[0];
        if (m->training && o->dropout > 0 && run + directions < runs) x = ct_dropout(x, o->dropout);
    }
    if (given) given->h = ct_stack(((ct_list){.n = runs, .items = h}), 0);
    if (given && r->cell == lstm_cell) given->c = ct_stack(((ct_list){.n = runs, .items = c}), 0);
    return ct_transpose(x, 0, 1);
}

/* ---- constructors ------------------------------------------------------------------------------------------- */

static void describe(const ct_module *m, char *text, size_t size) {
    const recurrent *r = ct_module_data(m);
    snprintf(text, size, "%s(%" PRId64 " x %" PRId64 "%s)", m->kind->name + sizeof "ct_" - 1, r->options.layers,
             r->options.hidden, r->options.bidirectional ? ", both ways" : "");
}

static const ct_module_kind lstm = {
    .name = "ct_lstm", .size = sizeof(recurrent), .forward_with = recurrent_forward, .describe = describe};
static const ct_module_kind gru = {
    .name = "ct_gru", .size = sizeof(recurrent), .forward_with = recurrent_forward, .describe = describe};

static void add_run(const char *at, ct_module *m, const recurrent *r, int64_t layer, bool backwards) {
    const ct_recurrent_options *o = &r->options;
    const int64_t in = layer == 0 ? o->in : o->hidden * (o->bidirectional ? 2 : 1), rows = r->gates * o->hidden;
    const double limit = 1 / sqrt((double)o->hidden);
    const ct_shape shapes[N_TENSORS] = {CT_SHAPE(rows, in), CT_SHAPE(rows, o->hidden), CT_SHAPE(rows), CT_SHAPE(rows)};
    static const char *const names[N_TENSORS] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
    for (int k = 0; k < N_TENSORS; k++) {
        char name[64];
        snprintf(name, sizeof name, "%s_l%" PRId64 "%s", names[k], layer, backwards ? "_reverse" : "");
        ct_init_parameter(ct_add_parameter(m, name, o->dtype, shapes[k]), ct_init_uniform(-limit, limit));
    }
}

static ct_module *new_recurrent(const char *at, const ct_module_kind *kind, recurrent r) {
    ct_recurrent_options *o = &r.options;
    if (!o->layers) o->layers = 1;
    if (!o->dtype) o->dtype = CT_F32;
    if (!ct_valid_sizes(kind->name, at, o->in, o->hidden)) return NULL;
    if (o->layers < 1 || o->layers > INT16_MAX || o->hidden > INT32_MAX)
        return ct_raise(CT_ERR_ARGUMENT, kind->name, at, "%" PRId64 " layers of %" PRId64, o->layers, o->hidden), NULL;
    if (!ct_take_option(kind->name, at, "dropout", &o->dropout, 0, 0, 1)) return NULL;
    ct_module *m = ct_module_new(kind);
    for (int64_t layer = 0; layer < o->layers; layer++) {
        add_run(at, m, &r, layer, false);
        if (o->bidirectional) add_run(at, m, &r, layer, true);
    }
    if (m) *(recurrent *)ct_module_data(m) = r;
    return ct_module_finish(m);
}

ct_module *ct_lstm_at(const char *at, ct_recurrent_options o) {
    return new_recurrent(at, &lstm, (recurrent){.options = o, .gates = 4, .cell = lstm_cell});
}

ct_module *ct_gru_at(const char *at, ct_recurrent_options o) {
    return new_recurrent(at, &gru, (recurrent){.options = o, .gates = 3, .cell = gru_cell});
}
