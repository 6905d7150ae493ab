#include "report.h"
#include "timing.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME 62 /* characters of a row's name */

static struct {
    const char *name;
    json_t *all, *tables, *rows, *checks;
    const char *const *columns;
    FILE *tsv;
} report;

static json_t *number(double v) { return isfinite(v) ? json_real(v) : json_null(); }

static FILE *open_file(const char *table, const char *ending) {
    char path[512];
    const char *folder = getenv("CT_BENCH_RESULTS");
    if (!folder) return NULL;
    snprintf(path, sizeof path, "%s/%s%s%s%s", folder, report.name, *table ? "-" : "", table, ending);
    FILE *f = fopen(path, "w");
    if (!f) perror(path);
    return f;
}

bool report_begin(const char *name, const char *about) {
#if !defined(__OPTIMIZE__) || defined(CT_DEBUG) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    fprintf(stderr, "%s: a debug or sanitizer build measures something else\n", name);
    (void)about;
    return false;
#else
    report.name = name;
    report.all = json_object();
    report.tables = json_array();
    report.checks = json_array();
    json_object_set_new(report.all, "benchmark", json_string(name));
    json_object_set_new(report.all, "about", json_string(about));
    json_object_set_new(report.all, "machine", json_string(machine()));
    json_object_set(report.all, "tables", report.tables);
    json_object_set(report.all, "acceptance", report.checks);
    printf("%s: %s\n%s\n", name, about, machine());
    return true;
#endif
}

void report_table(const char *table, const char *title, const char *const *columns) {
    if (report.tsv) fclose(report.tsv);
    report.tsv = open_file(table, ".tsv");
    report.columns = columns;
    report.rows = json_array();
    json_array_append_new(report.tables,
                          json_pack("{s:s, s:s, s:o}", "name", table, "title", title, "rows", report.rows));
    printf("\n%-*s", NAME, title);
    for (int i = 0; columns[i]; i++) {
        printf(" %12s", columns[i]);
        if (report.tsv) fprintf(report.tsv, "%s%s", columns[i], columns[i + 1] ? "\t" : "\n");
    }
    printf("\n");
}

void report_row(const char *name, const double *values) {
    json_t *row = json_object();
    json_object_set_new(row, "name", json_string(name));
    printf("%-*s", NAME, name);
    for (int i = 0; report.columns[i]; i++) {
        json_object_set_new(row, report.columns[i], number(values[i]));
        if (isnan(values[i])) printf(" %12s", "-");
        else printf(" %12.*f", fabs(values[i]) < 10 ? 3 : 1, values[i]);
        if (report.tsv) fprintf(report.tsv, "%.9g%s", values[i], report.columns[i + 1] ? "\t" : "\n");
    }
    printf("\n");
    fflush(stdout);
    json_array_append_new(report.rows, row);
}

static void check(const char *what, double value, double limit, bool least) {
    const char *verdict = isnan(value)                                ? "not measured"
                          : (least ? value >= limit : value <= limit) ? "met"
                                                                      : "MISSED";
    json_array_append_new(report.checks,
                          json_pack("{s:s, s:o, s:s, s:f, s:s}", "line", what, "value", number(value), "bound",
                                    least ? "at least" : "at most", "limit", limit, "verdict", verdict));
}

void report_check(const char *what, double value, double limit) { check(what, value, limit, false); }
void report_check_least(const char *what, double value, double least) { check(what, value, least, true); }

static void print_checks(void) {
    size_t i;
    json_t *c;
    if (json_array_size(report.checks)) printf("\nAcceptance\n");
    json_array_foreach(report.checks, i, c)
        printf("%-12s %9.3f, %s %-9g %s\n", json_string_value(json_object_get(c, "verdict")),
               json_is_real(json_object_get(c, "value")) ? json_real_value(json_object_get(c, "value")) : NAN,
               json_string_value(json_object_get(c, "bound")), json_real_value(json_object_get(c, "limit")),
               json_string_value(json_object_get(c, "line")));
    printf("\n");
}

int report_end(bool failed) {
    print_checks();
    if (report.tsv) fclose(report.tsv);
    FILE *f = open_file("", ".json");
    if (f) {
        failed = json_dumpf(report.all, f, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) != 0 || failed;
        fclose(f);
    }
    json_decref(report.tables);
    json_decref(report.checks);
    json_decref(report.all);
    if (failed) fprintf(stderr, "%s: what was computed is wrong, or could not be kept\n", report.name);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
