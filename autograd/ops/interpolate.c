/* Resizing by interpolation: along each spatial axis in turn a weighted sum of a few elements, the taps. */
#include "autograd/ops/compose.h"

#include <math.h>

#undef CT_PLACE
#define CT_PLACE(call) at

#define CUBIC (-0.75) /* the free parameter of cubic convolution, as PyTorch has it */

/* How one axis is resized. */
typedef struct resizing {
    ct_resampling mode;
    bool align_corners, single; /* single: places are computed in f32, as PyTorch does for f32 */
    int64_t in, out;
    double step; /* source elements for each result element */
} resizing;

static double rounded(const resizing *r, double v) { return r->single ? (double)(float)v : v; }

static double step_of(const resizing *r, double scale) {
    if (r->align_corners) return r->out > 1 ? rounded(r, (double)(r->in - 1) / (double)(r->out - 1)) : 0;
    return rounded(r, scale > 0 ? 1 / scale : (double)r->in / (double)r->out);
}

/* The first and behind the last of the elements that cover result element i. */
static int64_t area_start(const resizing *r, int64_t i) {
    return (int64_t)floor((double)i * (double)r->in / (double)r->out);
}
static int64_t area_stop(const resizing *r, int64_t i) {
    return (int64_t)ceil((double)(i + 1) * (double)r->in / (double)r->out);
}

static int64_t taps_of(const resizing *r) {
    if (r->mode == CT_RESAMPLE_NEAREST) return 1;
    if (r->mode == CT_RESAMPLE_LINEAR) return 2;
    if (r->mode == CT_RESAMPLE_CUBIC) return 4;
    int64_t most = 0;
    for (int64_t i = 0; i < r->out; i++) {
        int64_t n = area_stop(r, i) - area_start(r, i);
        if (n > most) most = n;
    }
    return most;
}

/* Of an element at distance d, in elements. */
static double cubic_weight(double d) {
    d = fabs(d);
    if (d <= 1) return ((CUBIC + 2) * d - (CUBIC + 3)) * d * d + 1;
    return ((CUBIC * d - 5 * CUBIC) * d + 8 * CUBIC) * d - 4 * CUBIC;
}

static int64_t within(int64_t index, int64_t extent) { return index < 0 ? 0 : index < extent ? index : extent - 1; }

/* Which element is tap k of result element i, and its weight. */
static int64_t tap(const resizing *r, int64_t i, int64_t k, double *weight) {
    *weight = 1;
    if (r->mode == CT_RESAMPLE_NEAREST) return within((int64_t)floorf((float)rounded(r, (double)i * r->step)), r->in);
    if (r->mode == CT_RESAMPLE_AREA) {
        int64_t start = area_start(r, i), n = area_stop(r, i) - start;
        *weight = k < n ? 1 / (double)n : 0;
        return within(start + k, start + n);
    }
    double place = (double)i * r->step;
    if (!r->align_corners) place = rounded(r, r->step * ((double)i + 0.5)) - 0.5;
    if (r->mode == CT_RESAMPLE_LINEAR) place = r->in == r->out ? (double)i : fmax(place, 0); /* whatever the scale */
    place = rounded(r, place);
    int64_t first = (int64_t)floor(place);
    if (first >= r->in) first = r->in - 1;
    double beyond = fmin(fmax(place - (double)first, 0), 1);
    if (r->mode == CT_RESAMPLE_LINEAR) {
        *weight = k ? beyond : 1 - beyond;
        return within(first + k, r->in);
    }
    *weight = cubic_weight(beyond - (double)(k - 1));
    return within(first + k - 1, r->in);
}

/* x with r->out instead of r->in elements along an axis. */
static ct_tensor *resized(const char *at, ct_tensor *x, int axis, const resizing *r) {
    ct_tensor *z = NULL;
    int64_t taps = taps_of(r);
    ct_shape shape = {.ndim = x ? x->ndim - axis : 1, .dim = {r->out, 1, 1}};
    for (int64_t k = 0; k < taps; k++) {
        ct_tensor *index = ct_full(CT_I64, CT_SHAPE(r->out), 0);
        ct_tensor *weight = ct_full(x ? (ct_dtype)x->dtype : CT_F64, shape, 0);
        if (!x || !index || !weight) return NULL;
        for (int64_t i = 0; i < r->out; i++) {
            double w;
            ((int64_t *)index->data)[i] = tap(r, i, k, &w);
            ct_write_element((ct_dtype)x->dtype, weight->data, i, w);
        }
        ct_tensor *part = ct_index_select(x, axis, index);
        if (taps > 1) part = ct_mul(part, weight);
        z = k ? ct_add(z, part) : part;
    }
    return z;
}

/* Whether x can be resized so; r is told about the spatial axis i. */
static bool plan(const char *at, const ct_tensor *x, const ct_resize_options *options, int i, resizing *r) {
    double scale = options->size[i] ? 0 : options->scale[i];
    r->in = ct_dims_of(x)[2 + i];
    double out = scale != 0 ? floor((double)r->in * scale) : (double)options->size[i];
    if (!(out >= 1 && out < 0x1p53))
        return ct_decline("ct_interpolate", at, x, CT_ERR_ARGUMENT, "%g elements are asked for along axis %d", out,
                          2 + i),
               false;
    r->out = (int64_t)out;
    r->step = step_of(r, scale);
    return true;
}

ct_tensor *ct_interpolate_at(const char *at, ct_tensor *x, const ct_resize_options *options) {
    if (!ct_given("ct_interpolate", at, x, 0)) return NULL;
    if (!options) return ct_decline("ct_interpolate", at, x, CT_ERR_NULL, "there are no options");
    bool blends = options->mode == CT_RESAMPLE_LINEAR || options->mode == CT_RESAMPLE_CUBIC;
    if (x->ndim < 3 || x->ndim > 5 || !ct_is_float((ct_dtype)x->dtype))
        return ct_decline("ct_interpolate", at, x, CT_ERR_SHAPE, "3 to 5 dimensions of a floating dtype are needed");
    if (options->mode == CT_RESAMPLE_CUBIC && x->ndim != 4)
        return ct_decline("ct_interpolate", at, x, CT_ERR_SHAPE, "cubic interpolation is of 4 dimensions");
    if (options->align_corners && !blends)
        return ct_decline("ct_interpolate", at, x, CT_ERR_ARGUMENT, "corners align in linear and cubic modes only");
    for (int i = 1; i < x->ndim; i++)
        if (ct_dims_of(x)[i] == 0) return ct_decline("ct_interpolate", at, x, CT_ERR_SHAPE, "axis %d is empty", i);
    resizing r[3];
    int n = x->ndim - 2;
    for (int i = 0; i < n; i++) {
        r[i] = (resizing){options->mode, options->align_corners, x->dtype == CT_F32, 0, 0, 0};
        if (!plan(at, x, options, i, &r[i])) return NULL;
    }
    for (int i = 0; i < n; i++) x = resized(at, x, 2 + i, &r[i]);
    return x;
}
