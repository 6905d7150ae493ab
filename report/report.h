/* report/: pages about trainings. What a training was is kept in a folder, and pages are made from such folders, one
 * for a page about a run, several for a comparison:
 *
 *     ct_write_run(&(ct_run){.title = "784-128-64-10", .net = net, .history = history}, "out/first");
 *     ct_write_report(CT_RUNS("out/first"), "out/first", NULL);
 *     ct_write_report(CT_RUNS("out/first", "out/second"), "out/both", NULL);
 */
#ifndef COTANGENT_REPORT_H
#define COTANGENT_REPORT_H

#include <cotangent/train/train.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_setting {
    const char *name, *value; /* "batch", "64" */
} ct_setting;

/* What there is to tell about a training; all but the net and the history may be left out. */
typedef struct ct_run {
    const char *title;
    const char *end;            /* how it ended: "all epochs" */
    const ct_setting *settings; /* [n_settings] */
    int n_settings;
    ct_module *net;
    ct_tensor *sample;             /* an input of the net, of a few samples, by which it is drawn */
    const ct_history *history;
    const ct_confusion *confusion; /* of the test data */
} ct_run;

/* Writes into a folder, which is made if it is not there: history.csv; model.svg, the graph of a forward pass, if a
 * sample is given and the build has Graphviz; and at last run.json: settings, machine, times, the best and last
 * scores, confusions, and the statistics and histogram of each parameter. False, with an error, if a file could not be
 * written. */
CT_API CT_MUST_CHECK bool ct_write_run_at(const char *at, const ct_run *run, const char *folder);
#define ct_write_run(...) ct_write_run_at(CT_PLACE("ct_write_run: "), __VA_ARGS__)

/* The content of run.json. */
CT_API CT_MUST_CHECK bool ct_print_run_at(const char *at, const ct_run *run, FILE *out);
#define ct_print_run(...) ct_print_run_at(CT_PLACE("ct_print_run: "), __VA_ARGS__)

/* Makes a folder, with those above it, if it is not there. */
CT_API CT_MUST_CHECK bool ct_make_folder_at(const char *at, const char *path);
#define ct_make_folder(...) ct_make_folder_at(CT_PLACE("ct_make_folder: "), __VA_ARGS__)

/* Folders that ct_write_run() wrote to. The last part of a path, "second", is the run's name on the page. */
typedef struct ct_runs {
    int n;
    const char *const *folders;
} ct_runs;
#define CT_RUNS(...)                                                                                                 \
    ((ct_runs){.n = (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)),                             \
               .folders = CT_ARRAY_(const char *, __VA_ARGS__)})

typedef struct ct_report_options {
    const char *title;     /* (that of the only run, or the runs' names) */
    const char *notes;     /* (none) path of a text for the page: paragraphs, "# headings", "- items" */
    const char *published; /* (none) path of a CSV file of figures to stand beside ours, see below */
    FILE *table;           /* (none) takes the tables of the page as text */
} ct_report_options;

/* Writes report.html, a page that needs no other file, to a folder, which is made if it is not there; and to its
 * folder plots/ each picture as SVG and PNG, with its data and the gnuplot script that draws it, for restyling.
 *
 * A line of `published` is run,measure,value,note: "model_a,test.best_accuracy,98.21,". Measures are those of run.json,
 * with fractions as per cent; accuracies are better when larger, losses and times when smaller, and anything else is
 * to be equal. With a note our figure is shown without a verdict and the note says why. Runs that are not there are
 * passed over.
 *
 * False, with an error, when a run cannot be read or a file not be written. Where there is no gnuplot the page is
 * written without curves, the scripts and data are left, and the error is CT_ERR_UNAVAILABLE. */
CT_API CT_MUST_CHECK bool ct_write_report_at(const char *at, ct_runs runs, const char *folder,
                                             const ct_report_options *options);
#define ct_write_report(...) ct_write_report_at(CT_PLACE("ct_write_report: "), __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
