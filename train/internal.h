/* train/: what the files of this room share. */
#ifndef COTANGENT_TRAIN_INTERNAL_H
#define COTANGENT_TRAIN_INTERNAL_H

#include "data/internal.h"
#include "tensor/internal.h"
#include "train/train.h"

#include <jansson.h>

/* ct_evaluate() that leaves an error pending, for the functions around it. */
bool ct_measure(const char *at, ct_module *net, ct_loader *loader, ct_loss_function *loss, ct_confusion *confusion,
                ct_score *score);

/* Leaves no rows, and room for n. False with an error raised, and the rows as they were. */
bool ct_history_reset(const char *at, ct_history *history, int64_t n);

/* A number as JSON has it, null for what is not finite; and how files of JSON are written. */
json_t *ct_json_number(double value);
#define CT_JSON_STYLE (JSON_INDENT(1) | JSON_REAL_PRECISION(9))

/* A row as numbers: epoch, step, epoch_ends, seconds, lr, and samples, loss, accuracy of each of the three scores. */
#define CT_ROW_NUMBERS 14
void ct_row_to_numbers(const ct_history_row *row, double v[CT_ROW_NUMBERS]);
ct_history_row ct_row_from_numbers(const double v[CT_ROW_NUMBERS]);

/* Checkpoints, with an error left pending. */
bool ct_write_training(const char *at, const ct_training *training, const char *path);
bool ct_read_training(const char *at, ct_training *training, const char *path);

/* ---- weights.c: files of several lists of tensors --------------------------------------------------------------- */

/* Labelled tensors that stand in a file as name + label; no name is the beginning of another. */
typedef struct ct_part {
    const char *name; /* "net." */
    const char *what; /* they are, for errors: "parameter" */
    ct_list tensors;
} ct_part;

bool ct_parts_write(const char *op, const char *at, const char *path, int n, const ct_part *parts);
/* Each tensor is in the file with its dtype and shape, and nothing else is; false with an error raised. */
bool ct_parts_match(const ct_reader *file, const ct_archive *archive, int n, const ct_part *parts);
void ct_parts_copy(const ct_archive *archive, int n, const ct_part *parts); /* after they matched */

/* ---- progress.c ------------------------------------------------------------------------------------------------- */

double ct_seconds(void); /* of a clock that only goes forward */

/* A line about a fit for people to look at. */
typedef struct ct_progress {
    FILE *out; /* NULL: none is written */
    bool terminal;
    double begun, shown; /* ct_seconds() at the start and at the last line */
    int64_t first_step;  /* steps before the start */
    int64_t epochs;      /* planned; 0: not said */
} ct_progress;
void ct_progress_begin(ct_progress *progress, FILE *out, int64_t first_step, int64_t epochs);
void ct_progress_show(ct_progress *progress, const ct_fit_moment *now);
void ct_progress_end(const ct_progress *progress); /* clears what is left of the line */

#endif
