/* How a convolution is computed: conv_plan.c makes the plan, conv_run.c follows it.
 *
 * z and x are two sides of one relation. In direction CT_CONV_X the source is z and the target x, else the other way
 * round. Where the stride is not 1, x is seen as several planes, its phases: place j of phase f is x at
 * j * stride + residue(f) - padding. Between any phase and z a tap is then a constant offset of places. */
#ifndef COTANGENT_AUTOGRAD_CONV_PLAN_H
#define COTANGENT_AUTOGRAD_CONV_PLAN_H

#include "autograd/ops/conv.h"
#include "autograd/ops/conv_kernels.h"

/* One axis, as seen from the source and from the target. */
typedef struct ct_conv_side {
    int64_t extent, step, lead; /* place j of phase f is at j * step + residue(f) - lead */
    int64_t phases;
} ct_conv_side;

typedef struct ct_conv_span {
    ct_conv_side source, target;
    int64_t period;       /* taps of one phase are so far apart */
    int64_t first, count; /* places of the target, over all phases */
    int64_t reach;        /* largest offset */
} ct_conv_span;

/* The places of the target that one phase of it has, and the taps that they are made of. */
typedef struct ct_conv_phase {
    int64_t start[2], end[2]; /* places, counted from axis.first */
    int64_t taps;             /* for each channel of the source */
    int64_t before;           /* taps of the phases before it */
} ct_conv_phase;

struct ct_conv_plan {
    ct_conv_geometry geometry;
    ct_conv_direction direction;
    int64_t item;             /* bytes of an element */
    int64_t sources, targets; /* channels of each group */
    int64_t kernel;           /* taps in all */
    ct_conv_span axis[2];
    ct_conv_phase *phase;
    int64_t *tap;              /* of each phase in turn, its taps: places in the kernel */
    int64_t *offset;           /* likewise, (sources, taps): places in the packed planes */
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

static inline bool ct_conv_gathers(const ct_conv_plan *p) { return p->direction != CT_CONV_X; }

/* Of a tap, and of all taps of its phase. */
static inline int64_t ct_conv_residue(const ct_conv_axis *a, int64_t tap) { return tap * a->dilation % a->stride; }

static inline int64_t ct_conv_source_planes(const ct_conv_plan *p) {
    return p->axis[0].source.phases * p->axis[1].source.phases;
}

/* Targets whose results are made at once. */
static inline int ct_conv_block(const ct_conv_plan *p) { return ct_conv_kernels()->of[p->geometry.dtype].block; }

/* A loop over the phases of the target. */
#define CT_EACH_PHASE(p, f, number)                                                                                  \
    for (int64_t number[2] = {0}, f = 0; number[0] < (p)->axis[0].target.phases; number[0]++)                        \
        for (number[1] = 0; number[1] < (p)->axis[1].target.phases; number[1]++, f++)

#endif
