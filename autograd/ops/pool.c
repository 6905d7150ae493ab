/* Pooling. Maxima are gathered at the places that ct_argmax_pool finds; means are sparse matrices along each axis. */
#include "autograd/ops/pool.h"
#include "autograd/ops/compose.h"
#include "autograd/ops/resample.h"

#include <math.h>
#include <string.h>

#undef CT_PLACE
#define CT_PLACE(call) at

/* ---- windows ------------------------------------------------------------------------------------------------ */

bool ct_make_window(const char *op, const char *at, ct_window_axis *a, bool ceil) {
    if (!a->stride) a->stride = 1;
    if (!a->dilation) a->dilation = 1;
    int64_t largest = INT32_MAX;
    if (a->kernel < 1 || a->stride < 1 || a->dilation < 1 || a->padding < 0 || a->kernel > largest ||
        a->stride > largest || a->dilation > largest || a->padding > largest || a->in > largest)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "a window of %lld, stride %lld, dilation %lld, padding %lld",
                        (long long)a->kernel, (long long)a->stride, (long long)a->dilation, (long long)a->padding),
               false;
    int64_t room = a->in + 2 * a->padding - (a->kernel - 1) * a->dilation - 1,
            steps = room + (ceil ? a->stride - 1 : 0);
    a->out = steps < 0 ? 0 : steps / a->stride + 1;
    if (ceil && (a->out - 1) * a->stride >= a->in + a->padding) a->out--; /* it would start behind the image */
    if (a->out > 0 && a->in > 0) return true;
    return ct_raise(CT_ERR_SHAPE, op, at, "a window of %lld exceeds the extent %lld, paddings included",
                    (long long)((a->kernel - 1) * a->dilation + 1), (long long)(a->in + 2 * a->padding)),
           false;
}

/* Window i within the image. */
static void clip_window(const ct_window_axis *a, int64_t i, int64_t *start, int64_t *end) {
    *start = ct_window_start(a, i);
    *end = ct_window_end(a, i);
    int64_t step = a->adaptive ? 1 : a->dilation;
    if (*start < 0) *start += (step - 1 - *start) / step * step;
    if (*end > a->in) *end = a->in;
}

/* The windows that the options say, of x's last axes. */
static bool windows_of(const char *op, const char *at, const ct_tensor *x, const ct_pool_options *o, int spatial,
                       ct_window_axis *windows) {
    for (int i = 0; i < spatial; i++) {
        ct_window_axis *a = &windows[i];
        *a = (ct_window_axis){.in = x->extent->dim[x->ndim - spatial + i],
                              .kernel = o->kernel[i],
                              .stride = o->stride[i] ? o->stride[i] : o->kernel[i],
                              .padding = o->padding[i],
                              .dilation = o->dilation[i]};
        if (!ct_make_window(op, at, a, o->ceil)) return false;
        if (a->padding > a->kernel / 2)
            return ct_raise(CT_ERR_ARGUMENT, op, at, "the padding %lld exceeds half of the window of %lld",
                            (long long)a->padding, (long long)a->kernel),
                   false;
    }
    return true;
}

static bool adaptive_windows_of(const char *op, const char *at, const ct_tensor *x, const ct_shape *size,
                                ct_window_axis *windows) {
    for (int i = 0; i < size->ndim; i++) {
        int64_t in = x->extent->dim[x->ndim - size->ndim + i], out = size->dim[i] == -1 ? in : size->dim[i];
        windows[i] = (ct_window_axis){.in = in, .out = out, .adaptive = true};
        if (out < 0 || out > INT32_MAX || in < 1 || in > INT32_MAX)
            return ct_raise(CT_ERR_ARGUMENT, op, at, "an extent of %lld does not make %lld parts", (long long)in,
                            (long long)out),
                   false;
    }
    return true;
}

/* ---- places of maxima --------------------------------------------------------------------------------------- */

typedef struct argmax_attributes {
    ct_pool_options options;
    ct_shape size;             /* adaptive when it has dimensions */
    ct_window_axis windows[2]; /* the first with one place when there is one axis only */
} argmax_attributes;
#define ARGMAX_FIELDS                                                                                                \
    CT_FIELDS(CT_FIELD(argmax_attributes, "kernel", options.kernel), CT_FIELD(argmax_attributes, "size", size))

ct_tensor *ct_argmax_pool_at(const char *at, ct_tensor *x, const ct_pool_options *options) {
    if (!options) return ct_raise(CT_ERR_ARGUMENT, "ct_argmax_pool", at, "no kernel is given"), NULL;
    argmax_attributes a = {.options = *options};
    return ct_record(at, CT_OP_ct_argmax_pool, &x, 1, &a, sizeof a);
}

ct_tensor *ct_argmax_adaptive_pool_at(const char *at, ct_tensor *x, ct_shape size) {
    argmax_attributes a = {.size = size};
    return ct_record(at, CT_OP_ct_argmax_adaptive_pool, &x, 1, &a, sizeof a);
}

/* That no window lies in the padding wholly. */
static bool windows_meet(const ct_tensor *z, const ct_window_axis *a) {
    for (int64_t i = 0, start, end; i < a->out; i++) {
        clip_window(a, i, &start, &end);
        if (start >= end) return ct_op_fail(z, CT_ERR_ARGUMENT, "window %lld lies in the padding", (long long)i);
    }
    return true;
}

static bool argmax_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {
    const ct_tensor *x = z->in[0];
    argmax_attributes *a = z->attributes;
    const char *op = ct_op_table[z->op]->name;
    int spatial = a->size.ndim ? a->size.ndim : a->options.kernel[1] ? 2 : 1;
    if (!ct_op_floating(z, 0)) return false;
    if (spatial < 1 || spatial > 2 || x->ndim < spatial)
        return ct_op_fail(z, CT_ERR_SHAPE, "%d dimensions for windows of %d", x->ndim, spatial);
    a->windows[0] = (ct_window_axis){1, 1, 1, 1, 0, 1, false};
    ct_window_axis *windows = a->windows + 2 - spatial;
    if (a->size.ndim ? !adaptive_windows_of(op, z->at, x, &a->size, windows)
                     : !windows_of(op, z->at, x, &a->options, spatial, windows))
        return false;
    *shape = ct_shape_of(x);
    *dtype = CT_I64;
    for (int i = 0; i < spatial; i++) shape->dim[x->ndim - spatial + i] = windows[i].out;
    return windows_meet(z, &a->windows[0]) && windows_meet(z, &a->windows[1]);
}

/* Places of one image, of x's type. */
#define ARGMAX(T, name)                                                                                              \
    static void name(const ct_window_axis *rows, const ct_window_axis *columns, const T *x, int64_t *z) {            \
        int64_t down = rows->adaptive ? 1 : rows->dilation, right = columns->adaptive ? 1 : columns->dilation;       \
        for (int64_t i = 0, top, bottom; i < rows->out; i++) {                                                       \
            clip_window(rows, i, &top, &bottom);                                                                     \
            for (int64_t j = 0, first, end; j < columns->out; j++) {                                                 \
                clip_window(columns, j, &first, &end);                                                               \
                int64_t best = top * columns->in + first;                                                            \
                for (int64_t y = top; y < bottom; y += down)                                                         \
                    for (int64_t place = y * columns->in + first; place < y * columns->in + end; place += right)     \
                        if (x[place] > x[best] || x[place] != x[place]) best = place;                                \
                *z++ = best;                                                                                         \
            }                                                                                                        \
        }                                                                                                            \
    }
ARGMAX(float, argmax_f32)
ARGMAX(double, argmax_f64)

static void argmax_image(void *context, int64_t image) {
    const ct_tensor *z = context, *x = z->in[0];
    const argmax_attributes *a = z->attributes;
    const ct_window_axis *rows = &a->windows[0], *columns = &a->windows[1];
    int64_t from = image * rows->in * columns->in, to = image * rows->out * columns->out;
    if (x->dtype == CT_F32) argmax_f32(rows, columns, (const float *)x->data + from, (int64_t *)z->data + to);
    else argmax_f64(rows, columns, (const double *)x->data + from, (int64_t *)z->data + to);
}

static void argmax_forward(ct_tensor *z) {
    const argmax_attributes *a = z->attributes;
    if (ct_size_of(z)) ct_parallel(ct_size_of(z) / (a->windows[0].out * a->windows[1].out), argmax_image, z);
}

#define ARGMAX_OP(symbol)                                                                                            \
    static bool symbol##_shape(ct_tensor *z, ct_shape *shape, ct_dtype *dtype) {                                     \
        return argmax_shape(z, shape, dtype);                                                                        \
    }                                                                                                                \
    static void symbol##_forward(ct_tensor *z) { argmax_forward(z); }                                                \
    CT_OP_PARTS_NOT_DIFFERENTIABLE(symbol, .fields = ARGMAX_FIELDS)
ARGMAX_OP(ct_argmax_pool);
ARGMAX_OP(ct_argmax_adaptive_pool);

/* ---- maxima ------------------------------------------------------------------------------------------------- */

/* Whether x has the shape (n, c, ...) or (c, ...) with so many axes behind, and only n may be 0. */
static bool is_image(const char *op, const char *at, const ct_tensor *x, int spatial) {
    if (!ct_given(op, at, x, 0)) return false;
    bool fits = x->ndim == spatial + 1 || x->ndim == spatial + 2;
    for (int i = x->ndim - spatial - 1; fits && i < x->ndim; i++) fits = x->extent->dim[i] > 0;
    if (!fits)
        ct_decline(op, at, x, CT_ERR_SHAPE, "not (n, c, %s) or (c, %s)", spatial == 1 ? "l" : "h, w",
                   spatial == 1 ? "l" : "h, w");
    return fits;
}

/* x at places in its images. */
static ct_tensor *gather_images(const char *at, ct_tensor *x, ct_tensor *places, int spatial) {
    if (!places) return NULL;
    int first = x->ndim - spatial;
    ct_tensor *z = ct_gather(ct_flatten(x, first, -1), first, ct_flatten(places, first, -1));
    return ct_reshape(z, ct_shape_of(places));
}

static ct_tensor *max_pool(const char *op, const char *at, ct_tensor *x, const ct_pool_options *options,
                           int spatial) {
    if (!is_image(op, at, x, spatial)) return NULL;
    if (!options) return ct_raise(CT_ERR_ARGUMENT, op, at, "no kernel is given"), NULL;
    ct_pool_options own = *options;
    if (spatial == 1) own.kernel[1] = 0;
    if (spatial == 2 && own.kernel[1] == 0)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "the kernel has one extent only"), NULL;
    return gather_images(at, x, ct_argmax_pool(x, &own), spatial);
}

ct_tensor *ct_max_pool1d_at(const char *at, ct_tensor *x, const ct_pool_options *options) {
    return max_pool("ct_max_pool1d", at, x, options, 1);
}

ct_tensor *ct_max_pool2d_at(const char *at, ct_tensor *x, const ct_pool_options *options) {
    return max_pool("ct_max_pool2d", at, x, options, 2);
}

ct_tensor *ct_adaptive_max_pool2d_at(const char *at, ct_tensor *x, ct_shape size) {
    const char *op = "ct_adaptive_max_pool2d";
    if (!is_image(op, at, x, 2)) return NULL;
    if (size.ndim != 2) return ct_raise(CT_ERR_ARGUMENT, op, at, "%d extents, not 2", size.ndim), NULL;
    return gather_images(at, x, ct_argmax_adaptive_pool(x, size), 2);
}

/* ---- means -------------------------------------------------------------------------------------------------- */

/* Row i of the matrix is the mean over window i. */
static ct_sparse *means(const char *op, const char *at, const ct_window_axis *a, bool exclude_padding,
                        double divisor) {
    int64_t longest = a->adaptive ? a->in / (a->out + !a->out) + 2 : a->kernel, start, end;
    if (longest > a->in) longest = a->in;
    ct_sparse *m = ct_sparse_begin(op, at, a->out, a->in, a->out * longest);
    for (int64_t i = 0; m && i < a->out; i++) {
        int64_t behind = ct_window_end(a, i),
                padded = a->adaptive || behind < a->in + a->padding ? behind : a->in + a->padding;
        clip_window(a, i, &start, &end);
        int64_t count = exclude_padding ? end - start : padded - ct_window_start(a, i);
        for (int64_t j = start; j < end; j++) ct_sparse_entry(m, j, 1 / (divisor != 0 ? divisor : (double)count));
        ct_sparse_row(m);
    }
    return m;
}

static ct_tensor *avg_pool(const char *op, const char *at, ct_tensor *x, const ct_pool_options *o, int spatial) {
    ct_window_axis windows[2];
    if (!is_image(op, at, x, spatial)) return NULL;
    if (!o) return ct_raise(CT_ERR_ARGUMENT, op, at, "no kernel is given"), NULL;
    if (!windows_of(op, at, x, o, spatial, windows)) return NULL;
    for (int i = 0; i < spatial; i++) {
        if (windows[i].dilation != 1) return ct_raise(CT_ERR_ARGUMENT, op, at, "a mean has no dilation"), NULL;
        double divisor = o->divisor == 0 ? 0 : i ? 1 : o->divisor;
        x = ct_resample_by(at, x, i - spatial, means(op, at, &windows[i], o->exclude_padding, divisor));
    }
    return x;
}

ct_tensor *ct_avg_pool1d_at(const char *at, ct_tensor *x, const ct_pool_options *options) {
    return avg_pool("ct_avg_pool1d", at, x, options, 1);
}

ct_tensor *ct_avg_pool2d_at(const char *at, ct_tensor *x, const ct_pool_options *options) {
    return avg_pool("ct_avg_pool2d", at, x, options, 2);
}

ct_tensor *ct_adaptive_avg_pool2d_at(const char *at, ct_tensor *x, ct_shape size) {
    const char *op = "ct_adaptive_avg_pool2d";
    ct_window_axis windows[2];
    if (!ct_given(op, at, x, 0)) return NULL;
    if (size.ndim != 2 || x->ndim < 3 || x->ndim > 4)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "not (n, c, h, w) or (c, h, w), or not 2 extents but %d",
                          size.ndim);
    if (!adaptive_windows_of(op, at, x, &size, windows)) return NULL;
    for (int i = 0; i < 2; i++) x = ct_resample_by(at, x, i - 2, means(op, at, &windows[i], false, 0));
    return x;
}
