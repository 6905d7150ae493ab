/* report/: what the files of this room share. */
#ifndef COTANGENT_REPORT_INTERNAL_H
#define COTANGENT_REPORT_INTERNAL_H

#include "inspect/internal.h"
#include "report/report.h"
#include "tensor/checked.h"
#include "tensor/file.h"
#include "train/internal.h"

/* ---- files.c ------------------------------------------------------------------------------------------------ */

/* A path or "" where the parts are too long. */
typedef struct ct_path {
    char text[CT_MAX_PATH];
} ct_path;
ct_path ct_path_of(const char *folder, const char *name);

bool ct_put_file(const char *op, const char *at, const char *path, const void *bytes, size_t n);
bool ct_put_text(const char *op, const char *at, const char *path, ct_text *text); /* and frees it */
bool ct_get_file(const char *op, const char *at, const char *path, ct_bytes *bytes);
bool ct_need_folder(const char *op, const char *at, const char *path); /* ct_make_folder() for another */

/* ---- facts.c: a run as it is read ------------------------------------------------------------------------------- */

#define CT_RUN_FORMAT "cotangent run 1" /* what a run.json says that it is */

typedef struct ct_facts {
    const char *folder;
    char name[256]; /* the last part of the folder's path */
    json_t *json;
} ct_facts;

extern const char *const ct_set_names[3]; /* "train", "validation", "test", as in run.json */

bool ct_facts_read(const char *op, const char *at, const char *folder, ct_facts *facts);
/* By a path like "test.best_accuracy"; NULL, NaN and "" when there is none. */
const json_t *ct_fact(const ct_facts *facts, const char *path);
double ct_fact_number(const ct_facts *facts, const char *path);
const char *ct_fact_text(const ct_facts *facts, const char *path);
/* As people read it: 0.9821 as "98.21", "test.loss" as "0.0833"; "-" when there is none. */
void ct_measure_text(ct_text *out, const char *measure, double value);
/* Whether fractions of this measure are shown in per cent. */
bool ct_measure_is_share(const char *measure);

/* ---- plots.c, gnuplot.c ----------------------------------------------------------------------------------------- */

#define CT_MOST_PLOTS 32
#define CT_FEW_RUNS 4 /* are shown in full; of more, one line each */

typedef struct ct_page {
    const char *at;
    const char *folder;
    const ct_report_options *options;
    int n;
    ct_facts *runs; /* [n] */
    ct_text html;
    char scripts[CT_MOST_PLOTS][32]; /* "loss.gp" */
    int n_scripts;
    int gnuplot; /* what ct_gnuplot() returned: 0 when there are pictures */
} ct_page;

#define CT_REPORT "ct_write_report"

/* Writes data and scripts of all pictures to plots/, and lets gnuplot draw them; false with an error raised when a file
 * cannot be written. */
bool ct_plots_make(ct_page *page);
/* Runs gnuplot on scripts of a folder: its exit status, or -1 when it cannot be started. What it says is then in
 * gnuplot.log there. */
int ct_gnuplot(const char *folder, int n, const char *const *scripts);

/* ---- tables.c, published.c: parts of the page --------------------------------------------------------------- */

void ct_page_runs(ct_page *page);
void ct_page_settings(ct_page *page);
void ct_page_weights(ct_page *page);
void ct_page_classes(ct_page *page, const ct_facts *run);
void ct_page_parameters(ct_page *page, const ct_facts *run);
bool ct_page_published(ct_page *page); /* false with an error raised */
bool ct_page_notes(ct_page *page);     /* likewise */
void ct_html(ct_text *out, const char *text); /* escaped */

#endif
