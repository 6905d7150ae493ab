/* optim/: schedules of the learning rate. A part of optim.h; include that.
 *
 *     ct_schedule *schedule = ct_cosine_schedule(opt, &(ct_cosine_schedule_options){.steps = epochs});
 *     ... after each epoch: ct_schedule_step(schedule) ...
 *     ct_schedule_free(schedule);   // in any order with the optimiser
 *
 * A schedule sets the learning rate of each group that its optimiser, which must live while it steps, had when it was
 * made, from the group's rate then, `base`, and the number t of its steps so far; groups added later it leaves alone.
 * What a step is, an epoch or a batch, is the caller's choice. Constructors set the rate for t = 0 at once. They are
 * NULL, with an error, when an option is out of range; options that are zero have the value in brackets, CT_ZERO is
 * zero, and what has no brackets must be given.
 */
#ifndef COTANGENT_SCHEDULES_H
#define COTANGENT_SCHEDULES_H

typedef struct ct_schedule ct_schedule;

/* False, with an error, when the schedule is NULL, or ct_plateau_schedule(), which wants to know how well it goes. */
CT_API bool ct_schedule_step_at(const char *at, ct_schedule *schedule);
/* Tells the value that training is to make less, for example the loss on validation data; other schedules than
 * ct_plateau_schedule() take no notice of it. */
CT_API bool ct_schedule_step_on_at(const char *at, ct_schedule *schedule, double value);
#define ct_schedule_step(...) ct_schedule_step_at(CT_PLACE("ct_schedule_step: "), __VA_ARGS__)
#define ct_schedule_step_on(...) ct_schedule_step_on_at(CT_PLACE("ct_schedule_step_on: "), __VA_ARGS__)

CT_API void ct_schedule_free(ct_schedule *schedule); /* NULL is fine */

/* As ct_optim_state() and ct_optim_load(); that of the optimiser is another one. Loading sets no learning rate: the
 * optimiser's state has it. */
CT_API ct_list ct_schedule_state(const ct_schedule *schedule);
CT_API bool ct_schedule_load_at(const char *at, ct_schedule *schedule, ct_list state);
#define ct_schedule_load(...) ct_schedule_load_at(CT_PLACE("ct_schedule_load: "), __VA_ARGS__)

/* base gamma^floor(t / every) */
typedef struct ct_step_schedule_options {
    int64_t every;
    double gamma; /* (0.1) */
} ct_step_schedule_options;
CT_API ct_schedule *ct_step_schedule_at(const char *at, ct_optim *opt, const ct_step_schedule_options *options);
#define ct_step_schedule(...) ct_step_schedule_at(CT_PLACE("ct_step_schedule: "), __VA_ARGS__)

/* base gamma^k, k being how many of the milestones are t or less; they are zero from the first unused one on. */
#define CT_MAX_MILESTONES 16
typedef struct ct_multi_step_schedule_options {
    int64_t milestones[CT_MAX_MILESTONES]; /* {30, 80} */
    double gamma;                          /* (0.1) */
} ct_multi_step_schedule_options;
CT_API ct_schedule *ct_multi_step_schedule_at(const char *at, ct_optim *opt,
                                              const ct_multi_step_schedule_options *options);
#define ct_multi_step_schedule(...) ct_multi_step_schedule_at(CT_PLACE("ct_multi_step_schedule: "), __VA_ARGS__)

/* base gamma^t */
typedef struct ct_exponential_schedule_options {
    double gamma; /* (0.95) */
} ct_exponential_schedule_options;
CT_API ct_schedule *ct_exponential_schedule_at(const char *at, ct_optim *opt,
                                               const ct_exponential_schedule_options *options);
#define ct_exponential_schedule(...) ct_exponential_schedule_at(CT_PLACE("ct_exponential_schedule: "), __VA_ARGS__)

/* From base down to lowest in `steps` steps, half a period of a cosine, and back in the next:
 * lowest + (base - lowest) (1 + cos(pi t / steps)) / 2. */
typedef struct ct_cosine_schedule_options {
    int64_t steps;
    double lowest; /* (0) */
} ct_cosine_schedule_options;
CT_API ct_schedule *ct_cosine_schedule_at(const char *at, ct_optim *opt, const ct_cosine_schedule_options *options);
#define ct_cosine_schedule(...) ct_cosine_schedule_at(CT_PLACE("ct_cosine_schedule: "), __VA_ARGS__)

/* From base * start up to base in `steps` equal steps; then base, or what the schedule `then` says, whose t is 0 when
 * the warm-up ends and whose base is that of both. That one belongs to this one from the call on, also when it fails,
 * and is not stepped by itself. */
typedef struct ct_warmup_schedule_options {
    int64_t steps;
    double start;      /* (0.1) */
    ct_schedule *then; /* (NULL) not ct_plateau_schedule() */
} ct_warmup_schedule_options;
CT_API ct_schedule *ct_warmup_schedule_at(const char *at, ct_optim *opt, const ct_warmup_schedule_options *options);
#define ct_warmup_schedule(...) ct_warmup_schedule_at(CT_PLACE("ct_warmup_schedule: "), __VA_ARGS__)

/* L. Smith and N. Topin, "Super-convergence", 2018: half a cosine from base / division up to base in the first
 * `rising` part of the steps, and another down to base / division / final_division in step steps - 1; it stays
 * there. */
typedef struct ct_one_cycle_schedule_options {
    int64_t steps;
    double rising;         /* (0.3) less than 1 */
    double division;       /* (25) */
    double final_division; /* (1e4) */
} ct_one_cycle_schedule_options;
CT_API ct_schedule *ct_one_cycle_schedule_at(const char *at, ct_optim *opt,
                                             const ct_one_cycle_schedule_options *options);
#define ct_one_cycle_schedule(...) ct_one_cycle_schedule_at(CT_PLACE("ct_one_cycle_schedule: "), __VA_ARGS__)

/* base factor^k, but lowest at least: k grows when more than `patience` steps in a row brought no value below
 * best (1 - threshold), except in the `cooldown` steps after it grew. */
typedef struct ct_plateau_schedule_options {
    double factor;    /* (0.1) less than 1 */
    int64_t patience; /* (10) */
    double threshold; /* (1e-4) less than 1 */
    int64_t cooldown; /* (0) */
    double lowest;    /* (0) */
} ct_plateau_schedule_options;
CT_API ct_schedule *ct_plateau_schedule_at(const char *at, ct_optim *opt, const ct_plateau_schedule_options *options);
#define ct_plateau_schedule(...) ct_plateau_schedule_at(CT_PLACE("ct_plateau_schedule: "), __VA_ARGS__)

#endif
