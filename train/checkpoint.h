/* train/: checkpoints. A part of train.h; include that. */
#ifndef COTANGENT_TRAIN_CHECKPOINT_H
#define COTANGENT_TRAIN_CHECKPOINT_H

/* Where a training stands, beside its model, optimiser and schedule. */
typedef struct ct_training_place {
    int64_t step;              /* steps taken */
    int64_t epoch, batch;      /* of the next batch: whole epochs before it, batches of its epoch before it */
    int64_t batches;           /* in an epoch; 0 where nobody has said so */
    double seconds;            /* spent so far */
    ct_tally in_epoch, in_row; /* of the training batches since the epoch began, and since the last row of history */
    ct_stop_state stop;
} ct_training_place;

/* All that a checkpoint keeps; what is NULL is left out, and must then be NULL when the file is read. The random
 * numbers' state of the thread is kept too. */
typedef struct ct_training {
    ct_module *net;
    ct_optim *optim;
    ct_schedule *schedule;
    ct_history *history;
    ct_training_place place;
} ct_training;

/* Writes a checkpoint, in the safetensors format. At any moment, also after a crash or loss of power, the file is the
 * one before or the new one, whole. */
CT_API CT_MUST_CHECK bool ct_save_training_at(const char *at, const ct_training *training, const char *path);
#define ct_save_training(...) ct_save_training_at(CT_PLACE("ct_save_training: "), __VA_ARGS__)

/* Brings a training that was set up in the same way to where the file has it: the steps to come have the same bits as
 * if it had never stopped. After a failure all is as it was. */
CT_API CT_MUST_CHECK bool ct_load_training_at(const char *at, ct_training *training, const char *path);
#define ct_load_training(...) ct_load_training_at(CT_PLACE("ct_load_training: "), __VA_ARGS__)

#endif
