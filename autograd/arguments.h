/* autograd/: what operations are told besides tensors, and results of several tensors. A part of autograd.h; include
 * that. For convolutions and pooling see windows.h. */
#ifndef COTANGENT_ARGUMENTS_H
#define COTANGENT_ARGUMENTS_H

/* Axes of a reduction or a permutation; negative ones count from the back. */
typedef struct ct_axes {
    int n;     /* -1: all axes */
    bool keep; /* reduced axes stay, with extent 1 */
    int axis[CT_MAX_DIMS];
} ct_axes;
#define CT_AXES_(kept, ...)                                                                                          \
    ((ct_axes){.n = (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), .keep = (kept), .axis = {__VA_ARGS__}})
#define CT_AXES(...) CT_AXES_(false, __VA_ARGS__) /* ct_sum(x, CT_AXES(0)) */
#define CT_KEEP(...) CT_AXES_(true, __VA_ARGS__)  /* ct_mean(x, CT_KEEP(-1)): the axis stays, with extent 1 */
#define CT_ALL ((ct_axes){.n = -1, .keep = false, .axis = {0}})
#define CT_END INT64_MAX /* stop of ct_slice() */

/* Several numbers as one argument: CT_SIZES(2, 1, 2). */
typedef struct ct_sizes {
    int n;
    const int64_t *items;
} ct_sizes;
#define CT_SIZES(...)                                                                                                \
    ((ct_sizes){.n = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                                      \
                .items = CT_ARRAY_(int64_t, __VA_ARGS__)})

/* An index of ct_embedding() that is none. */
#define CT_NO_PADDING INT64_MIN

/* Order of the first two axes of ct_meshgrid(): x[i], y[j] give a grid (i, j), or as pictures are drawn (j, i). */
typedef enum ct_indexing { CT_INDEXING_IJ, CT_INDEXING_XY } ct_indexing;

/* What becomes of the losses of elements or rows; BATCH_MEAN is their sum over the extent of the first axis. */
typedef enum ct_loss_reduction { CT_LOSS_MEAN, CT_LOSS_SUM, CT_LOSS_NONE, CT_LOSS_BATCH_MEAN } ct_loss_reduction;

/* Of ct_triplet_margin_loss(). */
typedef struct ct_triplet {
    double margin, p, eps; /* usually 1, 2 and 1e-6 */
    bool swap;
} ct_triplet;

/* The caller's statistics (channels), of x's dtype; both NULL for none. In training those of x are used, and these move
 * to them by the share `momentum` whenever the op is computed, replays too; otherwise these are used. */
typedef struct ct_running {
    ct_tensor *mean, *variance;
    double momentum;
    bool training;
} ct_running;

/* What elements a result element is made of: the nearest one before it; the two, of images four and of volumes eight
 * around it; the 16 of an image; the mean of all that it covers. */
typedef enum ct_resampling {
    CT_RESAMPLE_NEAREST,
    CT_RESAMPLE_LINEAR,
    CT_RESAMPLE_CUBIC,
    CT_RESAMPLE_AREA,
} ct_resampling;
/* Entry i of an array is about spatial axis i. */
typedef struct ct_resize_options {
    ct_resampling mode;
    int64_t size[3];    /* extents of the result; 0 where it goes by scale */
    double scale[3];    /* size = floor(extent * scale) */
    bool align_corners; /* linear, cubic: centres, not edges, of the corner elements keep their places */
} ct_resize_options;

/* What is outside of an image. */
typedef enum ct_grid_padding { CT_GRID_ZEROS, CT_GRID_BORDER, CT_GRID_REFLECTION } ct_grid_padding;

/* Results of several tensors, all NULL when the call failed; ct_slogdet(), ct_qr(), ... say what they are. */
typedef struct ct_slogdet_result {
    ct_tensor *sign, *logabsdet;
} ct_slogdet_result;
typedef struct ct_qr_result {
    ct_tensor *q, *r;
} ct_qr_result;
typedef struct ct_eigh_result {
    ct_tensor *values, *vectors;
} ct_eigh_result;
typedef struct ct_svd_result {
    ct_tensor *u, *s, *vt;
} ct_svd_result;

#endif
