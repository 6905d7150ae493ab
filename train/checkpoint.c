/* Checkpoints: everything that a training changes, as named tensors in one file. */
#include "train/internal.h"

#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- numbers as tensors ---------------------------------------------------------------------------------------- */

#define FORMAT 1 /* the first of the counts: of the file's version */
#define N_COUNTS 9
#define N_NUMBERS 10

/* Where the counts and the numbers of a place, and the state of the random numbers, come from and go to. */
typedef struct place_fields {
    int64_t *count[N_COUNTS];
    double *number[N_NUMBERS];
} place_fields;

static place_fields fields_of(int64_t *format, ct_training_place *p, ct_random_state *random) {
    return (place_fields){
        .count = {format, &p->step, &p->epoch, &p->batch, &p->batches, &p->stop.looks, &p->stop.waited,
                  (int64_t *)&random->seed, (int64_t *)&random->stream},
        .number = {&p->seconds, &p->stop.best, &p->in_epoch.samples, &p->in_epoch.loss, &p->in_epoch.guesses,
                   &p->in_epoch.right, &p->in_row.samples, &p->in_row.loss, &p->in_row.guesses, &p->in_row.right},
    };
}

/* ---- what a file holds ----------------------------------------------------------------------------------------- */

enum { COUNTS, NUMBERS, ROWS, N_OWN };

#define N_PARTS 4

typedef struct content {
    ct_tensor *own[N_OWN]; /* counts (N_COUNTS) i64, numbers (N_NUMBERS) f64, rows (rows, CT_ROW_NUMBERS) f64 */
    ct_part parts[N_PARTS];
} content;

/* The parts of a training, with room for its numbers; false with an error raised. */
static bool list_content(const char *at, const ct_training *t, int64_t rows, content *c) {
    c->own[COUNTS] = ct_label(ct_zeros(CT_I64, CT_SHAPE(N_COUNTS)), "counts");
    c->own[NUMBERS] = ct_label(ct_zeros(CT_F64, CT_SHAPE(N_NUMBERS)), "numbers");
    c->own[ROWS] = ct_label(ct_zeros(CT_F64, CT_SHAPE(rows, CT_ROW_NUMBERS)), "rows");
    const ct_part parts[N_PARTS] = {
        {"training.", "value", {N_OWN, c->own}},
        {"net.", "parameter", ct_module_state(t->net)},
        {"optim.", "state of the optimiser", ct_optim_state(t->optim)},
        {"schedule.", "state of the schedule", ct_schedule_state(t->schedule)},
    };
    memcpy(c->parts, parts, sizeof parts);
    return c->own[COUNTS] && c->own[NUMBERS] && c->own[ROWS];
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

static void fill_content(const ct_training *t, const content *c) {
    int64_t format = FORMAT;
    ct_training_place place = t->place;
    ct_random_state random = ct_random();
    place_fields fields = fields_of(&format, &place, &random);
    for (int i = 0; i < N_COUNTS; i++) ((int64_t *)c->own[COUNTS]->data)[i] = *fields.count[i];
    for (int i = 0; i < N_NUMBERS; i++) ((double *)c->own[NUMBERS]->data)[i] = *fields.number[i];
    for (int64_t i = 0; i < ct_history_size(t->history); i++)
        ct_row_to_numbers(ct_history_get(t->history, i), (double *)c->own[ROWS]->data + i * CT_ROW_NUMBERS);
}

bool ct_write_training(const char *at, const ct_training *training, const char *path) {
    content c;
    if (!training || !path) ct_raise_null("ct_save_training", at, training ? 1 : 0);
    if (ct_error_pending()) return false;
    ct_scope s = ct_begin();
    bool ok = list_content(at, training, ct_history_size(training->history), &c);
    if (ok) fill_content(training, &c);
    ok = ok && ct_parts_write("ct_save_training", at, path, N_PARTS, c.parts);
    ct_close(s);
    return ok;
}

bool ct_save_training_at(const char *at, const ct_training *training, const char *path) {
    ct_write_training(at, training, path);
    return ct_error_report();
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

/* Rows of history in the file; 0 when there are none. */
static int64_t count_rows(const ct_archive *archive) {
    const ct_archive_entry *rows = ct_archive_find(archive, "training.rows");
    return rows && rows->shape.ndim == 2 ? rows->shape.dim[0] : 0;
}

/* The file's version, and numbers that a place can have. */
static bool check_place(const ct_reader *file, int64_t format, const ct_training_place *place) {
    if (format != FORMAT)
        return ct_reader_fail(file, CT_ERR_FORMAT, "a checkpoint of version %lld, not %d", (long long)format, FORMAT);
    if (place->step < 0 || place->epoch < 0 || place->batch < 0 || place->batches < 0 || place->stop.looks < 0 ||
        place->stop.waited < 0)
        return ct_reader_fail(file, CT_ERR_FORMAT, "a count in it is negative");
    return true;
}

/* Everything is there and fits, so that nothing can fail any more; then it is taken over. */
static bool take(const ct_reader *file, const ct_archive *archive, ct_training *t) {
    const char *at = file->at;
    content c;
    int64_t format, rows = count_rows(archive);
    ct_training_place place = t->place;
    ct_random_state random;
    if (!list_content(at, t, rows, &c) || !ct_parts_match(file, archive, N_PARTS, c.parts)) return false;
    ct_parts_copy(archive, 1, c.parts); /* the numbers alone, to look at them */
    place_fields fields = fields_of(&format, &place, &random);
    for (int i = 0; i < N_COUNTS; i++) *fields.count[i] = ((int64_t *)c.own[COUNTS]->data)[i];
    for (int i = 0; i < N_NUMBERS; i++) *fields.number[i] = ((double *)c.own[NUMBERS]->data)[i];
    if (!check_place(file, format, &place)) return false;
    if (t->history && !ct_history_reset(at, t->history, rows)) return false;
    for (int64_t i = 0; t->history && i < rows; i++) {
        ct_history_row row = ct_row_from_numbers((double *)c.own[ROWS]->data + i * CT_ROW_NUMBERS);
        ct_history_add(t->history, &row);
    }
    ct_parts_copy(archive, N_PARTS, c.parts);
    ct_random_restore(random);
    t->place = place;
    return true;
}

bool ct_read_training(const char *at, ct_training *training, const char *path) {
    ct_archive archive;
    ct_reader file = {.op = "ct_load_training", .at = at, .path = path}; /* for errors */
    if (!training || !path) ct_raise_null("ct_load_training", at, training ? 1 : 0);
    if (ct_error_pending()) return false;
    ct_scope s = ct_begin();
    bool ok = ct_archive_open(file.op, at, path, &archive) && take(&file, &archive, training);
    ct_archive_free(&archive);
    ct_close(s);
    return ok;
}

bool ct_load_training_at(const char *at, ct_training *training, const char *path) {
    ct_read_training(at, training, path);
    return ct_error_report();
}
