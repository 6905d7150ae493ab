/* The loop: a step, what is measured and kept after it, and when it ends. */
#include "autograd/internal.h"
#include "optim/internal.h"
#include "tensor/isa.h"
#include "train/internal.h"

#include <inttypes.h>
#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* One recorded step; replayed for every batch of its size. */
typedef struct graph {
    ct_scope scope;
    ct_batch batch;
    ct_tensor *output, *cost; /* NULL before it is recorded */
} graph;

typedef struct fit {
    const char *at;
    ct_loader *loader;
    ct_fit_options o; /* presets filled in */
    ct_training training;
    ct_progress progress;
    graph whole;   /* of the largest batch so far */
    int64_t steps; /* planned */
    double begun;  /* ct_seconds(), less what was spent before a resumption */
    double loss;   /* of the last step */
    int64_t saved; /* the step of the last checkpoint; -1 before one */
} fit;

/* ---- a step ------------------------------------------------------------------------------------------------- */

ct_tensor *ct_l2_penalty_at(const char *at, const ct_module *net) {
    ct_list parameters = ct_parameters(net);
    ct_tensor *sum = NULL;
    for (int i = 0; i < parameters.n; i++) {
        if (parameters.items[i]->ndim < 2) continue;
        ct_tensor *squares = ct_sum(ct_square(parameters.items[i]), CT_ALL);
        sum = sum ? ct_add(sum, squares) : squares;
    }
    if (sum) return ct_mul(sum, ct_constant_like(at, sum, 0.5));
    return ct_raise(CT_ERR_ARGUMENT, "ct_l2_penalty", at, "the module has no weights"), NULL;
}

/* The cost of a batch, and what the module gave for it; NULL with an error raised. */
static ct_tensor *compute(fit *f, ct_batch batch, ct_tensor **output) {
    const char *at = f->at;
    *output = ct_forward(f->training.net, batch.x);
    ct_tensor *cost = f->o.loss(at, *output, batch.y);
    if (f->o.l2 > 0 && cost) {
        double factor = f->o.l2 / (double)batch.y->extent->dim[0];
        cost = ct_add(cost, ct_mul(ct_l2_penalty(f->training.net), ct_constant_like(at, cost, factor)));
    }
    if (cost && ct_size_of(cost) == 1 && !ct_error_pending()) return cost;
    if (cost) ct_raise(CT_ERR_SHAPE, "ct_fit", at, "the loss is no scalar");
    if (!cost) ct_raise_null("ct_fit", at, 0);
    return NULL;
}

/* A class that the output has no place for, which a replay answers with a loss of NaN; -1 when there is none. */
static int64_t impossible_class(const ct_tensor *output, const ct_tensor *y) {
    if (ct_is_float(y->dtype) || output->ndim == 0) return -1;
    int64_t classes = output->extent->dim[output->ndim - 1];
    for (int64_t i = 0; i < ct_size_of(y); i++) {
        double label = ct_read_element((ct_dtype)y->dtype, y->data, i);
        if (label >= (double)classes) return (int64_t)label;
    }
    return -1;
}

static bool refuse_loss(const fit *f, ct_batch batch, const ct_tensor *output) {
    const ct_training_place *place = &f->training.place;
    int64_t label = impossible_class(output, batch.y);
    char why[64] = "a smaller learning rate may help";
    if (label >= 0) snprintf(why, sizeof why, "its batch has class %" PRId64 ", which no output is for", label);
    ct_raise(CT_ERR_NONFINITE, "ct_fit", f->at,
             "the loss is %g in step %" PRId64 ", batch %" PRId64 " of epoch %" PRId64 ", which is not taken; %s",
             ct_printed(f->loss), place->step + 1, place->batch + 1, place->epoch + 1, why);
    return false;
}

static void add_tally(ct_tally *sum, const ct_tally *tally) {
    sum->samples += tally->samples;
    sum->loss += tally->loss;
    sum->guesses += tally->guesses;
    sum->right += tally->right;
}

/* Takes note of the loss before it is learnt from; false with an error raised when it is no number. */
static bool note(fit *f, ct_batch batch, const ct_tensor *output, const ct_tensor *cost) {
    ct_training_place *place = &f->training.place;
    ct_tally tally = {0};
    f->loss = ct_read_element((ct_dtype)cost->dtype, cost->data, 0);
    if (!isfinite(f->loss)) return refuse_loss(f, batch, output);
    ct_tally_batch(&tally, cost, output, batch.y);
    add_tally(&place->in_epoch, &tally);
    add_tally(&place->in_row, &tally);
    return true;
}

static int64_t size_of(const graph *g) { return g->batch.y->extent->dim[0]; }

static bool record(fit *f, graph *g) {
    g->batch = ct_next_at(f->at, f->loader);
    g->cost = compute(f, g->batch, &g->output);
    return g->cost;
}

/* Moves the parameters against the gradient of the cost that g has computed. */
static bool descend(fit *f, const graph *g) {
    return note(f, g->batch, g->output, g->cost) && ct_backward_at(f->at, g->cost) && ct_step_at(f->at, f->o.optim);
}

/* With the graph of the whole batches, recorded anew when there is none or a larger batch comes. */
static bool step_whole(fit *f) {
    graph *g = &f->whole;
    if (g->cost && ct_next_size(f->loader) == size_of(g))
        return ct_refill_at(f->at, f->loader, g->batch) && ct_replay_at(f->at, g->cost) && descend(f, g);
    ct_close(g->scope);
    *g = (graph){.scope = ct_begin()};
    return record(f, g) && descend(f, g);
}

/* With a graph for this step alone. */
static bool step_alone(fit *f) {
    graph g = {.scope = ct_begin()};
    bool ok = record(f, &g) && descend(f, &g);
    ct_close(g.scope);
    return ok;
}

/* A batch for an optimiser that asks for its loss as often as it likes, in scopes of its own. */
typedef struct question {
    fit *f;
    ct_batch batch;
    bool noted; /* the loss before the step */
} question;

static ct_tensor *answer(void *context) {
    question *q = context;
    ct_tensor *output, *cost = compute(q->f, q->batch, &output);
    if (!cost || (!q->noted && !note(q->f, q->batch, output, cost))) return NULL;
    q->noted = true;
    return cost;
}

static bool step_by_questions(fit *f) {
    ct_scope s = ct_begin();
    question q = {f, ct_next_at(f->at, f->loader), false};
    if (q.batch.y) ct_step_closure_at(f->at, f->o.optim, answer, &q);
    ct_close(s);
    return !ct_error_pending();
}

static bool learn(fit *f) {
    if (f->o.optim->lbfgs) return step_by_questions(f);
    bool smaller = f->whole.cost && ct_next_size(f->loader) < size_of(&f->whole); /* the last of an epoch */
    return f->o.record_each_step || smaller ? step_alone(f) : step_whole(f);
}

static bool step(fit *f) {
    ct_training_place *place = &f->training.place;
    if (place->batch == 0) place->in_epoch = (ct_tally){0};
    const unsigned mode = ct_flush_denormals(); /* late in a training most gradients are as small, which is slow */
    const bool learned = learn(f);
    ct_restore_denormals(mode);
    if (!learned) return false;
    ct_loader_place next = ct_loader_tell(f->loader);
    place->step++;
    place->epoch = next.epoch;
    place->batch = next.batch;
    return true;
}

/* ---- what is measured --------------------------------------------------------------------------------------- */

static bool due(int64_t every, int64_t step) { return every > 0 && step % every == 0; }

static bool measure(fit *f, ct_loader *loader, ct_score *score) {
    return !loader || ct_measure(f->at, f->training.net, loader, f->o.loss, NULL, score);
}

/* Looks at the validation data where it is time to, and decides on early stopping. False with an error raised. */
static bool look(fit *f, bool ends, ct_history_row *row, bool *stop) {
    ct_training_place *place = &f->training.place;
    bool is_look = f->o.validate_every ? due(f->o.validate_every, place->step) : row->epoch_ends;
    *stop = false;
    if (!f->o.validation || !(is_look || ends)) return true;
    if (!measure(f, f->o.validation, &row->validation)) return false;
    *stop = is_look && ct_stop_early(f->o.early_stop, &place->stop, row->validation.loss);
    return true;
}

/* Fills the row of this step, if it has one: *wanted. */
static bool fill_row(fit *f, ct_history_row *row, bool *wanted, bool *stop) {
    ct_training_place *place = &f->training.place;
    bool epoch_ends = place->batch == 0, ends = epoch_ends || place->step == f->steps;
    *row = (ct_history_row){.epoch = place->epoch + !epoch_ends, .step = place->step, .epoch_ends = epoch_ends,
                            .lr = ct_learning_rate(f->o.optim)};
    if (!look(f, ends, row, stop)) return false;
    ends = ends || *stop;
    *wanted = ends || row->validation.samples || due(f->o.log_every, place->step);
    if (!*wanted) return true;
    row->train = ct_tally_score(epoch_ends ? &place->in_epoch : &place->in_row);
    place->in_row = (ct_tally){0};
    if (ends && (!measure(f, f->o.train, &row->train) || !measure(f, f->o.test, &row->test))) return false;
    row->seconds = ct_seconds() - f->begun;
    return !f->o.history || ct_history_add_at(f->at, f->o.history, row);
}

/* ---- the loop ----------------------------------------------------------------------------------------------- */

static bool save(fit *f) {
    ct_training_place *place = &f->training.place;
    if (!f->o.checkpoint_file || f->saved == place->step) return true;
    place->seconds = ct_seconds() - f->begun;
    f->saved = place->step;
    return ct_write_training(f->at, &f->training, f->o.checkpoint_file);
}

/* The learning rate of the steps to come. */
static bool schedule(fit *f, const ct_history_row *row) {
    double loss = row->validation.samples ? row->validation.loss : row->train.loss;
    if (!f->o.schedule || !(f->o.schedule_each_step || row->epoch_ends)) return true;
    return ct_schedule_step_on_at(f->at, f->o.schedule, f->o.schedule_each_step ? f->loss : loss);
}

/* Rows, hooks, progress and checkpoint after a step. *end tells whether it was the last one, and why. */
static bool after_step(fit *f, ct_fit_end *end) {
    ct_training_place *place = &f->training.place;
    ct_history_row row;
    bool has_row, stop_early;
    if (!fill_row(f, &row, &has_row, &stop_early) || !schedule(f, &row)) return false;
    bool epoch_ends = place->batch == 0, go_on = true;
    ct_fit_moment now = {f->training.net, f->o.optim, place, f->loss, ct_batches(f->loader), f->steps,
                         has_row ? &row : NULL};
    if (f->o.after_step) go_on = f->o.after_step(f->o.context, &now);
    if (f->o.after_epoch && epoch_ends) go_on = f->o.after_epoch(f->o.context, &now) && go_on;
    if (ct_error_pending()) return false;
    ct_progress_show(&f->progress, &now);
    if (stop_early) *end = CT_FIT_EARLY;
    else if (place->step >= f->steps) *end = CT_FIT_DONE;
    else if (!go_on || (f->o.interrupt && *f->o.interrupt)) *end = CT_FIT_INTERRUPTED;
    bool save_now = f->o.checkpoint_every ? due(f->o.checkpoint_every, place->step) : epoch_ends;
    return !(save_now || *end) || save(f);
}

static ct_fit_end run(fit *f) {
    ct_training_place *place = &f->training.place;
    ct_fit_end end = CT_FIT_FAILED; /* not yet */
    if (f->o.early_stop.patience && place->stop.waited >= f->o.early_stop.patience) return CT_FIT_EARLY;
    if (place->step >= f->steps) return CT_FIT_DONE;
    while (!end)
        if (!step(f) || !after_step(f, &end)) return CT_FIT_FAILED;
    return end;
}

/* ---- options ------------------------------------------------------------------------------------------------ */

static bool refuse(const char *at, const char *why) {
    return ct_raise(CT_ERR_ARGUMENT, "ct_fit", at, "%s", why), false;
}

static bool valid(const char *at, const ct_loader *loader, const ct_fit_options *o) {
    if (!o->optim) return refuse(at, "`optim` is not given");
    if (o->epochs < 0 || o->steps < 0 || (!o->epochs && !o->steps))
        return refuse(at, "epochs or steps must be given, and be positive");
    if (!(o->l2 >= 0 && isfinite(o->l2))) return refuse(at, "l2 is not 0 or positive and finite");
    if (o->validate_every < 0 || o->log_every < 0 || o->checkpoint_every < 0)
        return refuse(at, "a number of steps is negative");
    if (o->early_stop.patience < 0 || !(o->early_stop.min_delta >= 0))
        return refuse(at, "early_stop has a negative number");
    if ((o->early_stop.patience || o->validate_every) && !o->validation)
        return refuse(at, "early_stop and validate_every look at `validation`, which is not given");
    if ((o->resume || o->checkpoint_every) && !o->checkpoint_file) return refuse(at, "`checkpoint_file` is not given");
    if (o->train == loader) return refuse(at, "`train` is the loader that is learnt from: give it one of its own");
    return true;
}

/* Steps of all epochs, at most `steps`. */
static int64_t plan(const ct_loader *loader, const ct_fit_options *o) {
    int64_t all = INT64_MAX, batches = ct_batches(loader);
    if (o->epochs && o->epochs <= INT64_MAX / batches) all = o->epochs * batches;
    return o->steps && o->steps < all ? o->steps : all;
}

/* Goes on from the checkpoint, if there is one. */
static bool begin(fit *f) {
    ct_training_place *place = &f->training.place;
    const char *file = f->o.checkpoint_file;
    if (f->o.resume && ct_file_exists(file) && !ct_read_training(f->at, &f->training, file)) return false;
    if (place->batches && place->batches != ct_batches(f->loader))
        return ct_raise(CT_ERR_ARGUMENT, "ct_fit", f->at,
                        "%s: of epochs of %" PRId64 " batches, but the loader has %" PRId64, file, place->batches,
                        ct_batches(f->loader)),
               false;
    place->batches = ct_batches(f->loader);
    if (!ct_loader_seek_at(f->at, f->loader, (ct_loader_place){place->epoch, place->batch})) return false;
    f->begun = ct_seconds() - place->seconds;
    ct_progress_begin(&f->progress, f->o.progress, place->step, f->o.epochs);
    return true;
}

ct_fit_end ct_fit_at(const char *at, ct_module *net, ct_loader *loader, const ct_fit_options *options) {
    if (!net || !loader || !options || (!options->optim && ct_error_status())) /* what failed before is the cause */
        ct_raise_null("ct_fit", at, !net ? 0 : !loader ? 1 : 2);
    if (ct_error_pending() || !valid(at, loader, options)) return ct_error_report(), CT_FIT_FAILED;
    fit f = {.at = at, .loader = loader, .o = *options, .saved = -1, .steps = plan(loader, options),
             .training = {.net = net, .optim = options->optim, .schedule = options->schedule,
                          .history = options->history},
             .whole.scope = ct_begin()};
    if (!f.o.loss) f.o.loss = ct_cross_entropy_at;
    bool was_training = ct_is_training(net);
    ct_set_training(net, true);
    ct_fit_end end = begin(&f) ? run(&f) : CT_FIT_FAILED;
    ct_set_training(net, was_training);
    ct_close(f.whole.scope);
    ct_progress_end(&f.progress);
    return ct_error_report() ? end : CT_FIT_FAILED;
}
