/* Convolution over numbers, after a plan: images are packed into flat planes, and flat results unpacked. */
#include "autograd/ops/conv_plan.h"

#include <string.h>

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/* ---- parts of the work -------------------------------------------------------------------------------------- */

static const struct ct_conv_loops *loops(const ct_conv_plan *p) { return &ct_conv_kernels()->of[p->geometry.dtype]; }

static char *element(const ct_conv_plan *p, const void *base, int64_t elements) {
    return (char *)base + elements * p->item;
}

/* Elements of a channel of an image. */
static int64_t source_size(const ct_conv_plan *p) { return p->axis[0].source.extent * p->axis[1].source.extent; }
static int64_t target_size(const ct_conv_plan *p) { return p->axis[0].target.extent * p->axis[1].target.extent; }

/* Packs all phases of a group's channels in an image of the source, from row `start` of the places on. */
static void pack(const ct_conv_plan *p, const void *source, int64_t image, int64_t group, int64_t start, char *to) {
    const char *channels = element(p, source, (image * p->geometry.groups + group) * p->sources * source_size(p));
    ct_conv_field f = {.planes = p->sources,
                       .stride = ct_conv_source_planes(p) * p->plane,
                       .rows = p->band + p->axis[0].reach,
                       .pitch = p->pitch,
                       .size = p->plane};
    for (int64_t plane = 0; plane < ct_conv_source_planes(p); plane++, to = element(p, to, p->plane)) {
        int64_t number[2] = {plane / p->axis[1].source.phases, plane % p->axis[1].source.phases};
        for (int i = 0; i < 2; i++) {
            const ct_conv_span *a = &p->axis[i];
            int64_t shift = a->source.phases > 1 ? ct_conv_residue(&p->geometry.axis[i], number[i]) : 0;
            f.extent[i] = a->source.extent;
            f.step[i] = a->source.step;
            f.first[i] = (a->first + (i ? 0 : start)) * a->source.step + shift - a->source.lead;
        }
        loops(p)->pack(&f, channels, to);
    }
}

/* ---- correlation -------------------------------------------------------------------------------------------- */

/* Rows of the weight that are made at once from target channel t of a group on. */
static int outputs_at(const ct_conv_plan *p, int64_t t) {
    return t + ct_conv_block(p) <= p->targets ? ct_conv_block(p) : 1;
}

/* Where the packed weight of some targets begins: (groups, phases, targets in blocks, sources, taps, block). */
static int64_t packed_weight(const ct_conv_plan *p, int64_t group, int64_t f, int64_t target) {
    int64_t before = (group * p->kernel + p->phase[f].before) * p->targets + target * p->phase[f].taps;
    return before * p->sources;
}

static void pack_weight(const ct_conv_plan *p, const void *weight) {
    bool gathers = ct_conv_gathers(p);
    ct_conv_weave w = {.sources = p->sources,
                       .by_source = gathers ? p->kernel : p->targets * p->kernel,
                       .by_target = gathers ? p->sources * p->kernel : p->kernel};
    for (int64_t group = 0; group < p->geometry.groups; group++) {
        CT_EACH_PHASE(p, f, number) {
            w.taps = p->phase[f].taps;
            w.tap = p->tap + p->phase[f].before;
            for (int64_t t = 0; t < p->targets; t += w.outputs) {
                int64_t from = group * p->sources * p->targets * p->kernel + t * w.by_target;
                w.outputs = outputs_at(p, t);
                loops(p)->weave(&w, element(p, weight, from), element(p, p->weight, packed_weight(p, group, f, t)));
            }
        }
    }
}

typedef struct correlation {
    const ct_conv_plan *plan;
    const void *source, *bias;
    void *target;
    bool add;
} correlation;

/* Puts flat results into rows [start, end) of the places of a phase, of channel `plane` of all images. */
static void unpack(const correlation *c, const ct_conv_phase *f, const int64_t *number, int64_t start, int64_t end,
                   int64_t plane, const char *flat) {
    const ct_conv_plan *p = c->plan;
    const ct_conv_side *down = &p->axis[0].target, *right = &p->axis[1].target;
    const void *bias = c->bias ? element(p, c->bias, plane % (p->geometry.groups * p->targets)) : NULL;
    int64_t to[2];
    for (int i = 0; i < 2; i++) {
        const ct_conv_side *t = &p->axis[i].target;
        int64_t shift = ct_conv_gathers(p) ? 0 : ct_conv_residue(&p->geometry.axis[i], number[i]);
        to[i] = ((i ? f->start[1] : start) + p->axis[i].first) * t->step + shift - t->lead;
    }
    ct_conv_rows rows = {.rows = end - start,
                         .n = f->end[1] - f->start[1],
                         .pitch = p->pitch,
                         .stride = down->step * right->extent,
                         .step = right->step,
                         .add = c->add};
    rows.compact = rows.n == rows.stride;
    loops(p)->put(&rows, flat, bias, element(p, c->target, plane * target_size(p) + to[0] * right->extent + to[1]));
}

/* One phase of the targets of a group in an image, from the packed source; `first` is the first of these channels. */
static void correlate_phase(const correlation *c, int64_t first, int64_t group, int64_t band, int64_t index,
                            const int64_t *number, const char *packed, char *flat) {
    const ct_conv_plan *p = c->plan;
    const ct_conv_phase *f = &p->phase[index];
    int64_t start = larger(f->start[0], band * p->band), end = smaller(f->end[0], (band + 1) * p->band);
    if (start >= end || f->start[1] >= f->end[1]) return;
    ct_conv_taps k = {.taps = p->sources * f->taps,
                      .length = (end - start - 1) * p->pitch + f->end[1] - f->start[1],
                      .offset = p->offset + p->sources * f->before,
                      .x = element(p, packed, (start - band * p->band) * p->pitch + f->start[1]),
                      .z = flat,
                      .pitch = p->flat};
    for (int64_t t = 0; t < p->targets; t += k.outputs) {
        k.outputs = outputs_at(p, t);
        k.w = element(p, p->weight, packed_weight(p, group, index, t));
        loops(p)->correlate(&k);
        for (int64_t i = 0; i < k.outputs; i++)
            unpack(c, f, number, start, end, first + t + i, element(p, flat, i * p->flat));
    }
}

static void correlate_task(void *context, int64_t task) {
    const correlation *c = context;
    const ct_conv_plan *p = c->plan;
    int64_t groups = p->geometry.groups, units = p->geometry.n * groups * p->bands;
    char *packed = element(p, p->memory, task * p->work), *flat = element(p, packed, p->source_work);
    for (int64_t unit = units * task / p->tasks; unit < units * (task + 1) / p->tasks; unit++) {
        int64_t band = unit % p->bands, group = unit / p->bands % groups, image = unit / p->bands / groups;
        pack(p, c->source, image, group, band * p->band, packed);
        CT_EACH_PHASE(p, f, number)
        correlate_phase(c, (image * groups + group) * p->targets, group, band, f, number, packed, flat);
    }
}

/* Whether some places of the target belong to no phase, as no tap meets them. */
static bool leaves_gaps(const ct_conv_plan *p) {
    return p->axis[0].target.phases < p->axis[0].target.step || p->axis[1].target.phases < p->axis[1].target.step;
}

void ct_conv_correlate(const ct_conv_plan *p, const void *source, const void *weight, const void *bias, void *target,
                       bool add) {
    correlation c = {p, source, bias, target, add};
    int64_t channels = p->geometry.n * p->geometry.groups * p->targets;
    if (!add && leaves_gaps(p)) memset(target, 0, (size_t)(channels * target_size(p) * p->item));
    pack_weight(p, weight);
    ct_parallel(p->tasks, correlate_task, &c);
}

/* ---- the weight --------------------------------------------------------------------------------------------- */

typedef struct weighing {
    const ct_conv_plan *plan;
    const void *x, *z;
    void *weight;
} weighing;

/* Packs rows [start, start + band) of the places of z, of `count` channels of all images from `first` on. */
static void pack_z(const ct_conv_plan *p, const void *z, int64_t first, int64_t count, int64_t start, char *to) {
    ct_conv_field f = {.planes = count,
                       .stride = p->flat,
                       .first = {start, 0},
                       .step = {1, 1},
                       .rows = p->band,
                       .pitch = p->pitch,
                       .size = p->flat};
    for (int i = 0; i < 2; i++) f.extent[i] = p->axis[i].target.extent;
    loops(p)->pack(&f, element(p, z, first * target_size(p)), to);
}

/* Adds what slabs [first, first + count) contribute to `rows` rows of a group's weight, from row `row` on. */
static void weigh_slabs(const weighing *w, int64_t group, int64_t row, int64_t rows, int64_t first, int64_t count,
                        char *packed) {
    const ct_conv_plan *p = w->plan;
    char *packed_z = element(p, packed, p->source_work);
    int64_t x_slab = p->source_work / p->slabs, z_slab = rows * p->flat;
    for (int64_t s = 0; s < count; s++) {
        int64_t image = (first + s) / p->bands, start = (first + s) % p->bands * p->band;
        int64_t channel = (image * p->geometry.groups + group) * p->targets + row;
        pack(p, w->x, image, group, start, element(p, packed, s * x_slab));
        pack_z(p, w->z, channel, rows, start, element(p, packed_z, s * z_slab));
    }
    int64_t taps = p->sources * p->kernel;
    loops(p)->dots(&(ct_conv_dots){.outputs = rows,
                                   .taps = taps,
                                   .slabs = count,
                                   .length = p->flat,
                                   .offset = p->offset,
                                   .g = packed_z,
                                   .x = packed,
                                   .g_row = p->flat,
                                   .g_slab = z_slab,
                                   .x_slab = x_slab,
                                   .z = element(p, w->weight, (group * p->targets + row) * taps),
                                   .pitch = taps});
}

static void weigh_task(void *context, int64_t task) {
    const weighing *w = context;
    const ct_conv_plan *p = w->plan;
    int64_t slabs = p->geometry.n * p->bands, end = smaller((task + 1) * p->rows, p->geometry.groups * p->targets);
    char *packed = element(p, p->memory, task * p->work);
    for (int64_t row = task * p->rows, next; row < end; row = next) {
        int64_t group = row / p->targets;
        next = smaller(end, (group + 1) * p->targets);
        for (int64_t s = 0; s < slabs; s += p->slabs)
            weigh_slabs(w, group, row - group * p->targets, next - row, s, smaller(p->slabs, slabs - s), packed);
    }
}

void ct_conv_weigh(const ct_conv_plan *p, const void *x, const void *z, void *weight, bool add) {
    weighing w = {p, x, z, weight};
    int64_t size = p->geometry.groups * p->targets * p->sources * p->kernel;
    if (!add) memset(weight, 0, (size_t)(size * p->item));
    ct_parallel(p->tasks, weigh_task, &w);
}
