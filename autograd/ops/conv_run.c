/* Convolution over numbers, after a plan: images are packed into flat planes, and flat results unpacked.
 *
 * z and x are two sides of one relation. In direction CT_CONV_Z the source is x and the target z, else the other way
 * round. Where the stride is not 1, x is packed as several planes, its phases: place j of phase f is x at
 * j * stride + residue(f) - padding. Between any phase and z a tap is then a constant offset of places. */
#include "autograd/ops/conv.h"
#include "autograd/ops/conv_kernels.h"
#include "tensor/checked.h"

#include <math.h>
#include <string.h>

#define WORK ((int64_t)1 << 19) /* bytes of packed planes that a task aims at: they stay in its cache */

/* One axis, as seen from the source and from the target. */
typedef struct side {
    int64_t extent, step, lead; /* place j of phase f is at j * step + residue(f) - lead */
    int64_t phases;
} side;

typedef struct axis {
    side source, target;
    int64_t period;       /* taps of one phase are so far apart */
    int64_t first, count; /* places of the target, over all phases */
    int64_t reach;        /* largest offset */
} axis;

/* The places of the target that one phase of it has, and the taps that they are made of. */
typedef struct phase {
    int64_t start[2], end[2]; /* places, counted from axis.first */
    int64_t taps;             /* for each channel of the source */
    int64_t before;           /* taps of the phases before it */
} phase;

struct ct_conv_plan {
    ct_conv_geometry geometry;
    ct_conv_direction direction;
    int64_t item;             /* bytes of an element */
    int64_t sources, targets; /* channels of each group */
    int64_t kernel;           /* taps in all */
    axis axis[2];
    phase *phase;
    int64_t *offset;           /* of each phase in turn, (sources, taps) */
    int64_t pitch, plane;      /* elements of a row and of a packed plane of the source */
    int64_t band, bands;       /* rows of places that are packed at once, and how often */
    int64_t flat;              /* elements of a row of flat results, or of a packed plane of z */
    int64_t slabs;             /* CT_CONV_WEIGHT: bands of images that are packed at once */
    int64_t tasks;             /* that share the work, each with memory of its own */
    int64_t rows;              /* CT_CONV_WEIGHT: rows of the weight that a task makes */
    int64_t source_work, work; /* elements of a task's memory: packed planes of the source, and in all */
    void *memory;              /* (tasks, work) */
    void *weight;              /* packed */
};

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t ceiling(int64_t a, int64_t b) { return a > 0 ? (a - 1) / b + 1 : -(-a / b); } /* of a / b, b > 0 */
static int64_t round_up(int64_t n) { return ceiling(n, CT_CONV_LANES) * CT_CONV_LANES; }

/* ---- the plan: axes ----------------------------------------------------------------------------------------- */

static int64_t divisor(int64_t a, int64_t b) { return b ? divisor(b, a % b) : a; }

static bool gathers(const ct_conv_plan *p) { return p->direction != CT_CONV_X; }

static axis plan_axis(const ct_conv_axis *a, bool gather) {
    int64_t period = a->stride / divisor(a->stride, a->dilation), reach = (a->taps - 1) * a->dilation / a->stride;
    side x = {a->x, a->stride, a->padding, smaller(a->taps, period)}, z = {a->z, 1, gather ? 0 : reach, 1};
    axis own = {.source = gather ? x : z, .target = gather ? z : x, .period = period, .reach = reach};
    own.first = own.target.lead / own.target.step;
    own.count = (own.target.lead + own.target.extent - 1) / own.target.step + 1 - own.first;
    return own;
}

/* Of a tap, and of any of the taps of a phase. */
static int64_t residue(const ct_conv_axis *a, int64_t tap) { return tap * a->dilation % a->stride; }

static int64_t offset_of(const ct_conv_plan *p, int i, int64_t tap) {
    int64_t steps = tap * p->geometry.axis[i].dilation / p->geometry.axis[i].stride;
    return gathers(p) ? steps : p->axis[i].reach - steps;
}

/* The zeros behind one row may be those in front of the next. */
static int64_t plan_pitch(const axis *a) {
    int64_t zeros = larger(a->source.lead / a->source.step - a->first, 0);
    int64_t end = (a->source.extent + a->source.lead - 1) / a->source.step + 1 - a->first;
    return larger(larger(a->count, smaller(end, a->count + a->reach)), a->count + a->reach - zeros);
}

/* ---- the plan: phases of the target, and taps --------------------------------------------------------------- */

static void plan_phase(const ct_conv_plan *p, phase *f, const int64_t *number) {
    f->taps = 1;
    for (int i = 0; i < 2; i++) {
        const axis *a = &p->axis[i];
        const side *t = &a->target;
        int64_t from = t->lead - (gathers(p) ? 0 : residue(&p->geometry.axis[i], number[i]));
        f->start[i] = larger(ceiling(from, t->step), 0) - a->first;
        f->end[i] = ceiling(from + t->extent, t->step) - a->first;
        f->taps *= gathers(p) ? p->geometry.axis[i].taps : ceiling(p->geometry.axis[i].taps - number[i], a->period);
    }
}

/* A loop over the taps of a phase of the target, k[0] and k[1], in order. */
#define EACH_TAP(p, number, k)                                                                                       \
    for (int64_t k[2] = {(number)[0]}; k[0] < (p)->geometry.axis[0].taps;                                            \
         k[0] += gathers(p) ? 1 : (p)->axis[0].period)                                                               \
        for (k[1] = (number)[1]; k[1] < (p)->geometry.axis[1].taps; k[1] += gathers(p) ? 1 : (p)->axis[1].period)

/* A loop over the phases of the target. */
#define EACH_PHASE(p, f, number)                                                                                     \
    for (int64_t number[2] = {0}, f = 0; number[0] < (p)->axis[0].target.phases; number[0]++)                        \
        for (number[1] = 0; number[1] < (p)->axis[1].target.phases; number[1]++, f++)

static int64_t source_planes(const ct_conv_plan *p) { return p->axis[0].source.phases * p->axis[1].source.phases; }

static void plan_taps(ct_conv_plan *p) {
    int64_t before = 0, *offset = p->offset;
    EACH_PHASE(p, f, number) {
        plan_phase(p, &p->phase[f], number);
        p->phase[f].before = before;
        before += p->phase[f].taps;
        for (int64_t c = 0; c < p->sources; c++) {
            EACH_TAP(p, number, k) {
                int64_t plane = c * source_planes(p);
                if (gathers(p))
                    plane += k[0] % p->axis[0].period * p->axis[1].source.phases + k[1] % p->axis[1].period;
                *offset++ = plane * p->plane + offset_of(p, 0, k[0]) * p->pitch + offset_of(p, 1, k[1]);
            }
        }
    }
}

/* ---- the plan: memory --------------------------------------------------------------------------------------- */

/* Sizes saturate where no memory is so large, so that it is the allocation that fails. */
static int64_t times(int64_t a, int64_t b) {
    const int64_t most = (int64_t)1 << 56;
    int64_t product;
    return ct_checked_mul_i64(a, b, &product) && product < most ? product : most;
}

static int block_of(const ct_conv_plan *p) { return ct_conv_kernels()->of[p->geometry.dtype].block; }

/* Packed planes of z, or rows of flat results, that a band needs. */
static int64_t flat_rows(const ct_conv_plan *p) {
    return p->direction == CT_CONV_WEIGHT ? p->geometry.o : block_of(p);
}

/* How many rows of places are packed at once: as many as fit, for all planes of the source. */
static void plan_bands(ct_conv_plan *p) {
    int64_t planes = times(p->sources, source_planes(p)), reach = p->axis[0].reach, count = p->axis[0].count;
    int64_t room = WORK / (int64_t)ct_dtype_size(p->geometry.dtype) - times(planes, times(reach, p->pitch));
    int64_t rows = room / times(planes + flat_rows(p), p->pitch);
    p->bands = ceiling(count, larger(smaller(rows, count), 1));
    p->band = ceiling(count, p->bands);
    p->plane = round_up(times(p->band + reach, p->pitch) + p->axis[1].reach + CT_CONV_LANES);
    p->flat = round_up(times(p->band, p->pitch));
    p->source_work = times(planes, p->plane);
    p->work = p->source_work + times(flat_rows(p), p->flat);
}

/* Shares the work among the threads. Each result is computed alone, so the cuts do not show. */
static void plan_tasks(ct_conv_plan *p) {
    const ct_conv_geometry *g = &p->geometry;
    int64_t images = times(g->n, p->bands);
    if (p->direction == CT_CONV_WEIGHT) {
        p->slabs = larger(smaller(images, WORK / (int64_t)ct_dtype_size(g->dtype) / p->work), 1);
        p->source_work = times(p->slabs, p->source_work);
        p->work = times(p->slabs, p->work);
        p->rows = ceiling(times(g->groups, g->o), ct_threads());
        p->tasks = ceiling(times(g->groups, g->o), p->rows);
    } else {
        p->tasks = smaller(ct_threads(), times(images, g->groups));
    }
}

static void *allocate(int64_t n, int64_t m, size_t item) {
    size_t size = (size_t)times(n, m);
    return ct_scope_array(ct_this.depth, size ? size : 1, item);
}

static bool allocate_plan(ct_conv_plan *p) {
    const ct_conv_geometry *g = &p->geometry;
    size_t item = ct_dtype_size(g->dtype);
    p->phase = allocate(p->axis[0].target.phases, p->axis[1].target.phases, sizeof *p->phase);
    p->offset = allocate(p->sources, p->kernel, sizeof *p->offset);
    p->memory = allocate(p->tasks, p->work, item);
    p->weight = p->direction == CT_CONV_WEIGHT
                    ? p->memory
                    : allocate(times(g->groups, p->targets), times(p->sources, p->kernel), item);
    return p->phase && p->offset && p->memory && p->weight;
}

ct_conv_plan *ct_conv_make_plan(const ct_conv_geometry *geometry, ct_conv_direction direction) {
    ct_conv_plan *p = ct_scope_alloc(ct_this.depth, sizeof *p);
    if (!p) return NULL;
    *p = (ct_conv_plan){.geometry = *geometry, .direction = direction};
    p->item = (int64_t)ct_dtype_size(geometry->dtype);
    p->sources = gathers(p) ? geometry->c : geometry->o;
    p->targets = gathers(p) ? geometry->o : geometry->c;
    p->kernel = times(geometry->axis[0].taps, geometry->axis[1].taps);
    for (int i = 0; i < 2; i++) p->axis[i] = plan_axis(&geometry->axis[i], gathers(p));
    p->pitch = plan_pitch(&p->axis[1]);
    plan_bands(p);
    plan_tasks(p);
    if (!allocate_plan(p)) return NULL;
    plan_taps(p);
    return p;
}

/* ---- parts of the work -------------------------------------------------------------------------------------- */

static const struct ct_conv_loops *loops(const ct_conv_plan *p) { return &ct_conv_kernels()->of[p->geometry.dtype]; }

static char *element(const ct_conv_plan *p, const void *base, int64_t elements) {
    return (char *)base + elements * p->item;
}

/* Packs all phases of channels [first, first + count) of image n's `side`, from row `start` of the places on. */
static void pack(const ct_conv_plan *p, const void *source, int64_t first, int64_t start, char *to) {
    ct_conv_field f = {.rows = p->band + p->axis[0].reach, .pitch = p->pitch, .size = p->plane};
    for (int i = 0; i < 2; i++) {
        f.extent[i] = p->axis[i].source.extent;
        f.step[i] = p->axis[i].source.step;
    }
    for (int64_t c = first; c < first + p->sources; c++) {
        for (int64_t plane = 0; plane < source_planes(p); plane++, to = element(p, to, p->plane)) {
            int64_t number[2] = {plane / p->axis[1].source.phases, plane % p->axis[1].source.phases};
            for (int i = 0; i < 2; i++) {
                const axis *a = &p->axis[i];
                int64_t shift = a->source.phases > 1 ? residue(&p->geometry.axis[i], number[i]) : 0;
                f.first[i] = (a->first + (i ? 0 : start)) * a->source.step + shift - a->source.lead;
            }
            loops(p)->pack(&f, element(p, source, c * f.extent[0] * f.extent[1]), to);
        }
    }
}

/* ---- correlation -------------------------------------------------------------------------------------------- */

/* Rows of the weight that are made at once from target channel t of a group on. */
static int outputs_at(const ct_conv_plan *p, int64_t t) { return t + block_of(p) <= p->targets ? block_of(p) : 1; }

/* Where the packed weight of some targets begins: (groups, phases, targets in blocks, sources, taps, block). */
static int64_t packed_weight(const ct_conv_plan *p, int64_t group, int64_t f, int64_t target) {
    int64_t before = (group * p->kernel + p->phase[f].before) * p->targets + target * p->phase[f].taps;
    return before * p->sources;
}

static void pack_weight_block(const ct_conv_plan *p, const void *weight, int64_t group, int64_t f,
                              const int64_t *number, int64_t target) {
    int64_t to = packed_weight(p, group, f, target), first = group * p->sources * p->targets * p->kernel;
    int64_t by_target = gathers(p) ? p->sources * p->kernel : p->kernel;
    int64_t by_source = gathers(p) ? p->kernel : p->targets * p->kernel;
    int outputs = outputs_at(p, target);
    for (int64_t c = 0; c < p->sources; c++) {
        EACH_TAP(p, number, k) {
            int64_t from = first + c * by_source + target * by_target + k[0] * p->geometry.axis[1].taps + k[1];
            for (int64_t i = 0; i < outputs; i++, to++, from += by_target) {
                if (p->geometry.dtype == CT_F32) ((float *)p->weight)[to] = ((const float *)weight)[from];
                else ((double *)p->weight)[to] = ((const double *)weight)[from];
            }
        }
    }
}

static void pack_weight(const ct_conv_plan *p, const void *weight) {
    for (int64_t group = 0; group < p->geometry.groups; group++) {
        EACH_PHASE(p, f, number) {
            for (int64_t t = 0; t < p->targets; t += outputs_at(p, t))
                pack_weight_block(p, weight, group, f, number, t);
        }
    }
}

typedef struct correlation {
    const ct_conv_plan *plan;
    const void *source, *bias;
    void *target;
    bool add;
} correlation;

/* Puts flat results into the rows [start, end) of places of a phase of one plane of the target. */
static void unpack(const correlation *c, const phase *f, const int64_t *number, int64_t start, int64_t end,
                   int64_t channel, const char *flat, void *plane) {
    const ct_conv_plan *p = c->plan;
    const void *bias = c->bias ? element(p, c->bias, channel) : NULL;
    int64_t to[2];
    for (int i = 0; i < 2; i++) {
        const side *t = &p->axis[i].target;
        int64_t shift = gathers(p) ? 0 : residue(&p->geometry.axis[i], number[i]);
        to[i] = ((i ? f->start[1] : start) + p->axis[i].first) * t->step + shift - t->lead;
    }
    for (int64_t row = start; row < end; row++, flat = element(p, flat, p->pitch), to[0] += p->axis[0].target.step)
        loops(p)->put(f->end[1] - f->start[1], flat, bias, c->add,
                      element(p, plane, to[0] * p->axis[1].target.extent + to[1]), p->axis[1].target.step);
}

/* One phase of all targets of a group, from the packed source. */
static void correlate_phase(const correlation *c, int64_t image, int64_t group, int64_t band, int64_t index,
                            const int64_t *number, const char *packed, char *flat) {
    const ct_conv_plan *p = c->plan;
    const phase *f = &p->phase[index];
    int64_t start = larger(f->start[0], band * p->band), end = smaller(f->end[0], (band + 1) * p->band);
    int64_t size = p->axis[0].target.extent * p->axis[1].target.extent;
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
        for (int64_t i = 0; i < k.outputs; i++) {
            int64_t channel = group * p->targets + t + i, plane = image * p->geometry.groups * p->targets + channel;
            unpack(c, f, number, start, end, channel, element(p, flat, i * p->flat),
                   element(p, c->target, plane * size));
        }
    }
}

static void correlate_task(void *context, int64_t task) {
    const correlation *c = context;
    const ct_conv_plan *p = c->plan;
    int64_t groups = p->geometry.groups, units = p->geometry.n * groups * p->bands;
    char *packed = element(p, p->memory, task * p->work), *flat = element(p, packed, p->source_work);
    for (int64_t unit = units * task / p->tasks; unit < units * (task + 1) / p->tasks; unit++) {
        int64_t band = unit % p->bands, group = unit / p->bands % groups, image = unit / p->bands / groups;
        int64_t size = p->axis[0].source.extent * p->axis[1].source.extent;
        pack(p, element(p, c->source, image * groups * p->sources * size), group * p->sources, band * p->band,
             packed);
        EACH_PHASE(p, f, number) correlate_phase(c, image, group, band, f, number, packed, flat);
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
    int64_t size = p->axis[0].target.extent * p->axis[1].target.extent;
    if (!add && leaves_gaps(p)) memset(target, 0, (size_t)(channels * size) * ct_dtype_size(p->geometry.dtype));
    pack_weight(p, weight);
    ct_parallel(p->tasks, correlate_task, &c);
}

/* ---- the weight --------------------------------------------------------------------------------------------- */

typedef struct weighing {
    const ct_conv_plan *plan;
    const void *x, *z;
    void *weight;
} weighing;

/* Packs rows [start, start + band) of `count` planes of z. */
static void pack_z(const ct_conv_plan *p, const void *z, int64_t count, int64_t start, char *to) {
    ct_conv_field f = {.first = {start, 0}, .step = {1, 1}, .rows = p->band, .pitch = p->pitch, .size = p->flat};
    for (int i = 0; i < 2; i++) f.extent[i] = p->axis[i].target.extent;
    for (int64_t c = 0; c < count; c++)
        loops(p)->pack(&f, element(p, z, c * f.extent[0] * f.extent[1]), element(p, to, c * p->flat));
}

/* Adds what slabs [first, first + count) contribute to `rows` rows of a group's weight, from row `row` on. */
static void weigh_slabs(const weighing *w, int64_t group, int64_t row, int64_t rows, int64_t first, int64_t count,
                        char *packed) {
    const ct_conv_plan *p = w->plan;
    const side *xs[] = {&p->axis[0].source, &p->axis[1].source}, *zs[] = {&p->axis[0].target, &p->axis[1].target};
    char *packed_z = element(p, packed, p->source_work);
    int64_t x_slab = p->source_work / p->slabs, z_slab = rows * p->flat;
    for (int64_t s = 0; s < count; s++) {
        int64_t image = (first + s) / p->bands, start = (first + s) % p->bands * p->band;
        int64_t x_plane = image * p->geometry.groups * p->sources;
        int64_t z_plane = (image * p->geometry.groups + group) * p->targets + row;
        pack(p, element(p, w->x, x_plane * xs[0]->extent * xs[1]->extent), group * p->sources, start,
             element(p, packed, s * x_slab));
        pack_z(p, element(p, w->z, z_plane * zs[0]->extent * zs[1]->extent), rows, start,
               element(p, packed_z, s * z_slab));
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
    if (!add) memset(weight, 0, (size_t)size * ct_dtype_size(p->geometry.dtype));
    ct_parallel(p->tasks, weigh_task, &w);
}
