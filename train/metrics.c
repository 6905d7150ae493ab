/* Scores, the confusion matrix, and evaluation. */
#include "tensor/checked.h"
#include "train/internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- guesses ------------------------------------------------------------------------------------------------ */

/* Output (rows, classes) beside targets: (rows) classes, or (rows, classes) probabilities. */
typedef struct guesses {
    const ct_tensor *output, *target;
    int64_t rows, classes;
    bool probabilities;
} guesses;

/* Every row is a distribution, so it is classes that are meant and not numbers. */
static bool are_probabilities(const ct_tensor *target, int64_t rows, int64_t classes) {
    for (int64_t i = 0; i < rows; i++) {
        double sum = 0;
        for (int64_t k = 0; k < classes; k++) {
            double p = ct_read_element((ct_dtype)target->dtype, target->data, i * classes + k);
            if (!(p >= 0)) return false;
            sum += p;
        }
        if (!(fabs(sum - 1) < 1e-4)) return false;
    }
    return rows > 0;
}

/* False when the two are not about classes. */
static bool pair(const ct_tensor *output, const ct_tensor *target, guesses *g) {
    if (!output || !target || output->ndim == 0 || !ct_is_float(output->dtype)) return false;
    int64_t classes = output->extent->dim[output->ndim - 1];
    if (classes < 2) return false;
    *g = (guesses){output, target, ct_size_of(output) / classes, classes, ct_is_float(target->dtype)};
    if (!g->probabilities) return target->dtype != CT_BOOL && ct_size_of(target) == g->rows;
    return ct_same_shape(output, target) && are_probabilities(target, g->rows, classes);
}

/* The place of the first largest of row i. */
static int64_t largest(const ct_tensor *t, int64_t i, int64_t classes) {
    int64_t best = 0;
    double most = -INFINITY;
    for (int64_t k = 0; k < classes; k++) {
        double value = ct_read_element((ct_dtype)t->dtype, t->data, i * classes + k);
        if (value > most) most = value, best = k;
    }
    return best;
}

static int64_t guess_of(const guesses *g, int64_t i) { return largest(g->output, i, g->classes); }

static int64_t truth_of(const guesses *g, int64_t i) {
    if (g->probabilities) return largest(g->target, i, g->classes);
    return (int64_t)ct_read_element((ct_dtype)g->target->dtype, g->target->data, i);
}

/* ---- scores ------------------------------------------------------------------------------------------------- */

void ct_tally_batch(ct_tally *tally, const ct_tensor *loss, const ct_tensor *output, const ct_tensor *target) {
    guesses g;
    if (!loss || !target || ct_size_of(loss) != 1) return;
    double samples = target->ndim ? (double)target->extent->dim[0] : 1;
    tally->samples += samples;
    tally->loss += samples * ct_read_element((ct_dtype)loss->dtype, loss->data, 0);
    if (!pair(output, target, &g)) return;
    tally->guesses += (double)g.rows;
    for (int64_t i = 0; i < g.rows; i++) tally->right += guess_of(&g, i) == truth_of(&g, i);
}

ct_score ct_tally_score(const ct_tally *tally) {
    return (ct_score){.samples = (int64_t)tally->samples,
                      .loss = tally->samples > 0 ? tally->loss / tally->samples : NAN,
                      .accuracy = tally->guesses > 0 ? tally->right / tally->guesses : NAN};
}

/* ---- the confusion matrix ------------------------------------------------------------------------------------- */

struct ct_confusion {
    int64_t classes;
    size_t bytes;    /* of the block that holds all of this */
    int64_t count[]; /* (classes, classes): of the truth, of the guess */
};

ct_confusion *ct_confusion_new_at(const char *at, int64_t classes) {
    const char *op = "ct_confusion_new";
    int64_t cells;
    size_t bytes;
    if (classes < 1) return ct_raise(CT_ERR_ARGUMENT, op, at, "%" PRId64 " classes, of at least 1", classes), NULL;
    if (!ct_checked_size(2, (int64_t[]){classes, classes}, &cells) ||
        !ct_checked_mul((size_t)cells, sizeof(int64_t), &bytes) ||
        !ct_checked_add(bytes, sizeof(ct_confusion), &bytes))
        return ct_raise(CT_ERR_LIMIT, op, at, "%" PRId64 " classes are too many", classes), NULL;
    ct_confusion *confusion = ct_alloc(bytes);
    if (!confusion) return ct_raise_memory(op, at, bytes), NULL;
    confusion->classes = classes;
    confusion->bytes = bytes;
    ct_confusion_clear(confusion);
    return confusion;
}

void ct_confusion_free(ct_confusion *confusion) {
    if (confusion) ct_dealloc(confusion, confusion->bytes);
}

void ct_confusion_clear(ct_confusion *confusion) {
    if (confusion) memset(confusion->count, 0, confusion->bytes - sizeof *confusion);
}

int64_t ct_confusion_classes(const ct_confusion *confusion) { return confusion ? confusion->classes : 0; }

static bool is_class(const ct_confusion *confusion, int64_t k) {
    return k >= 0 && k < ct_confusion_classes(confusion);
}

bool ct_confusion_add_at(const char *at, ct_confusion *confusion, const ct_tensor *output, const ct_tensor *target) {
    const char *op = "ct_confusion_add";
    char text[2][CT_DESCRIPTION];
    guesses g;
    if (!confusion || !output || !target) return ct_raise_null(op, at, !confusion ? 0 : output ? 2 : 1), false;
    if (!pair(output, target, &g) || g.classes > confusion->classes)
        return ct_raise(CT_ERR_SHAPE, op, at, "output %s and target %s are not of %" PRId64 " classes",
                        ct_describe(output, text[0]), ct_describe(target, text[1]), confusion->classes),
               false;
    for (int64_t i = 0; i < g.rows; i++)
        if (!is_class(confusion, truth_of(&g, i)))
            return ct_raise(CT_ERR_ARGUMENT, op, at, "label %" PRId64 ", of %" PRId64 " classes", truth_of(&g, i),
                            confusion->classes),
                   false;
    for (int64_t i = 0; i < g.rows; i++) confusion->count[truth_of(&g, i) * confusion->classes + guess_of(&g, i)]++;
    return true;
}

int64_t ct_confusion_count(const ct_confusion *confusion, int64_t truth, int64_t guess) {
    if (!is_class(confusion, truth) || !is_class(confusion, guess)) return 0;
    return confusion->count[truth * confusion->classes + guess];
}

static double ratio(int64_t part, int64_t whole) { return whole ? (double)part / (double)whole : 0; }

double ct_confusion_accuracy(const ct_confusion *confusion) {
    int64_t right = 0, all = 0;
    for (int64_t k = 0; k < ct_confusion_classes(confusion); k++) {
        right += ct_confusion_count(confusion, k, k);
        all += ct_confusion_class(confusion, k).samples;
    }
    return all ? ratio(right, all) : NAN;
}

ct_class_score ct_confusion_class(const ct_confusion *confusion, int64_t k) {
    ct_class_score s = {0};
    if (!is_class(confusion, k)) return s;
    for (int64_t other = 0; other < confusion->classes; other++) {
        s.samples += ct_confusion_count(confusion, k, other);
        s.guesses += ct_confusion_count(confusion, other, k);
    }
    int64_t right = ct_confusion_count(confusion, k, k);
    s.precision = ratio(right, s.guesses);
    s.recall = ratio(right, s.samples);
    s.f1 = right ? 2 * s.precision * s.recall / (s.precision + s.recall) : 0;
    return s;
}

ct_class_score ct_confusion_macro(const ct_confusion *confusion) {
    ct_class_score mean = {0};
    int64_t n = ct_confusion_classes(confusion);
    for (int64_t k = 0; k < n; k++) {
        ct_class_score s = ct_confusion_class(confusion, k);
        mean.samples += s.samples;
        mean.guesses += s.guesses;
        mean.precision += s.precision / (double)n;
        mean.recall += s.recall / (double)n;
        mean.f1 += s.f1 / (double)n;
    }
    return mean;
}

int64_t ct_confusion_mistakes(const ct_confusion *confusion, int64_t n, ct_mistake *mistakes) {
    int64_t found = 0;
    for (int64_t truth = 0; truth < ct_confusion_classes(confusion); truth++)
        for (int64_t guess = 0; guess < confusion->classes; guess++) {
            int64_t count = ct_confusion_count(confusion, truth, guess), place = found;
            if (truth == guess || count == 0) continue;
            while (place > 0 && mistakes[place - 1].count < count) place--; /* insertion, the first of equals stays */
            if (place >= n) continue;
            if (found < n) found++;
            memmove(mistakes + place + 1, mistakes + place, (size_t)(found - place - 1) * sizeof *mistakes);
            mistakes[place] = (ct_mistake){truth, guess, count};
        }
    return found;
}

/* ---- evaluation --------------------------------------------------------------------------------------------- */

static bool evaluate_batch(const char *at, ct_module *net, ct_loader *loader, ct_loss_function *loss,
                           ct_confusion *confusion, ct_tally *tally) {
    ct_scope s = ct_begin_no_grad();
    ct_batch batch = ct_next(loader);
    ct_tensor *output = ct_forward(net, batch.x);
    ct_tally_batch(tally, loss(at, output, batch.y), output, batch.y);
    if (confusion) ct_confusion_add(confusion, output, batch.y);
    ct_close(s);
    return !ct_error_pending();
}

bool ct_measure(const char *at, ct_module *net, ct_loader *loader, ct_loss_function *loss, ct_confusion *confusion,
                ct_score *score) {
    ct_tally tally = {0};
    bool training = ct_is_training(net), ok = !ct_error_pending();
    ct_loader_place place = ct_loader_tell(loader);
    ct_set_training(net, false);
    ok = ok && ct_loader_seek(loader, (ct_loader_place){0});
    for (int64_t i = 0; ok && i < ct_batches(loader); i++)
        ok = evaluate_batch(at, net, loader, loss ? loss : ct_cross_entropy_at, confusion, &tally);
    if (loader) ct_loader_seek(loader, place);
    ct_set_training(net, training);
    if (score) *score = ct_tally_score(&tally);
    return ok;
}

bool ct_evaluate_at(const char *at, ct_module *net, ct_loader *loader, ct_loss_function *loss,
                    ct_confusion *confusion, ct_score *score) {
    if (!net || !loader) ct_raise_null("ct_evaluate", at, net ? 1 : 0);
    else ct_measure(at, net, loader, loss, confusion, score);
    return ct_error_report();
}
