/* cotangent report: a page about trainings. */
#include "common.h"

static int run_report(const arguments *a) {
    const char *out = option_value(a, "out");
    if (a->n_operands < 1) return complain(a->command, "folders that `cotangent train --out` wrote are wanted");
    if (!out && a->n_operands > 1) return complain(a->command, "--out DIR is wanted, for the page about all of them");
    if (!out) out = a->operand[0];
    ct_runs runs = {a->n_operands, (const char *const *)a->operand};
    ct_report_options options = {.title = option_value(a, "title"),
                                 .notes = option_value(a, "notes"),
                                 .published = option_value(a, "published"),
                                 .table = has_option(a, "quiet") ? NULL : stdout};
    bool ok = ct_write_report(runs, out, &options);
    if (!ok && ct_error_status() != CT_ERR_UNAVAILABLE) return complain(a->command, "no page");
    if (!ok) complain(a->command, "warning");
    if (options.table) printf("\nThe page is %s/report.html\n", out);
    return STATUS_PASS;
}

static const option_row options[] = {
    {"out", "DIR", "folder for the page and its pictures (that of the only run)"},
    {"title", "TEXT", "of the page"},
    {"notes", "FILE", "a text for the page: paragraphs, # headings, - items"},
    {"published", "FILE", "CSV lines run,measure,value,note of figures to stand beside ours"},
    {"quiet", NULL, "print no tables"},
    {NULL, NULL, NULL},
};

const command report_command = {
    .name = "report",
    .synopsis = "DIR...",
    .summary = "compare trainings in one page",
    .about = "Each DIR was written by `cotangent train --out DIR`. The page has their figures in one\n"
             "table, which is printed too, their curves in common pictures, and what differs\n"
             "between their settings; which is more accurate, has the lower loss, the smaller\n"
             "gap between training and test, and took less time.\n"
             "\n"
             "Measures for --published are paths into a run's run.json: test.best_accuracy,\n"
             "train.lowest_loss, validation.accuracy, seconds, parameters. Accuracies are given\n"
             "in per cent. With a note a figure gets no verdict.\n",
    .examples = "  cotangent report --out both model_a model_b\n"
                "  cotangent report --out grid --published published.csv runs/*\n",
    .options = options,
    .run = run_report,
};
