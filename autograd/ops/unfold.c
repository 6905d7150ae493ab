/* Unfold and fold: windows of images as columns, and back. What an axis does alone is a sparse matrix along it. */
#include "autograd/ops/compose.h"
#include "autograd/ops/pool.h"
#include "autograd/ops/resample.h"

#undef CT_PLACE
#define CT_PLACE(call) at

/* Rows (taps, places): row (k, j) is the element that tap k of window j meets, or zero in the padding. */
static ct_sparse *windows_of(const char *op, const char *at, const ct_window_axis *a) {
    ct_sparse *m = ct_sparse_begin(op, at, a->kernel * a->out, a->in, a->kernel * a->out);
    for (int64_t k = 0; m && k < a->kernel; k++) {
        for (int64_t j = 0; j < a->out; j++) {
            int64_t place = ct_window_start(a, j) + k * a->dilation;
            if (place >= 0 && place < a->in) ct_sparse_entry(m, place, 1);
            ct_sparse_row(m);
        }
    }
    return m;
}

/* The windows along both axes of an image of extents in[0] and in[1]. */
static bool make_windows(const char *op, const char *at, const int64_t *in, const ct_shape *kernel,
                         const ct_conv_options *options, ct_window_axis *windows) {
    ct_conv_options o = options ? *options : (ct_conv_options){.groups = 1};
    if (kernel->ndim != 2)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "a kernel of %d dimensions, not 2", kernel->ndim), false;
    for (int i = 0; i < 2; i++) {
        windows[i] = (ct_window_axis){.in = in[i],
                                      .kernel = kernel->dim[i],
                                      .stride = o.stride[i],
                                      .padding = o.padding[i],
                                      .dilation = o.dilation[i]};
        if (!ct_make_window(op, at, &windows[i], false)) return false;
    }
    return true;
}

ct_tensor *ct_unfold_at(const char *at, ct_tensor *x, ct_shape kernel, const ct_conv_options *options) {
    const char *op = "ct_unfold";
    ct_window_axis a[2];
    if (!ct_given(op, at, x, 0)) return NULL;
    if (x->ndim < 3 || x->ndim > 4 || x->extent->dim[x->ndim - 3] == 0)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "not (n, c, h, w) or (c, h, w)");
    const int64_t *dim = x->extent->dim + x->ndim - 3; /* c, h, w */
    if (!make_windows(op, at, dim + 1, &kernel, options, a)) return NULL;
    int64_t n = x->ndim == 4 ? x->extent->dim[0] : 1, c = dim[0];
    ct_tensor *rows = ct_resample_by(at, x, -2, windows_of(op, at, &a[0]));
    ct_tensor *both = ct_resample_by(at, rows, -1, windows_of(op, at, &a[1]));
    both = ct_reshape(both, CT_SHAPE(n, c, a[0].kernel, a[0].out, a[1].kernel, a[1].out));
    both = ct_permute(both, CT_AXES(0, 1, 2, 4, 3, 5));
    ct_shape shape = CT_SHAPE(n, c * a[0].kernel * a[1].kernel, a[0].out * a[1].out);
    return ct_reshape(both, x->ndim == 4 ? shape : CT_SHAPE(shape.dim[1], shape.dim[2]));
}

ct_tensor *ct_fold_at(const char *at, ct_tensor *x, ct_shape size, ct_shape kernel, const ct_conv_options *options) {
    const char *op = "ct_fold";
    ct_window_axis a[2];
    if (!ct_given(op, at, x, 0)) return NULL;
    if (size.ndim != 2) return ct_raise(CT_ERR_ARGUMENT, op, at, "%d extents, not 2", size.ndim), NULL;
    if (x->ndim < 2 || x->ndim > 3) return ct_decline(op, at, x, CT_ERR_SHAPE, "not (n, c, l) or (c, l)");
    if (!make_windows(op, at, size.dim, &kernel, options, a)) return NULL;
    const int64_t *dim = x->extent->dim + x->ndim - 2; /* c * taps, places */
    int64_t n = x->ndim == 3 ? x->extent->dim[0] : 1, taps = a[0].kernel * a[1].kernel, c = dim[0] / taps;
    if (dim[0] % taps || c == 0 || dim[1] != a[0].out * a[1].out)
        return ct_decline(op, at, x, CT_ERR_SHAPE, "not %lld windows of a multiple of %lld elements",
                          (long long)(a[0].out * a[1].out), (long long)taps);
    ct_tensor *z = ct_reshape(x, CT_SHAPE(n, c, a[0].kernel, a[1].kernel, a[0].out, a[1].out));
    z = ct_permute(z, CT_AXES(0, 1, 2, 4, 3, 5));
    z = ct_reshape(z, CT_SHAPE(n, c, a[0].kernel * a[0].out, a[1].kernel * a[1].out));
    for (int i = 0; i < 2; i++) z = ct_resample_by(at, z, 2 + i, ct_sparse_transpose(at, windows_of(op, at, &a[i])));
    return x->ndim == 3 ? z : ct_reshape(z, CT_SHAPE(c, size.dim[0], size.dim[1]));
}
