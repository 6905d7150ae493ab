/* Pages about trainings: what is written, and that every failure on the way is told and leaves nothing half-done. */
#include "report/report.h"
#include "support/files.h"
#include "support/memory.h"

#include <check.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ct_module *net;
static ct_history *history;
static ct_confusion *confusion;
static char folder[64], page[96];

static void setup(void) {
    ck_assert_int_eq(setenv("PATH", "/nonexistent", 1), 0); /* no gnuplot: its pictures are another's business */
    snprintf(folder, sizeof folder, "%s/run", support_make_folder());
    snprintf(page, sizeof page, "%s/report.html", folder);
    net = ct_sequential(ct_linear(3, 4), ct_tanh_layer(), ct_linear(4, 2));
    history = ct_history_new();
    confusion = ct_confusion_new(2);
    for (int i = 1; i <= 3; i++) {
        ct_history_row row = {.epoch = i, .step = 5 * i, .epoch_ends = true, .seconds = 0.5 * i, .lr = 0.1};
        row.train = (ct_score){20, 1.0 / i, 1 - 0.25 / i};
        row.test = (ct_score){10, i == 2 ? 0.25 : 0.5, i == 2 ? 0.9 : 0.8};
        ck_assert(ct_history_add(history, &row));
    }
    ct_scope s = ct_begin();
    double output[] = {2, 1, 0, 1, 3, 2}; /* guesses 0, 1, 0 */
    int64_t truth[] = {0, 1, 1};
    ck_assert(
        ct_confusion_add(confusion, ct_from(CT_F64, CT_SHAPE(3, 2), output), ct_from(CT_I64, CT_SHAPE(3), truth)));
    ck_assert(ct_end(s));
}

static void teardown(void) {
    char command[128];
    ct_module_free(net);
    ct_history_free(history);
    ct_confusion_free(confusion);
    snprintf(command, sizeof command, "/bin/rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
    support_remove_folder();
}

static ct_run a_run(void) {
    static const ct_setting settings[] = {{"batch", "4"}, {"layers", "<3,4,2>"}};
    return (ct_run){.title = "first & only",
                    .end = "all epochs",
                    .settings = settings,
                    .n_settings = 2,
                    .net = net,
                    .history = history,
                    .confusion = confusion};
}

static bool write_run(void) {
    ct_run run = a_run();
    return ct_write_run(&run, folder);
}

/* The page, which is written without curves. */
static bool write_page(void) {
    return !ct_write_report(CT_RUNS(folder), folder, NULL) && ct_error_status() == CT_ERR_UNAVAILABLE;
}

static bool contains(const char *path, const char *wanted) {
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is not there", path);
    char *text = calloc(1 << 18, 1);
    ck_assert_ptr_nonnull(text);
    text[fread(text, 1, (1 << 18) - 1, file)] = '\0';
    bool found = strstr(text, wanted) != NULL;
    free(text);
    fclose(file);
    return found;
}

START_TEST(figures) {
    static const char *const wanted[] = {
        "<h1>first &#38; only</h1>",
        "<b>80.00 %</b><span>accuracy on test data, at the end",
        "<b>90.00 %</b><span>best accuracy on test data",
        "<b>91.67 %</b><span>accuracy on training data",
        "<b>26</b><span>parameters",
        "<b>1.50 s</b>",
        "1 &rarr; 0 (1)",
        "&#60;3,4,2&#62;",
        "<td>0.weight</td><td>(4, 3)</td>",
        "<td>1</td><td>2</td><td>100.00</td><td>50.00</td><td>66.67</td>", /* class 1: samples, precision, recall, F1
                                                                            */
    };
    ck_assert(write_run());
    ck_assert(write_page());
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        ck_assert_msg(contains(page, wanted[i]), "the page is without %s", wanted[i]);
}
END_TEST

START_TEST(needs) {
    ct_run run = a_run();
    run.net = NULL;
    ck_assert(!ct_write_run(&run, folder) && ct_error_status() == CT_ERR_ARGUMENT);
    ct_error_clear();
    ck_assert(!ct_write_run(NULL, folder) && ct_error_status() == CT_ERR_NULL);
    ck_assert(!ct_write_run(&run, NULL));
    ck_assert(!ct_print_run(NULL, stdout) && ct_error_status() == CT_ERR_NULL);
    ck_assert(!ct_write_report(CT_RUNS("/nonexistent"), folder, NULL) && ct_error_status() == CT_ERR_FILE);
    ck_assert(!ct_write_report((ct_runs){0}, folder, NULL) && ct_error_status() == CT_ERR_ARGUMENT);
    ck_assert(!ct_make_folder("/dev/null/x") && ct_error_status() == CT_ERR_FILE);
    ck_assert(access(page, F_OK) != 0);
    run = (ct_run){.net = net, .history = history}; /* all else may be left out */
    ck_assert(ct_write_run(&run, folder));
    ck_assert(write_page());
}
END_TEST

/* What is printed is what stands in the file, but for the time of day. */
START_TEST(printed) {
    ct_run run = a_run();
    char path[96], *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert_msg(ct_print_run(&run, out) && fclose(out) == 0, "%s", ct_error());
    ck_assert(strstr(text, "\"title\": \"first & only\"") && strstr(text, "\"best_accuracy\": 0.9"));
    snprintf(path, sizeof path, "%s/run.json", folder);
    ck_assert(write_run());
    char *parameters = strstr(text, "\"layers\"");
    ck_assert(parameters && contains(path, parameters));
    free(text);
    out = fopen("/dev/full", "w");
    ck_assert(!ct_print_run(&run, out) && ct_error_status() == CT_ERR_FILE);
    fclose(out);
}
END_TEST

/* A run whose text is `json`, by its folder's path with a slash behind. */
static void put_run(const char *json) {
    char path[96];
    snprintf(path, sizeof path, "%s/run.json", folder);
    ck_assert(write_run());
    FILE *file = fopen(path, "w");
    ck_assert(file && fputs(json, file) >= 0 && fclose(file) == 0);
}

START_TEST(weights_without_a_name) {
    put_run("{\"format\": \"cotangent run 1\", \"layers\": [{\"shape\": [2, 3], \"n\": 6,"
            " \"histogram\": {\"limit\": 1, \"count\": [6]}}]}");
    ck_assert_msg(ct_write_report(CT_RUNS(folder), folder, NULL), "%s", ct_error()); /* there is nothing to plot */
}
END_TEST

START_TEST(names_of_runs) {
    char slashed[72], run[96];
    snprintf(slashed, sizeof slashed, "%s//", folder);
    snprintf(run, sizeof run, "%s/run.json", folder);
    ck_assert(write_run());
    ck_assert(!contains(run, "\\n\"")); /* the processor's name, which /proc has as a line */
    ck_assert(!ct_write_report(CT_RUNS(slashed, folder), folder, NULL) && ct_error_status() == CT_ERR_UNAVAILABLE);
    ck_assert(contains(page, ">run</") && !contains(page, "run//"));
}
END_TEST

/* Skipped where no such locale is installed. */
START_TEST(numbers_in_every_locale) {
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ru_RU.UTF-8"};
    char published[96], figures_of[96];
    snprintf(published, sizeof published, "%s/published.csv", folder);
    snprintf(figures_of, sizeof figures_of, "%s/plots/weights-1.csv", folder);
    for (int i = 0; i < 4 && !setlocale(LC_ALL, names[i]); i++) continue;
    ck_assert(write_run());
    FILE *file = fopen(published, "w");
    ck_assert(file && fputs("run,measure,value,note\nrun,test.accuracy,80.00,\n", file) >= 0 && !fclose(file));
    ck_assert(!ct_write_report(CT_RUNS(folder), folder, &(ct_report_options){.published = published}));
    ck_assert_msg(ct_error_status() == CT_ERR_UNAVAILABLE, "%s", ct_error());
    setlocale(LC_ALL, "C");
    ck_assert(contains(page, ">equal<") && contains(page, "80.00 %"));
    ck_assert(contains(figures_of, "\n0.") || contains(figures_of, "\n-0."));
}
END_TEST

/* ---- failures ----------------------------------------------------------------------------------------------- */

static bool write_both(void) { return write_run() && write_page(); }

/* Each file call fails in turn, also with all after it: the calls say so, and nothing stays open. */
static void fail_files(void (*break_call)(int64_t k)) {
    support_fail_file_call(-1);
    ck_assert(write_both());
    int64_t n = support_file_calls();
    ck_assert_int_gt(n, 40);
    for (int64_t k = 0; k < n; k++) {
        break_call(k);
        bool ok = write_both();
        ck_assert_int_eq(support_open_files(), 0);
        ck_assert_msg(ok || *ct_error(), "call %d fails without an error", (int)k);
    }
    support_restore_files();
}

START_TEST(files_fail) { fail_files(support_fail_file_call); }
END_TEST
START_TEST(disk_full) { fail_files(support_fail_file_calls_from); }
END_TEST

/* What is needed for gnuplot alone is done without. */
START_TEST(memory_fails) {
    support_fail_allocation(-1);
    ck_assert(write_both());
    int64_t n = support_allocations();
    support_restore_allocator();
    for (int64_t k = 0; k < n; k++) {
        support_fail_allocation(k);
        bool ok = write_both();
        int64_t live = support_live_bytes();
        support_restore_allocator();
        ck_assert_msg(ok || ct_error_status() == CT_ERR_MEMORY, "allocation %d: %s", (int)k, ct_error());
        ck_assert_int_eq(live, 0);
    }
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("report");
    TCase *pages = tcase_create("pages");
    tcase_add_checked_fixture(pages, setup, teardown);
    tcase_add_test(pages, figures);
    tcase_add_test(pages, needs);
    tcase_add_test(pages, printed);
    tcase_add_test(pages, weights_without_a_name);
    tcase_add_test(pages, names_of_runs);
    tcase_add_test(pages, numbers_in_every_locale);
    tcase_add_test(pages, files_fail);
    tcase_add_test(pages, disk_full);
    tcase_add_test(pages, memory_fails);
    suite_add_tcase(suite, pages);
    return suite;
}
