/* Checkpoints: the same bits after a resumption, whatever killed the run; damaged files; failing calls. */
#include "support/files.h"
#include "support/memory.h"
#include "support/training.h"
#include "tensor/internal.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME "run.checkpoint"
#define STEPS 90 /* 22 epochs and 2 batches */
#define MAX_SIZE (1 << 18)

static const char *path;

static void setup(void) {
    support_make_folder();
    path = support_path(FILE_NAME);
}

static void teardown(void) {
    ct_error_clear();
    support_remove_folder();
}

static tiny begin(int optimizer) { return tiny_begin(optimizer, (ct_loader_options){.shuffle = true}); }

/* The run that was left alone. */
static tiny run_whole(int optimizer) {
    tiny t = begin(optimizer);
    ck_assert_msg(tiny_fit(&t, STEPS, (ct_fit_options){0}) == CT_FIT_DONE, "%s: %s", tiny_optimizer(optimizer),
                  ct_error());
    return t;
}

static ct_fit_options with_checkpoint(int64_t every) {
    return (ct_fit_options){.checkpoint_file = path, .checkpoint_every = every, .resume = true};
}

/* ---- resuming ----------------------------------------------------------------------------------------------- */

/* Every optimiser, stopped at every sort of place: in an epoch, at its end, before and in its smaller last batch. */
START_TEST(test_resumed) {
    for (int k = 0; k < tiny_optimizers(); k++) {
        tiny whole = run_whole(k);
        static const int64_t stops[] = {1, 2, 3, 4, 30, 39, STEPS};
        remove(path);
        for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
            tiny part = begin(k);
            if (i > 0) ct_seed(1000); /* must not matter any more */
            ck_assert_msg(tiny_fit(&part, stops[i], with_checkpoint(STEPS)) == CT_FIT_DONE, "%s", ct_error());
            ck_assert_int_eq(ct_history_get(part.history, ct_history_size(part.history) - 1)->step, stops[i]);
            if (stops[i] == STEPS) {
                /* rows of the ends of parts are the only difference */
                ck_assert_int_gt(ct_history_size(part.history), ct_history_size(whole.history));
                ct_history_free(part.history);
                part.history = ct_history_new();
                ct_history_free(whole.history);
                whole.history = ct_history_new();
                tiny_check_same(&whole, &part);
            }
            tiny_end(&part);
        }
        tiny_end(&whole);
    }
}
END_TEST

/* What early stopping has seen goes on too, and a run that has ended stays ended. */
START_TEST(test_resumed_end) {
    tiny t = begin(0);
    ct_loader *others = ct_loader_new(t.data, &(ct_loader_options){.batch = 50, .dtype = CT_F64});
    ct_fit_options o = with_checkpoint(0);
    o.validation = others;
    o.early_stop = (ct_early_stop){.patience = 3, .min_delta = 100};
    ck_assert_int_eq(tiny_fit(&t, 8, o), CT_FIT_DONE);
    ck_assert_int_eq(tiny_fit(&t, STEPS, o), CT_FIT_EARLY);
    int64_t rows = ct_history_size(t.history);
    ck_assert_int_eq(ct_history_get(t.history, rows - 1)->step, 4 * TINY_BATCHES);
    ck_assert_int_eq(tiny_fit(&t, STEPS, o), CT_FIT_EARLY);
    ck_assert_int_eq(ct_history_size(t.history), rows);
    ct_loader_free(others);
    tiny_end(&t);
}
END_TEST

/* ---- kill -9 ------------------------------------------------------------------------------------------------ */

/* A process that trains, with a checkpoint each third step, and is killed after some microseconds. True if it came to
 * its end. */
static bool run_and_kill(int optimizer, int64_t microseconds) {
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        tiny t = begin(optimizer);
        _exit(tiny_fit(&t, STEPS, with_checkpoint(3)) == CT_FIT_DONE ? 0 : 1);
    }
    int status;
    nanosleep(&(struct timespec){.tv_nsec = 1000 * microseconds}, NULL);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "the run failed");
    return !WIFSIGNALED(status);
}

/* The file as it was left behind is whole. */
static void check_loads(int optimizer) {
    tiny t = begin(optimizer);
    ct_training training = {.net = t.net, .optim = t.optim, .schedule = t.schedule, .history = t.history};
    if (access(path, F_OK) == 0) {
        ck_assert_msg(ct_load_training(&training, path), "%s", ct_error());
        ck_assert_int_gt(training.place.step, 0);
    }
    tiny_end(&t);
}

/* Kills each optimiser's run until there were enough, letting it go on each time; at the end it has the same bits. */
static void kill_often(int kills) {
    for (int k = 0, killed = 0; killed < kills; k = (k + 1) % tiny_optimizers()) {
        tiny whole = run_whole(k), last = begin(k);
        remove(path);
        for (int i = 0; i < 5; i++) {
            uint64_t wait = ct_random_below(5, (uint64_t)killed, (uint64_t)i, 25000);
            if (run_and_kill(k, 500 + (int64_t)wait)) break;
            killed++;
            check_loads(k);
        }
        ck_assert_msg(tiny_fit(&last, STEPS, with_checkpoint(3)) == CT_FIT_DONE, "%s", ct_error());
        tiny_check_same(&whole, &last);
        tiny_end(&whole);
        tiny_end(&last);
    }
}

START_TEST(test_killed) {
    const char *kills = getenv("CT_TEST_KILLS");
    kill_often(kills ? atoi(kills) : 2 * tiny_optimizers());
}
END_TEST

/* ---- damage ------------------------------------------------------------------------------------------------- */

static void copy_checkpoint(tiny *t, uint8_t *bytes, size_t *n) {
    ck_assert_msg(tiny_fit(t, 7, with_checkpoint(0)) == CT_FIT_DONE, "%s", ct_error());
    *n = support_get(FILE_NAME, bytes, MAX_SIZE);
}

/* Cut anywhere, or with any of its bytes changed, a file loads or is refused with a message; when it is refused, all
 * is as it was. */
START_TEST(test_damaged) {
    static uint8_t good[MAX_SIZE], bad[MAX_SIZE];
    size_t n;
    tiny t = begin(1), fresh = begin(1);
    copy_checkpoint(&t, good, &n);
    int refused = 0;
    for (int i = 0; i < 600; i++) {
        size_t place = (size_t)ct_random_below(1, 1, (uint64_t)i, n);
        memcpy(bad, good, n);
        if (i % 3) bad[place] ^= (uint8_t)(1 + i % 255);
        support_put(FILE_NAME, bad, i % 3 ? n : place);
        tiny other = begin(1);
        ct_training training = {
            .net = other.net, .optim = other.optim, .schedule = other.schedule, .history = other.history};
        if (!ct_load_training(&training, path)) {
            refused++;
            ck_assert_msg(strstr(ct_error(), "ct_load_training: ") && strstr(ct_error(), FILE_NAME), "%s", ct_error());
            tiny_check_same(&other, &fresh);
            ck_assert_int_eq(training.place.step, 0);
            ct_error_clear();
        } else {
            ck_assert(i % 3); /* a cut file never loads */
        }
        tiny_end(&other);
    }
    ck_assert_int_ge(refused, 200);
    tiny_end(&t);
    tiny_end(&fresh);
}
END_TEST

static void load_refused(ct_training training, const char *text) {
    ck_assert(!ct_load_training(&training, path));
    ck_assert_msg(strstr(ct_error(), text), "'%s', not '%s'", ct_error(), text);
    ct_error_clear();
}

/* The checkpoint of another net, optimiser, or of no checkpoint at all. */
START_TEST(test_of_another) {
    tiny t = begin(1), sgd = begin(0);
    ck_assert_int_eq(tiny_fit(&t, 7, with_checkpoint(0)), CT_FIT_DONE);
    ct_module *wide = ct_sequential(ct_linear(3, 7, .dtype = CT_F64), ct_linear(7, 4, .dtype = CT_F64));
    ct_training good = {.net = t.net, .optim = t.optim, .schedule = t.schedule, .history = t.history}, other = good;
    other.net = wide;
    load_refused(other, "parameter \"net.0.weight\" is f64 (6,3) in the file, f64 (7,3) here");
    other = good;
    other.optim = sgd.optim;
    load_refused(other, "state of the optimiser");
    other = good;
    other.schedule = NULL;
    load_refused(other, "nothing here takes its \"schedule.");
    ck_assert(ct_save(t.net, path));
    load_refused(good, "there is no value \"training.counts\"");
    remove(path);
    load_refused(good, "cannot open: No such file");
    ct_module_free(wide);
    ck_assert_int_eq(tiny_fit(&t, 7, with_checkpoint(0)), CT_FIT_DONE);
    ct_loader_free(t.loader);
    t.loader = ct_loader_new(t.data, &(ct_loader_options){.batch = 10, .dtype = CT_F64});
    ck_assert_int_eq(tiny_fit(&t, 9, with_checkpoint(0)), CT_FIT_FAILED);
    ck_assert_msg(strstr(ct_error(), "of epochs of 4 batches, but the loader has 5"), "%s", ct_error());
    ct_error_clear();
    tiny_end(&t);
    tiny_end(&sgd);
}
END_TEST

/* ---- failing calls ------------------------------------------------------------------------------------------ */

/* A disk that is full, or a file that cannot be written for another reason, ends the fit; the file before stays. */
static void fail_saving(void (*fail_at)(int64_t k)) {
    static uint8_t good[MAX_SIZE], now[MAX_SIZE];
    tiny t = begin(1);
    size_t n;
    copy_checkpoint(&t, good, &n);
    for (int64_t k = 0;; k++) {
        support_put(FILE_NAME, good, n);
        tiny more = begin(1);
        ct_training training = {
            .net = more.net, .optim = more.optim, .schedule = more.schedule, .history = more.history};
        fail_at(k);
        bool saved = ct_save_training(&training, path);
        bool done = support_file_calls() <= k;
        support_restore_files();
        ck_assert_int_eq(support_open_files(), 0);
        if (!saved) {
            ck_assert_int_eq(ct_error_status(), CT_ERR_FILE);
            ck_assert_msg(strstr(ct_error(), FILE_NAME), "%s", ct_error());
            bool only_folder = strstr(ct_error(), "written, but its folder");
            if (!only_folder) ck_assert_uint_eq(support_get(FILE_NAME, now, MAX_SIZE), n);
            if (!only_folder) ck_assert_mem_eq(now, good, n);
            ct_error_clear();
        }
        tiny_end(&more);
        if (done) break;
    }
    tiny_end(&t);
}

START_TEST(test_saving_fails) { fail_saving(support_fail_file_call); }
END_TEST

START_TEST(test_disk_full) { fail_saving(support_fail_file_calls_from); }
END_TEST

START_TEST(test_unwritable) {
    tiny t = begin(0);
    ct_fit_options o = with_checkpoint(1);
    o.checkpoint_file = "/nowhere/run.checkpoint";
    ck_assert_int_eq(tiny_fit(&t, 5, o), CT_FIT_FAILED);
    ck_assert_int_eq(ct_error_status(), CT_ERR_FILE);
    ck_assert_msg(strstr(ct_error(), "/nowhere/run.checkpoint: cannot"), "%s", ct_error());
    ct_error_clear();
    o.checkpoint_file = "/dev/full";
    o.resume = false;
    ck_assert_int_eq(tiny_fit(&t, 5, o), CT_FIT_FAILED);
    ck_assert_msg(strstr(ct_error(), "/dev/full: not a regular file"), "%s", ct_error());
    ct_error_clear();
    ck_assert(!ct_write_history_csv(t.history, "/nowhere/h.csv"));
    ct_error_clear();
    ck_assert(!ct_write_history_json(t.history, "/dev/full"));
    tiny_end(&t);
}
END_TEST

START_TEST(test_allocations_fail) {
    tiny t = begin(1), other = begin(1);
    ct_training from = {.net = t.net, .optim = t.optim, .schedule = t.schedule};
    ct_training to = {.net = other.net, .optim = other.optim, .schedule = other.schedule};
    ct_release_memory();
    for (int64_t k = 0;; k++) {
        support_fail_allocation(k);
        bool ok = ct_save_training(&from, path) && ct_load_training(&to, path);
        ct_release_memory();
        ck_assert_int_eq(support_live_bytes(), 0);
        if (support_allocations() <= k) {
            ck_assert_msg(ok, "%s", ct_error());
            break;
        }
        if (!ok) ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
        ct_error_clear();
    }
    ck_assert_int_ge(support_allocations(), 4);
    support_restore_allocator();
    tiny_end(&t);
    tiny_end(&other);
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("checkpoints");
    TCase *t;
    suite_add_tcase(suite, t = tcase_create("resuming"));
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_resumed);
    tcase_add_test(t, test_resumed_end);
    suite_add_tcase(suite, t = tcase_create("killing"));
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_killed);
    suite_add_tcase(suite, t = tcase_create("faults"));
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_damaged);
    tcase_add_test(t, test_of_another);
    tcase_add_test(t, test_saving_fails);
    tcase_add_test(t, test_disk_full);
    tcase_add_test(t, test_unwritable);
    tcase_add_test(t, test_allocations_fail);
    return suite;
}
