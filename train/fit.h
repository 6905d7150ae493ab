/* train/: the loop. A part of train.h; include that. */
#ifndef COTANGENT_FIT_H
#define COTANGENT_FIT_H

/* What a hook is shown after a step. */
typedef struct ct_fit_moment {
    ct_module *net;
    ct_optim *optim;
    const ct_training_place *place;
    double loss;               /* of this step's batch */
    int64_t batches;           /* in an epoch */
    int64_t steps_planned;     /* in all */
    const ct_history_row *row; /* the row that this step ends with; NULL for most steps */
} ct_fit_moment;

/* False ends the fit after this step, as `interrupt` does. */
typedef bool ct_fit_hook(void *context, const ct_fit_moment *now);

/* Zero is the preset in brackets; `optim` and one of epochs and steps must be given. */
typedef struct ct_fit_options {
    ct_loss_function *loss; /* (ct_cross_entropy_at) */
    ct_optim *optim;
    ct_schedule *schedule;   /* (none) steps at each epoch's end, on the validation loss or without one on that of
                                training */
    bool schedule_each_step; /* (false) steps after each step instead, on the loss of its batch */
    int64_t epochs; /* passes over the training data */
    int64_t steps;  /* steps in all, if that is reached first; of the whole training, those before a resumption too */
    double l2;      /* (0) adds l2 / (2 m) times the sum of squares of the weights to the loss of a batch of m samples;
                       weights are parameters of two dimensions or more */

    ct_loader *validation, *test; /* (none) measured at each epoch's end, and when all steps are done */
    ct_loader *train;             /* (none) measured likewise, in evaluation mode and without penalty, in place of the
                                     mean over the batches as they were learnt from; another loader than theirs */
    int64_t validate_every;       /* (0) steps between further looks at `validation` */
    int64_t log_every;            /* (0) steps between further rows with the training score alone */
    ct_early_stop early_stop;     /* (never) looks are those at `validation`: of each validate_every steps if that is
                                     given, else of each epoch */

    ct_history *history;      /* (none) takes the rows */
    FILE *progress;           /* (none) a line that is written over and over on a terminal; elsewhere one an epoch */
    ct_fit_hook *after_step;  /* (none) */
    ct_fit_hook *after_epoch; /* (none) */
    void *context;            /* the hooks' */
    const volatile sig_atomic_t *interrupt; /* (none) when it is not 0 the fit finishes its step, writes the checkpoint
                                               and ends */

    const char *checkpoint_file; /* (none) path: written every checkpoint_every steps, and when the fit ends */
    int64_t checkpoint_every;    /* (0: at each epoch's end) */
    bool resume;                 /* (false) goes on from the file if it is there */

    bool record_each_step; /* (false) for models whose forward pass takes decisions of its own: the graph is recorded
                              anew in each step instead of replayed. Other models have the same bits in both. */
} ct_fit_options;

typedef enum ct_fit_end {
    CT_FIT_FAILED,      /* ct_error() says why; a loss that is no finite number is such a failure */
    CT_FIT_DONE,        /* all epochs or steps */
    CT_FIT_EARLY,       /* early stopping */
    CT_FIT_INTERRUPTED, /* by `interrupt` or a hook */
} ct_fit_end;

/* Trains, in training mode, from epoch 0 of the loader or where the checkpoint is. The parameters, the optimiser and
 * the history have what was reached, however it ends. Denormal numbers count as zero in its steps. */
CT_API CT_MUST_CHECK ct_fit_end ct_fit_at(const char *at, ct_module *net, ct_loader *loader,
                                          const ct_fit_options *options);
#define ct_fit(...) ct_fit_at(CT_PLACE("ct_fit: "), __VA_ARGS__)

/* 1/2 of the sum of the squares of all weights of the module, that is of its parameters of two dimensions or more; a
 * scalar to be added to a loss. NULL, with an error, when there are none. */
CT_API ct_tensor *ct_l2_penalty_at(const char *at, const ct_module *net);
#define ct_l2_penalty(...) ct_l2_penalty_at(CT_PLACE("ct_l2_penalty: "), __VA_ARGS__)

#endif
