/* The record of a training, as rows, CSV and JSON; and early stopping, which looks at one of its columns. */
#include "train/internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct ct_history {
    ct_history_row *rows;
    size_t n, capacity;
};

ct_history *ct_history_new_at(const char *at) {
    ct_history *history = ct_alloc(sizeof *history);
    if (!history) return ct_raise_memory("ct_history_new", at, sizeof *history), NULL;
    *history = (ct_history){0};
    return history;
}

void ct_history_free(ct_history *history) {
    if (!history) return;
    ct_dealloc(history->rows, history->capacity * sizeof *history->rows);
    ct_dealloc(history, sizeof *history);
}

static bool make_room(const char *at, ct_history *history, size_t rows) {
    if (ct_grow((void **)&history->rows, &history->capacity, rows, sizeof *history->rows)) return true;
    return ct_raise_memory("ct_history_add", at, sizeof *history->rows), false;
}

bool ct_history_reset(const char *at, ct_history *history, int64_t n) {
    if (!make_room(at, history, (size_t)n)) return false;
    history->n = 0;
    return true;
}

bool ct_history_add_at(const char *at, ct_history *history, const ct_history_row *row) {
    if (!history || !row) return ct_raise_null("ct_history_add", at, history ? 1 : 0), false;
    if (!make_room(at, history, history->n + 1)) return false;
    history->rows[history->n++] = *row;
    return true;
}

int64_t ct_history_size(const ct_history *history) { return history ? (int64_t)history->n : 0; }

const ct_history_row *ct_history_get(const ct_history *history, int64_t i) {
    return i >= 0 && i < ct_history_size(history) ? &history->rows[i] : NULL;
}

/* ---- rows as numbers ---------------------------------------------------------------------------------------- */

void ct_row_to_numbers(const ct_history_row *row, double v[CT_ROW_NUMBERS]) {
    const ct_score *score[] = {&row->train, &row->validation, &row->test};
    *v++ = (double)row->epoch;
    *v++ = (double)row->step;
    *v++ = row->epoch_ends;
    *v++ = row->seconds;
    *v++ = row->lr;
    for (int i = 0; i < 3; i++) {
        *v++ = (double)score[i]->samples;
        *v++ = score[i]->loss;
        *v++ = score[i]->accuracy;
    }
}

ct_history_row ct_row_from_numbers(const double v[CT_ROW_NUMBERS]) {
    ct_history_row row = {
        .epoch = (int64_t)v[0], .step = (int64_t)v[1], .epoch_ends = v[2] != 0, .seconds = v[3], .lr = v[4]};
    ct_score *score[] = {&row.train, &row.validation, &row.test};
    for (int i = 0; i < 3; i++, v += 3) *score[i] = (ct_score){(int64_t)v[5], v[6], v[7]};
    return row;
}

/* ---- columns ------------------------------------------------------------------------------------------------ */

#define N_COLUMNS CT_ROW_NUMBERS
static const char *const columns[N_COLUMNS] = {
    "epoch",           "step",                "epoch_ends",       "seconds",   "lr",
    "train_loss",      "train_accuracy",      "train_error",
    "validation_loss", "validation_accuracy", "validation_error",
    "test_loss",       "test_accuracy",       "test_error",
};
#define N_COUNTS 3 /* the first columns are integers */

/* A row's columns; NaN where nothing was measured. */
static void spread(const ct_history_row *row, double value[N_COLUMNS]) {
    ct_row_to_numbers(row, value);
    for (double *v = value + N_COLUMNS - 9; v < value + N_COLUMNS; v += 3) { /* samples, loss, accuracy */
        bool measured = v[0] > 0;
        v[0] = measured ? v[1] : NAN;
        v[1] = measured ? v[2] : NAN;
        v[2] = 1 - v[1];
    }
}

/* ---- CSV ---------------------------------------------------------------------------------------------------- */

static void write_text(ct_writer *writer, const char *text) { ct_write(writer, text, strlen(text)); }

static bool may_write(const char *op, const char *at, const ct_history *history, const char *path) {
    if (!history || !path) ct_raise_null(op, at, history ? 1 : 0);
    return !ct_error_pending();
}

static void write_row(ct_writer *writer, const ct_history_row *row) {
    char text[32];
    double value[N_COLUMNS];
    spread(row, value);
    for (int k = 0; k < N_COLUMNS; k++) {
        if (k) write_text(writer, ",");
        snprintf(text, sizeof text, "%.*g", k < N_COUNTS ? 17 : 9, value[k]);
        if (!isnan(value[k])) write_text(writer, text);
    }
    write_text(writer, "\n");
}

bool ct_write_history_csv_at(const char *at, const ct_history *history, const char *path) {
    const char *op = "ct_write_history_csv";
    ct_writer writer;
    if (!may_write(op, at, history, path)) return ct_error_report();
    ct_c_locale locale;
    if (!ct_c_locale_begin(op, at, &locale)) return ct_error_report();
    ct_write_begin(&writer, op, at, path);
    for (int k = 0; k < N_COLUMNS; k++) {
        if (k) write_text(&writer, ",");
        write_text(&writer, columns[k]);
    }
    write_text(&writer, "\n");
    for (size_t i = 0; i < history->n; i++) write_row(&writer, &history->rows[i]);
    ct_write_end(&writer);
    ct_c_locale_end(&locale);
    return ct_error_report();
}

/* ---- JSON --------------------------------------------------------------------------------------------------- */

json_t *ct_json_number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *cell(int column, double value) {
    return column < N_COUNTS ? json_integer((json_int_t)value) : ct_json_number(value);
}

/* [{"epoch": 1, ...}, ...]; NULL when out of memory. */
static json_t *to_json(const ct_history *history) {
    json_t *rows = json_array();
    for (size_t i = 0; rows && i < history->n; i++) {
        double value[N_COLUMNS];
        json_t *row = json_object();
        bool ok = row;
        spread(&history->rows[i], value);
        for (int k = 0; ok && k < N_COLUMNS; k++) ok = !json_object_set_new(row, columns[k], cell(k, value[k]));
        if (json_array_append_new(rows, row) || !ok) return json_decref(rows), NULL;
    }
    return rows;
}

static int write_json(const char *text, size_t n, void *writer) {
    ct_write(writer, text, n);
    return 0;
}

bool ct_write_history_json_at(const char *at, const ct_history *history, const char *path) {
    ct_writer writer;
    const char *op = "ct_write_history_json";
    if (!may_write(op, at, history, path)) return ct_error_report();
    json_t *rows = to_json(history);
    if (!rows) return ct_refuse(CT_ERR_MEMORY, op, at, "out of memory for %zu rows", history->n);
    ct_write_begin(&writer, op, at, path);
    json_dump_callback(rows, write_json, &writer, CT_JSON_STYLE);
    write_text(&writer, "\n");
    ct_write_end(&writer);
    json_decref(rows);
    return ct_error_report();
}

/* ---- early stopping ----------------------------------------------------------------------------------------- */

bool ct_stop_early(ct_early_stop rule, ct_stop_state *state, double cost) {
    if (state->looks++ == 0) state->best = INFINITY;
    bool improved = cost < state->best - rule.min_delta;
    if (improved) state->best = cost;
    state->waited = improved ? 0 : state->waited + 1;
    return rule.patience > 0 && state->waited >= rule.patience;
}
