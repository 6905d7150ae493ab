/* The line that a person watches while a model trains. */
#include "train/internal.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

#define TERMINAL_PAUSE 0.1 /* seconds between two lines over each other */
#define FILE_PAUSE 10.0    /* seconds after which a file gets a line, although no epoch has ended */

double ct_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void ct_progress_begin(ct_progress *progress, FILE *out, int64_t first_step, int64_t epochs) {
    double now = ct_seconds();
    *progress = (ct_progress){out, out && isatty(fileno(out)), now, now, first_step, epochs};
}

static void show_score(FILE *out, const char *name, ct_score score) {
    if (score.samples == 0) return;
    fprintf(out, "   %sloss %.4g", name, ct_printed(score.loss));
    if (!isnan(score.accuracy)) fprintf(out, ", accuracy %.2f %%", 100 * score.accuracy);
}

static void show_duration(FILE *out, double seconds) {
    if (seconds < 60) fprintf(out, "%.0f s", seconds);
    else if (seconds < 3600) fprintf(out, "%.0f min %02d s", floor(seconds / 60), (int)fmod(seconds, 60));
    else fprintf(out, "%.0f h %02d min", floor(seconds / 3600), (int)(fmod(seconds, 3600) / 60));
}

void ct_progress_show(ct_progress *progress, const ct_fit_moment *now) {
    if (!progress->out) return;
    FILE *out = progress->out;
    const ct_training_place *place = now->place;
    double time = ct_seconds(), pause = progress->terminal ? TERMINAL_PAUSE : FILE_PAUSE;
    bool ends = now->row && now->row->epoch_ends, last = place->step == now->steps_planned;
    if (!ends && !last && time < progress->shown + pause) return;
    progress->shown = time;
    double rate = (double)(place->step - progress->first_step) / (time - progress->begun + 1e-9);
    fprintf(out, "%sepoch %" PRId64, progress->terminal ? "\r" : "", place->epoch + !ends);
    if (progress->epochs) fprintf(out, " of %" PRId64, progress->epochs);
    fprintf(out, "   batch %" PRId64 " of %" PRId64, ends ? now->batches : place->batch, now->batches);
    show_score(out, "", now->row ? now->row->train : ct_tally_score(&place->in_epoch));
    if (now->row) show_score(out, "validation ", now->row->validation);
    if (now->row) show_score(out, "test ", now->row->test);
    fprintf(out, "   %.0f steps/s, ", rate);
    show_duration(out, (double)(now->steps_planned - place->step) / rate);
    fprintf(out, " left%s", progress->terminal ? "\x1b[K" : ""); /* which clears the rest of a longer line */
    fputs(ends || last || !progress->terminal ? "\n" : "", out);
    fflush(out);
}

void ct_progress_end(const ct_progress *progress) {
    if (!progress->out || !progress->terminal) return;
    fputs("\r\x1b[K", progress->out);
    fflush(progress->out);
}
