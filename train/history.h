/* train/: how a training went. A part of train.h; include that. */
#ifndef COTANGENT_HISTORY_H
#define COTANGENT_HISTORY_H

/* A line of the record. What was not measured has 0 samples. */
typedef struct ct_history_row {
    int64_t epoch;   /* 1 is the first */
    int64_t step;    /* steps of the optimiser so far */
    bool epoch_ends; /* at this step */
    double seconds;  /* of training so far, evaluation and checkpoints included, those before a resumption too */
    double lr;       /* the learning rate of that step */
    ct_score train;  /* of the batches as they were learnt from: where an epoch ends, all of its; else those since the
                        last row. L2 penalties are in the loss. */
    ct_score validation, test;
} ct_history_row;

/* Owned by the caller. */
typedef struct ct_history ct_history;
CT_API ct_history *ct_history_new_at(const char *at);
#define ct_history_new() ct_history_new_at(CT_PLACE("ct_history_new: "))
CT_API void ct_history_free(ct_history *history); /* NULL is fine */

CT_API bool ct_history_add_at(const char *at, ct_history *history, const ct_history_row *row);
#define ct_history_add(...) ct_history_add_at(CT_PLACE("ct_history_add: "), __VA_ARGS__)
CT_API int64_t ct_history_size(const ct_history *history); /* of NULL: 0 */
/* NULL outside; valid until the next row is added. */
CT_API const ct_history_row *ct_history_get(const ct_history *history, int64_t i);

/* One line, or object, for each row; columns epoch, step, epoch_ends, seconds, lr, and train_loss, train_accuracy,
 * train_error, then the same of validation and test; empty, or null, where nothing was measured. The file is replaced
 * as a whole or not at all. */
CT_API CT_MUST_CHECK bool ct_write_history_csv_at(const char *at, const ct_history *history, const char *path);
CT_API CT_MUST_CHECK bool ct_write_history_json_at(const char *at, const ct_history *history, const char *path);
#define ct_write_history_csv(...) ct_write_history_csv_at(CT_PLACE("ct_write_history_csv: "), __VA_ARGS__)
#define ct_write_history_json(...) ct_write_history_json_at(CT_PLACE("ct_write_history_json: "), __VA_ARGS__)

/* Early stopping: a cost must fall below the best so far by more than min_delta at least once in `patience` looks. */
typedef struct ct_early_stop {
    int64_t patience; /* looks; 0: never stops */
    double min_delta;
} ct_early_stop;
typedef struct ct_stop_state {
    int64_t looks;  /* so far */
    int64_t waited; /* of them, since the cost improved */
    double best;    /* the lowest cost so far; 0 before the first look */
} ct_stop_state;
/* Takes the next look; true when it is time to stop. A state begins as {0}. */
CT_API bool ct_stop_early(ct_early_stop rule, ct_stop_state *state, double cost);

#endif
