/* cotangent train: trains a multilayer perceptron on images. */
#include "train.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

/* The second Ctrl-C is the system's again. */
static void interrupt(int signal_number) {
    interrupted = 1;
    signal(signal_number, SIG_DFL);
}

/* What one training is made of. */
typedef struct training {
    const arguments *arguments;
    plan plan;
    images images;
    ct_module *net;
    ct_loss_function *loss;
    ct_optim *optim;
    ct_schedule *schedule;
    ct_history *history;
    ct_confusion *confusion; /* of the test data */
    ct_training_place place; /* after the last step */
    ct_fit_end end;
} training;

static const char *end_name(const training *t) {
    switch (t->end) {
    case CT_FIT_EARLY: return "early stopping";
    case CT_FIT_INTERRUPTED: return "interruption";
    default: return t->plan.steps ? "all steps" : "all epochs";
    }
}

/* ---- going on ----------------------------------------------------------------------------------------------- */

/* As the shell reads it back. */
static void print_word(const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=./:,%@";
    if (*text && !text[strspn(text, plain)]) {
        fprintf(stderr, " %s", text);
        return;
    }
    fprintf(stderr, " '");
    for (; *text; text++) fprintf(stderr, *text == '\'' ? "'\\''" : "%c", *text);
    fprintf(stderr, "'");
}

/* The command that goes on from the checkpoint. */
static void print_command(const training *t, const char *checkpoint) {
    const arguments *a = t->arguments;
    fprintf(stderr, "\nInterrupted after step %lld. To go on:\n  cotangent train", (long long)t->place.step);
    for (int i = 0; i < a->n_options; i++) {
        if (!strcmp(a->option[i].name, "resume") || !strcmp(a->option[i].name, "checkpoint")) continue;
        fprintf(stderr, " --%s", a->option[i].name);
        if (a->option[i].value) print_word(a->option[i].value);
    }
    fprintf(stderr, " --checkpoint");
    print_word(checkpoint);
    fprintf(stderr, " --resume\n");
}

static bool remember_place(void *context, const ct_fit_moment *now) {
    training *t = context;
    t->place = *now->place;
    return true;
}

/* Where no checkpoint was asked for, one is written for whoever interrupted. */
static bool keep_interrupted(training *t, double seconds) {
    char path[4096];
    const plan *p = &t->plan;
    const char *checkpoint = p->value[W_CHECKPOINT];
    if (is_word(p, W_CHECKPOINT, "none")) {
        bool in_folder = !is_word(p, W_OUT, "none");
        snprintf(path, sizeof path, "%s%scheckpoint.safetensors", in_folder ? p->value[W_OUT] : "",
                 in_folder ? "/" : "");
        t->place.seconds += seconds;
        ct_training all = {t->net, t->optim, t->schedule, t->history, t->place};
        if (!ct_save_training(&all, path)) return complain(p->command, "the checkpoint"), false;
        checkpoint = path;
    }
    print_command(t, checkpoint);
    return true;
}

/* ---- training ----------------------------------------------------------------------------------------------- */

static bool prepare(training *t) {
    plan *p = &t->plan;
    if (p->threads) ct_set_threads((int)p->threads);
    ct_seed(p->seed);
    t->loss = find_loss(p);
    if (!t->loss) return false;
    t->net = make_net(p);
    t->optim = t->net ? make_optim(p, t->net) : NULL;
    if (!t->optim || !make_schedule(p, t->optim, &t->schedule)) return false;
    if (!is_word(p, W_OUT, "none") && !ct_make_folder(p->value[W_OUT])) return complain(p->command, "--out"), false;
    if (!load_images(p, &t->images)) return false;
    t->history = ct_history_new();
    t->confusion = ct_confusion_new(p->sizes[p->n_sizes - 1]);
    return (t->history && t->confusion) || (complain(p->command, "the history"), false);
}

static bool fit(training *t) {
    const plan *p = &t->plan;
    bool has_checkpoint = !is_word(p, W_CHECKPOINT, "none");
    struct timespec begun, ended;
    const struct sigaction action = {.sa_handler = interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    t->end = ct_fit(t->net, t->images.train,
                    &(ct_fit_options){.loss = t->loss,
                                      .optim = t->optim,
                                      .schedule = t->schedule,
                                      .schedule_each_step = p->steps > 0,
                                      .epochs = p->epochs,
                                      .steps = p->steps,
                                      .l2 = p->l2,
                                      .validation = t->images.validation,
                                      .test = t->images.test,
                                      .train = t->images.again,
                                      .validate_every = p->validate_every,
                                      .log_every = p->log_every,
                                      .early_stop = {p->patience, p->min_delta},
                                      .history = t->history,
                                      .progress = is_set(p, W_QUIET) ? NULL : stderr,
                                      .after_step = remember_place,
                                      .context = t,
                                      .interrupt = &interrupted,
                                      .checkpoint_file = has_checkpoint ? p->value[W_CHECKPOINT] : NULL,
                                      .checkpoint_every = p->checkpoint_every,
                                      .resume = is_set(p, W_RESUME)});
    clock_gettime(CLOCK_MONOTONIC, &ended);
    if (t->end == CT_FIT_FAILED) return complain(p->command, "the training"), false;
    double seconds = (double)(ended.tv_sec - begun.tv_sec) + 1e-9 * (double)(ended.tv_nsec - begun.tv_nsec);
    return t->end != CT_FIT_INTERRUPTED || keep_interrupted(t, seconds);
}

/* ---- what is told afterwards -------------------------------------------------------------------------------- */

static void print_summary(const training *t) {
    const plan *p = &t->plan;
    int64_t n = ct_history_size(t->history), parameters = 0;
    if (is_set(p, W_QUIET) || is_set(p, W_JSON) || !n) return;
    const ct_history_row *last = ct_history_get(t->history, n - 1);
    ct_list list = ct_parameters(t->net);
    for (int i = 0; i < list.n; i++) parameters += ct_size(list.items[i]);
    printf("%lld parameters, %lld steps in %.2f s, ended by %s\n", (long long)parameters, (long long)last->step,
           last->seconds, end_name(t));
    const ct_score *scores[] = {&last->train, &last->validation, &last->test};
    static const char *const names[] = {"training", "validation", "test"};
    for (int i = 0; i < 3; i++)
        if (scores[i]->samples)
            printf("%-10s  loss %.4f, accuracy %.2f %% of %lld samples\n", names[i], scores[i]->loss,
                   100 * scores[i]->accuracy, (long long)scores[i]->samples);
}

/* The page, its pictures and the weights; without gnuplot the rest of them. */
static bool write_out(const training *t, const ct_run *run) {
    const plan *p = &t->plan;
    const char *folder = p->value[W_OUT];
    char weights[4096];
    if (is_word(p, W_OUT, "none")) return true;
    snprintf(weights, sizeof weights, "%s/weights.safetensors", folder);
    if (!ct_save(t->net, weights) || !ct_write_run(run, folder)) return complain(p->command, "--out"), false;
    bool ok = ct_write_report(CT_RUNS(folder), folder, NULL);
    if (!ok && ct_error_status() != CT_ERR_UNAVAILABLE) return complain(p->command, "the page"), false;
    if (!ok) complain(p->command, "warning");
    if (!is_set(p, W_QUIET) && !is_set(p, W_JSON)) printf("page        %s/report.html\n", folder);
    return true;
}

/* The settings as the page shows them: all words but those that say where and how to print. */
static int list_settings(const plan *p, ct_setting settings[W_COUNT]) {
    int n = 0;
    for (int w = 0; w < W_COUNT; w++)
        if (w < W_CHECKPOINT || w == W_MEASURE_TRAIN || w == W_QUICK)
            settings[n++] = (ct_setting){word_names[w], p->value[w]};
    return n;
}

static bool tell(training *t) {
    const plan *p = &t->plan;
    ct_setting settings[W_COUNT];
    ct_score score;
    print_summary(t);
    if (is_word(p, W_OUT, "none") && !is_set(p, W_JSON)) return true;
    if (!ct_evaluate(t->net, t->images.test, t->loss, t->confusion, &score))
        return complain(p->command, "the test data"), false;
    bool titled = !is_word(p, W_TITLE, "the sizes");
    ct_run run = {.title = titled ? p->value[W_TITLE] : p->value[W_LAYERS],
                  .end = end_name(t),
                  .settings = settings,
                  .n_settings = list_settings(p, settings),
                  .net = t->net,
                  .history = t->history,
                  .confusion = t->confusion,
                  .sample = ct_label(ct_next(t->images.test).x, "images")};
    if (is_set(p, W_JSON) && !ct_print_run(&run, stdout)) return complain(p->command, "--json"), false;
    return write_out(t, &run);
}

static int run_train(const arguments *a) {
    training t = {.arguments = a};
    bool ok = make_plan(a, &t.plan) && prepare(&t) && fit(&t) && tell(&t);
    ct_confusion_free(t.confusion);
    ct_history_free(t.history);
    ct_schedule_free(t.schedule);
    ct_optim_free(t.optim);
    ct_module_free(t.net);
    free_images(&t.images);
    free_plan(&t.plan);
    return !ok ? STATUS_USAGE : t.end == CT_FIT_INTERRUPTED ? STATUS_INTERRUPTED : STATUS_PASS;
}

const command train_command = {
    .name = "train",
    .synopsis = "",
    .summary = "train a multilayer perceptron on images",
    .about = "Reads images in MNIST's format, trains, and with --out writes a page with curves,\n"
             "confusions and settings, its pictures with their gnuplot scripts, the history as\n"
             "CSV, and the weights. Values in brackets are those of words that are not given.\n"
             "\n"
             "A file given by --config has the same words, a line each, as in `batch = 24`;\n"
             "the command line wins. Ctrl-C finishes the step, writes a checkpoint and prints\n"
             "the command that goes on with the same bits; the exit status is then 130.\n",
    .examples = "The presets, Fashion-MNIST of Debian's dataset-fashion-mnist:\n"
                "  cotangent train --out first\n"
                "MNIST's 70,000 images split anew, a deeper net, Adam with a rate that falls:\n"
                "  cotangent train --data mnist --split 90:10 --layers 784,256,512,128,10 \\\n"
                "      --init he --optimizer adam --lr 0.001 --schedule cosine --epochs 100 --out deep\n"
                "Ending when 10 epochs brought nothing, and going on after an interruption:\n"
                "  cotangent train --val 0.2 --early-stop 10:1e-4 --checkpoint run.safetensors\n"
                "  cotangent train --val 0.2 --early-stop 10:1e-4 --checkpoint run.safetensors --resume\n",
    .options = train_options,
    .run = run_train,
};
