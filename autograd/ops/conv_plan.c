/* How a convolution is cut into parts, and the memory that they take. */
#include "autograd/ops/conv_plan.h"
#include "tensor/checked.h"

#define WORK ((int64_t)1 << 19) /* bytes of packed planes that a task aims at: they stay in its cache */

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t ceiling(int64_t a, int64_t b) { return a > 0 ? (a - 1) / b + 1 : -(-a / b); } /* of a / b, b > 0 */
static int64_t round_up(int64_t n) { return ceiling(n, CT_CONV_LANES) * CT_CONV_LANES; }

/* ---- axes ----------------------------------------------------------------------------------------- */

static int64_t divisor(int64_t a, int64_t b) { return b ? divisor(b, a % b) : a; }

static ct_conv_span plan_axis(const ct_conv_axis *a, bool gather) {
    int64_t period = a->stride / divisor(a->stride, a->dilation), reach = (a->taps - 1) * a->dilation / a->stride;
    ct_conv_side x = {a->x, a->stride, a->padding, smaller(a->taps, period)}, z = {a->z, 1, gather ? 0 : reach, 1};
    ct_conv_span own = {.source = gather ? x : z, .target = gather ? z : x, .period = period, .reach = reach};
    own.first = own.target.lead / own.target.step;
    own.count = (own.target.lead + own.target.extent - 1) / own.target.step + 1 - own.first;
    return own;
}

static int64_t offset_of(const ct_conv_plan *p, int i, int64_t tap) {
    int64_t steps = tap * p->geometry.axis[i].dilation / p->geometry.axis[i].stride;
    return ct_conv_gathers(p) ? steps : p->axis[i].reach - steps;
}

/* The zeros behind one row may be those in front of the next. */
static int64_t plan_pitch(const ct_conv_span *a) {
    int64_t zeros = larger(a->source.lead / a->source.step - a->first, 0);
    int64_t end = (a->source.extent + a->source.lead - 1) / a->source.step + 1 - a->first;
    return larger(larger(a->count, smaller(end, a->count + a->reach)), a->count + a->reach - zeros);
}

/* ---- phases of the target, and taps --------------------------------------------------------------- */

static void plan_phase(const ct_conv_plan *p, ct_conv_phase *f, const int64_t *number) {
    f->taps = 1;
    for (int i = 0; i < 2; i++) {
        const ct_conv_span *a = &p->axis[i];
        const ct_conv_side *t = &a->target;
        int64_t from = t->lead - (ct_conv_gathers(p) ? 0 : ct_conv_residue(&p->geometry.axis[i], number[i]));
        f->start[i] = larger(ceiling(from, t->step), 0) - a->first;
        f->end[i] = ceiling(from + t->extent, t->step) - a->first;
        f->taps *=
            ct_conv_gathers(p) ? p->geometry.axis[i].taps : ceiling(p->geometry.axis[i].taps - number[i], a->period);
    }
}

/* A loop over the taps of a phase of the target, k[0] and k[1], in order. */
#define EACH_TAP(p, number, k)                                                                                       \
    for (int64_t k[2] = {(number)[0]}; k[0] < (p)->geometry.axis[0].taps;                                            \
         k[0] += ct_conv_gathers(p) ? 1 : (p)->axis[0].period)                                                       \
        for (k[1] = (number)[1]; k[1] < (p)->geometry.axis[1].taps;                                                  \
             k[1] += ct_conv_gathers(p) ? 1 : (p)->axis[1].period)

static void plan_taps(ct_conv_plan *p) {
    int64_t before = 0, *tap = p->tap, *offset = p->offset;
    CT_EACH_PHASE(p, f, number) {
        plan_phase(p, &p->phase[f], number);
        p->phase[f].before = before;
        before += p->phase[f].taps;
        EACH_TAP(p, number, k) *tap++ = k[0] * p->geometry.axis[1].taps + k[1];
        for (int64_t c = 0; c < p->sources; c++) {
            EACH_TAP(p, number, k) {
                int64_t plane = c * ct_conv_source_planes(p);
                if (ct_conv_gathers(p))
                    plane += k[0] % p->axis[0].period * p->axis[1].source.phases + k[1] % p->axis[1].period;
                *offset++ = plane * p->plane + offset_of(p, 0, k[0]) * p->pitch + offset_of(p, 1, k[1]);
            }
        }
    }
}

/* ---- memory --------------------------------------------------------------------------------------- */

/* Sizes saturate where no memory is so large, so that it is the allocation that fails. */
static int64_t times(int64_t a, int64_t b) {
    const int64_t most = (int64_t)1 << 56;
    int64_t product;
    return ct_checked_mul_i64(a, b, &product) && product < most ? product : most;
}

/* Packed planes of z, or rows of flat results, that a band needs. */
static int64_t flat_rows(const ct_conv_plan *p) {
    return p->direction == CT_CONV_WEIGHT ? p->geometry.o : ct_conv_block(p);
}

/* How many rows of places are packed at once: as many as fit, for all planes of the source. */
static void plan_bands(ct_conv_plan *p) {
    int64_t planes = times(p->sources, ct_conv_source_planes(p)), reach = p->axis[0].reach, count = p->axis[0].count;
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
    p->tap = allocate(p->kernel, 1, sizeof *p->tap);
    p->offset = allocate(p->sources, p->kernel, sizeof *p->offset);
    p->memory = allocate(p->tasks, p->work, item);
    p->weight = p->direction == CT_CONV_WEIGHT
                    ? p->memory
                    : allocate(times(g->groups, p->targets), times(p->sources, p->kernel), item);
    return p->phase && p->tap && p->offset && p->memory && p->weight;
}

ct_conv_plan *ct_conv_make_plan(const ct_conv_geometry *geometry, ct_conv_direction direction) {
    ct_conv_plan *p = ct_scope_alloc(ct_this.depth, sizeof *p);
    if (!p) return NULL;
    *p = (ct_conv_plan){.geometry = *geometry, .direction = direction};
    p->item = (int64_t)ct_dtype_size(geometry->dtype);
    p->sources = ct_conv_gathers(p) ? geometry->c : geometry->o;
    p->targets = ct_conv_gathers(p) ? geometry->o : geometry->c;
    p->kernel = times(geometry->axis[0].taps, geometry->axis[1].taps);
    for (int i = 0; i < 2; i++) p->axis[i] = plan_axis(&geometry->axis[i], ct_conv_gathers(p));
    p->pitch = plan_pitch(&p->axis[1]);
    plan_bands(p);
    plan_tasks(p);
    if (!allocate_plan(p)) return NULL;
    plan_taps(p);
    return p;
}
