/* What a training was, in files. */
#include "report/internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define OP "ct_write_run"
#define BINS 60

static json_t *text(const char *value) {
    json_t *string = value ? json_string(value) : json_null();
    return string ? string : json_string("(not UTF-8)");
}

/* Fails for NULL, which stands for a lack of memory. */
static bool put(json_t *object, const char *name, json_t *value) { return !json_object_set_new(object, name, value); }
static bool put_number(json_t *object, const char *name, double value) {
    return put(object, name, ct_json_number(value));
}
static bool put_integer(json_t *object, const char *name, int64_t value) {
    return put(object, name, json_integer(value));
}
static bool put_text(json_t *object, const char *name, const char *value) { return put(object, name, text(value)); }

/* ---- scores ------------------------------------------------------------------------------------------------- */

static const ct_score *score_of(const ct_history_row *row, int set) {
    return set == 0 ? &row->train : set == 1 ? &row->validation : &row->test;
}

/* The last and the best figures of a set of samples: those of rows that are about all of it, not about the batches
 * since the last row. */
static json_t *scores(const ct_history *history, int set) {
    int64_t n = ct_history_size(history), best_at = 0, lowest_at = 0, all = 1;
    ct_score last = {0, NAN, NAN};
    double best = -INFINITY, lowest = INFINITY;
    for (int64_t i = 0; i < n; i++) {
        int64_t samples = score_of(ct_history_get(history, i), set)->samples;
        if (samples > all) all = samples;
    }
    for (int64_t i = 0; i < n; i++) {
        const ct_history_row *row = ct_history_get(history, i);
        const ct_score *score = score_of(row, set);
        if (score->samples < all) continue;
        last = *score;
        if (score->accuracy > best) best = score->accuracy, best_at = row->epoch;
        if (score->loss < lowest) lowest = score->loss, lowest_at = row->epoch;
    }
    json_t *json = json_object();
    bool ok = put_integer(json, "samples", last.samples) && put_number(json, "accuracy", last.accuracy) &&
              put_number(json, "loss", last.loss) && put_number(json, "best_accuracy", best) &&
              put_integer(json, "best_accuracy_epoch", best_at) && put_number(json, "lowest_loss", lowest) &&
              put_integer(json, "lowest_loss_epoch", lowest_at);
    if (ok) return json;
    json_decref(json);
    return NULL;
}

/* ---- the net ------------------------------------------------------------------------------------------------ */

static json_t *integers(int64_t n, const int64_t *values) {
    json_t *array = json_array();
    for (int64_t i = 0; i < n; i++) json_array_append_new(array, json_integer(values[i]));
    return array;
}

/* Counts between -limit and limit, that of the largest element. */
static json_t *histogram(const char *at, const ct_tensor *t, double limit) {
    int64_t count[BINS];
    json_t *json = json_object();
    if (limit > 0 && isfinite(limit) && ct_weight_histogram(t, -limit, limit, BINS, count)) {
        put(json, "limit", json_real(limit));
        put(json, "count", integers(BINS, count));
    }
    return json;
}

static json_t *parameter(const char *at, const ct_tensor *t) {
    ct_weight_statistics s = ct_weight_statistics_of(t);
    ct_shape shape = ct_shape_of(t);
    json_t *json = json_object();
    bool ok = put_text(json, "name", ct_label_of(t)) && put(json, "shape", integers(shape.ndim, shape.dim)) &&
              put_integer(json, "n", ct_size(t)) && put_number(json, "mean", s.mean) &&
              put_number(json, "std", s.std) && put_number(json, "min", s.min) && put_number(json, "max", s.max) &&
              put(json, "histogram", histogram(at, t, fmax(fabs(s.min), fabs(s.max))));
    if (ok) return json;
    json_decref(json);
    return NULL;
}

static bool put_net(const char *at, json_t *json, const ct_module *net) {
    ct_list parameters = ct_parameters(net);
    json_t *array = json_array();
    int64_t n = 0;
    for (int i = 0; i < parameters.n; i++) {
        n += ct_size(parameters.items[i]);
        if (json_array_append_new(array, parameter(at, parameters.items[i]))) return json_decref(array), false;
    }
    return put(json, "layers", array) && put_integer(json, "parameters", n);
}

static bool draw_net(const char *at, const ct_run *run, const char *path) {
    if (!run->sample) return true;
    bool training = ct_is_training(run->net);
    ct_scope s = ct_begin();
    ct_set_training(run->net, false);
    ct_tensor *output = ct_label(ct_forward(run->net, run->sample), "output");
    bool ok = ct_draw_with(output, path, &(ct_draw_options){.stage = CT_DRAW_FORWARD, .no_legend = true});
    ct_set_training(run->net, training);
    if (!ok && ct_error_status() == CT_ERR_UNAVAILABLE) ct_error_clear(), ok = true; /* a build without Graphviz */
    return ct_end(s) && ok;
}

/* ---- the rest ----------------------------------------------------------------------------------------------- */

static json_t *settings(const ct_run *run) {
    json_t *array = json_array();
    for (int i = 0; i < run->n_settings; i++) {
        json_t *pair = json_array();
        bool ok = !json_array_append_new(pair, text(run->settings[i].name)) &&
                  !json_array_append_new(pair, text(run->settings[i].value));
        if (json_array_append_new(array, pair) || !ok) return json_decref(array), NULL;
    }
    return array;
}

static json_t *confusions(const ct_confusion *confusion) {
    int64_t n = confusion ? ct_confusion_classes(confusion) : 0;
    json_t *rows = json_array();
    for (int64_t i = 0; i < n; i++) {
        json_t *row = json_array();
        for (int64_t j = 0; j < n; j++) json_array_append_new(row, json_integer(ct_confusion_count(confusion, i, j)));
        json_array_append_new(rows, row);
    }
    return rows;
}

/* Samples, precision, recall and F1 of each class. */
static json_t *classes(const ct_confusion *confusion) {
    int64_t n = confusion ? ct_confusion_classes(confusion) : 0;
    json_t *rows = json_array();
    for (int64_t k = 0; k < n; k++) {
        ct_class_score score = ct_confusion_class(confusion, k);
        const double numbers[] = {(double)score.samples, score.precision, score.recall, score.f1};
        json_t *row = json_array();
        for (int i = 0; i < 4; i++) json_array_append_new(row, ct_json_number(numbers[i]));
        json_array_append_new(rows, row);
    }
    return rows;
}

/* Truth, guess and count of the most frequent ones. */
static json_t *mistakes(const ct_confusion *confusion) {
    ct_mistake most[6];
    int64_t n = confusion ? ct_confusion_mistakes(confusion, 6, most) : 0;
    json_t *rows = json_array();
    for (int64_t k = 0; k < n; k++)
        json_array_append_new(rows, integers(3, (int64_t[]){most[k].truth, most[k].guess, most[k].count}));
    return rows;
}

/* "model name" of /proc/cpuinfo; the kind of machine where there is none. */
static void find_processor(char *out, size_t size) {
    struct utsname system;
    char text[2048];
    ct_file file;
    snprintf(out, size, "%s", uname(&system) == 0 ? system.machine : "unknown processor");
    if (!ct_file_exists("/proc/cpuinfo") || !ct_file_open(&file, OP, NULL, "/proc/cpuinfo")) return;
    ptrdiff_t n = file.reader.read(&file.reader, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    const char *name = strstr(text, "model name"), *colon = name ? strchr(name, ':') : NULL;
    if (colon) name = colon + 1 + strspn(colon + 1, " ");
    if (colon) snprintf(out, size, "%.*s", (int)strcspn(name, "\n"), name);
    ct_file_close(&file);
}

static bool put_machine(json_t *json) {
    char processor[128], date[32];
    time_t now = time(NULL);
    struct tm utc;
    find_processor(processor, sizeof processor);
    strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", gmtime_r(&now, &utc));
    return put_text(json, "processor", processor) &&
           put_integer(json, "processors", sysconf(_SC_NPROCESSORS_ONLN)) &&
           put_integer(json, "threads", ct_threads()) && put_text(json, "date", date);
}

static json_t *everything(const char *at, const ct_run *run) {
    int64_t rows = ct_history_size(run->history);
    const ct_history_row none = {0}, *last = rows ? ct_history_get(run->history, rows - 1) : &none;
    json_t *json = json_object();
    bool ok = put_text(json, "format", CT_RUN_FORMAT) && put_text(json, "title", run->title) &&
              put_text(json, "end", run->end) && put_machine(json) && put(json, "settings", settings(run)) &&
              put_integer(json, "epochs", last->epoch) && put_integer(json, "steps", last->step) &&
              put_number(json, "seconds", last->seconds) && put_integer(json, "rows", rows);
    for (int set = 0; ok && set < 3; set++) ok = put(json, ct_set_names[set], scores(run->history, set));
    ok = ok && put(json, "confusion", confusions(run->confusion)) && put(json, "classes", classes(run->confusion)) &&
         put(json, "mistakes", mistakes(run->confusion));
    if (ok && put_net(at, json, run->net)) return json;
    json_decref(json);
    return NULL;
}

static int add_piece(const char *piece, size_t n, void *out) {
    ct_text_bytes(out, piece, n);
    return 0;
}

static void put_json(const char *at, const ct_run *run, ct_text *out) {
    json_t *json = everything(at, run);
    if (json) json_dump_callback(json, add_piece, out, CT_JSON_STYLE);
    out->failed = out->failed || !json;
    json_decref(json);
    ct_text_add(out, "\n");
}

static bool write_json(const char *at, const ct_run *run, const char *path) {
    ct_text out = {0};
    put_json(at, run, &out);
    return ct_put_text(OP, at, path, &out);
}

static bool is_run(const char *op, const char *at, const ct_run *run, const void *where) {
    if (!run || !where) ct_raise_null(op, at, run ? 1 : 0);
    else if (!run->net || !run->history) ct_raise(CT_ERR_ARGUMENT, op, at, "a run has a net and a history");
    return ct_error_report();
}

bool ct_print_run_at(const char *at, const ct_run *run, FILE *out) {
    ct_text text = {0};
    if (!is_run("ct_print_run", at, run, out)) return false;
    put_json(at, run, &text);
    if (text.failed) ct_raise_memory("ct_print_run", at, text.length);
    else if (fputs(text.text, out) < 0 || fflush(out)) ct_raise(CT_ERR_FILE, "ct_print_run", at, "cannot be written");
    ct_text_free(&text);
    return ct_error_report();
}

bool ct_write_run_at(const char *at, const ct_run *run, const char *folder) {
    if (!is_run(OP, at, run, folder)) return false;
    bool ok = ct_need_folder(OP, at, folder) &&
              ct_write_history_csv(run->history, ct_path_of(folder, "history.csv").text) &&
              draw_net(at, run, ct_path_of(folder, "model.svg").text) &&
              write_json(at, run, ct_path_of(folder, "run.json").text);
    return ct_error_report() && ok;
}
