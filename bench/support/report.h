/* What a benchmark found: tables and acceptance lines on the terminal, and the same in files for plots, records. */
#ifndef COTANGENT_BENCH_REPORT_H
#define COTANGENT_BENCH_REPORT_H

#include <stdbool.h>

/* One benchmark a program. The files are NAME.json, and for each table NAME-TABLE.tsv, in the folder that the
 * environment's CT_BENCH_RESULTS names; without it there are none. Refuses (false) in a build that is none to
 * measure. */
bool report_begin(const char *name, const char *about);

/* A table of numbers; ends with a NULL column. */
void report_table(const char *table, const char *title, const char *const *columns);
void report_row(const char *name, const double *values);

/* A limit that the project has set itself: value <= limit. NaN counts as not measured. */
void report_check(const char *what, double value, double limit);
void report_check_least(const char *what, double value, double least);

/* Prints the acceptance lines, writes the files; main()'s result. `failed`: what was computed was wrong. */
int report_end(bool failed);

#endif
