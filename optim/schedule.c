/* Schedules: the rows of schedules.def made into constructors, and their steps. */
#include "optim/internal.h"

#include <math.h>

typedef enum schedule_id {
#define CT_SCHEDULE(symbol, ...) SCHEDULE_##symbol,
#include "optim/schedules.def"
#undef CT_SCHEDULE
} schedule_id;

typedef union schedule_options {
#define CT_SCHEDULE(symbol, ...) symbol##_options symbol;
#include "optim/schedules.def"
#undef CT_SCHEDULE
} schedule_options;

enum { BEST, BAD_STEPS, COOLING_STEPS, REDUCTIONS, N_PROGRESS };

struct ct_schedule {
    schedule_id id;
    const char *name;         /* "ct_cosine_schedule" */
    schedule_options options; /* presets filled in */
    ct_optim *opt;            /* whose rates it sets */
    ct_schedule *then;        /* owned; NULL when there is none */
    bool owned;               /* another schedule's `then` */
    ct_state state;
    ct_tensor *steps;    /* 0-d i64 */
    ct_tensor *base;     /* (groups) f64 */
    ct_tensor *progress; /* (N_PROGRESS) f64, of ct_plateau_schedule() only */
};

/* ---- closed forms ------------------------------------------------------------------------------------------- */

static double rate_at(const ct_schedule *s, double base, double t);

static double passed(const ct_multi_step_schedule_options *o, double t) {
    int n = 0;
    for (int i = 0; i < CT_MAX_MILESTONES && o->milestones[i]; i++) n += (double)o->milestones[i] <= t;
    return n;
}

/* From one value to another as half a cosine, `part` of the way. */
static double between(double from, double to, double part) {
    return to + (from - to) * (1 + cos(3.14159265358979323846 * part)) / 2;
}

static double warm_up(const ct_warmup_schedule_options *o, double base, double t) {
    const double steps = (double)o->steps;
    if (t < steps) return base * (o->start + (1 - o->start) * t / steps);
    return o->then ? rate_at(o->then, base, t - steps) : base;
}

static double one_cycle(const ct_one_cycle_schedule_options *o, double base, double t) {
    const double last = (double)o->steps - 1, top = o->rising * (double)o->steps - 1, first = base / o->division;
    if (t < top) return between(first, base, t / top);
    return between(base, first / o->final_division, (fmin(t, last) - top) / (last - top));
}

static double reductions(const ct_schedule *s) { return ((const double *)s->progress->data)[REDUCTIONS]; }

static double rate_at(const ct_schedule *s, double base, double t) {
    switch (s->id) {
#define CT_SCHEDULE(symbol, options_, rate)                                                                          \
    case SCHEDULE_##symbol: {                                                                                        \
        const symbol##_options *o = &s->options.symbol;                                                              \
        return rate;                                                                                                 \
    }
#include "optim/schedules.def"
#undef CT_SCHEDULE
    }
    return base;
}

static void set_rates(const ct_schedule *s) {
    const double *base = s->base->data;
    for (int i = 0; i < ct_size_of(s->base); i++)
        s->opt->groups[i].lr->item.f64 = rate_at(s, base[i], (double)s->steps->item.i64);
}

/* ---- constructors ------------------------------------------------------------------------------------------- */

void ct_schedule_free(ct_schedule *s) {
    if (!s || s->owned) return;
    if (s->then) {
        s->then->owned = false;
        ct_schedule_free(s->then);
    }
    ct_state_free(&s->state);
    ct_dealloc(s, sizeof *s);
}

static bool make_state(const char *at, ct_schedule *s) {
    const int n = s->opt->n_groups;
    if (!(s->steps = ct_state_add(s->name, at, &s->state, "t", -1, CT_I64, CT_SCALAR, 0)) ||
        !(s->base = ct_state_add(s->name, at, &s->state, "base", -1, CT_F64, CT_SHAPE(n), 0)))
        return false;
    const double *known = s->then ? s->then->base->data : NULL; /* `then` has set rates of its own since it was made */
    for (int i = 0; i < n; i++) {
        bool first = !known || i >= ct_size_of(s->then->base);
        ct_write_element(CT_F64, s->base->data, i, first ? ct_optim_group_lr(&s->opt->groups[i]) : known[i]);
    }
    if (s->id != SCHEDULE_ct_plateau_schedule) return true;
    s->progress = ct_state_add(s->name, at, &s->state, "progress", -1, CT_F64, CT_SHAPE(N_PROGRESS), 0);
    if (s->progress) ct_write_element(CT_F64, s->progress->data, BEST, INFINITY);
    return s->progress != NULL;
}

/* head.then has been taken over, and is freed on failure. */
static ct_schedule *new_schedule(const char *at, const ct_schedule *head, bool valid) {
    ct_schedule *s = NULL;
    if (valid && !head->opt) ct_raise_null(head->name, at, 0);
    else if (valid && !(s = ct_alloc(sizeof *s))) ct_raise_memory(head->name, at, sizeof *s);
    if (!s) return ct_schedule_free(head->then), NULL;
    *s = *head;
    if (s->then) s->then->owned = true;
    if (make_state(at, s)) return set_rates(s), s;
    ct_schedule_free(s);
    return NULL;
}

/* The schedule that options name as the next one. */
static ct_schedule *next_of(schedule_id id, const schedule_options *o) {
    return id == SCHEDULE_ct_warmup_schedule ? o->ct_warmup_schedule.then : NULL;
}

static bool valid_next(const char *at, const ct_schedule *head) {
    const ct_schedule *then = head->then;
    if (!then || (!then->owned && then->id != SCHEDULE_ct_plateau_schedule)) return true;
    return ct_raise(CT_ERR_ARGUMENT, head->name, at, "%s %s", then->name,
                    then->owned ? "is part of a schedule already" : "has no rate for a given step"),
           false;
}

#define OPTION(field, preset, low, below) &&ct_take_option(name, at, #field, &o->field, preset, low, below)
#define COUNT(field, preset, least) &&ct_take_count(name, at, #field, &o->field, preset, least)
#define CT_SCHEDULE(symbol, fields, rate)                                                                            \
    ct_schedule *symbol##_at(const char *at, ct_optim *opt, const symbol##_options *given) {                         \
        const char *name = #symbol;                                                                                  \
        ct_schedule head = {.id = SCHEDULE_##symbol, .name = name, .opt = opt};                                      \
        symbol##_options *o = &head.options.symbol;                                                                  \
        if (given) *o = *given;                                                                                      \
        head.then = next_of(head.id, &head.options);                                                                 \
        return new_schedule(at, &head, valid_next(at, &head) fields);                                                \
    }
#include "optim/schedules.def"
#undef CT_SCHEDULE

/* ---- steps -------------------------------------------------------------------------------------------------- */

/* Counts the steps that brought nothing, and lowers the rate after too many of them. */
static void judge(ct_schedule *s, double value) {
    const ct_plateau_schedule_options *o = &s->options.ct_plateau_schedule;
    double *p = s->progress->data;
    const bool better = value < p[BEST] * (1 - o->threshold);
    if (better) p[BEST] = value;
    p[BAD_STEPS] = better || p[COOLING_STEPS] > 0 ? 0 : p[BAD_STEPS] + 1;
    if (p[COOLING_STEPS] > 0) p[COOLING_STEPS]--;
    if (p[BAD_STEPS] <= (double)o->patience) return;
    p[REDUCTIONS]++;
    p[COOLING_STEPS] = (double)o->cooldown;
    p[BAD_STEPS] = 0;
}

bool ct_schedule_step_on_at(const char *at, ct_schedule *s, double value) {
    const char *op = "ct_schedule_step_on";
    if (!s) return ct_raise_null(op, at, 0), false;
    if (s->owned) return ct_raise(CT_ERR_ARGUMENT, op, at, "%s is part of a schedule", s->name), false;
    s->steps->item.i64++;
    if (s->progress) judge(s, value);
    set_rates(s);
    return true;
}

bool ct_schedule_step_at(const char *at, ct_schedule *s) {
    if (!s || !s->progress) return ct_schedule_step_on_at(at, s, NAN);
    return ct_raise(CT_ERR_ARGUMENT, "ct_schedule_step", at, "%s needs a value: see ct_schedule_step_on()", s->name),
           false;
}

ct_list ct_schedule_state(const ct_schedule *s) {
    return s ? (ct_list){.n = s->state.n, .items = s->state.items} : (ct_list){0};
}

bool ct_schedule_load_at(const char *at, ct_schedule *s, ct_list state) {
    if (!s) return ct_raise_null("ct_schedule_load", at, 0), false;
    return ct_state_load("ct_schedule_load", at, &s->state, state);
}
