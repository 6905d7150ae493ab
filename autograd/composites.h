/* autograd/: functions that are composed of operations. A part of autograd.h; include that. */
#ifndef COTANGENT_COMPOSITES_H
#define COTANGENT_COMPOSITES_H

/* ---- shape: ops/reshaping.c, turning.c, diagonal.c, pad.c, join.c ---- */

/* Several numbers as one argument: CT_SIZES(2, 1, 2). */
typedef struct ct_sizes {
    int n;
    const int64_t *items;
} ct_sizes;
#define CT_SIZES(...)                                                                                                \
    ((ct_sizes){.n = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .items = (int64_t[]){__VA_ARGS__}})

CT_API ct_tensor *ct_clone_at(const char *at, ct_tensor *x);                           /* a copy, part of the record */
CT_API ct_tensor *ct_transpose_at(const char *at, ct_tensor *x, int axis1, int axis2); /* exchanges two axes */
CT_API ct_tensor *ct_t_at(const char *at, ct_tensor *x); /* exchanges the axes of a matrix; 1-d and 0-d stay */
CT_API ct_tensor *ct_movedim_at(const char *at, ct_tensor *x, ct_axes from, ct_axes to); /* from[i] goes to to[i] */
CT_API ct_tensor *ct_squeeze_at(const char *at, ct_tensor *x, ct_axes axes); /* drops those of extent 1 among `axes` */
CT_API ct_tensor *ct_unsqueeze_at(const char *at, ct_tensor *x, int axis);   /* a new axis of extent 1 */
CT_API ct_tensor *ct_flatten_at(const char *at, ct_tensor *x, int first, int last); /* makes axes first to last one */
CT_API ct_tensor *ct_unflatten_at(const char *at, ct_tensor *x, int axis, ct_shape sizes); /* one becomes several */
#define ct_clone(...) ct_clone_at(CT_HERE, __VA_ARGS__)
#define ct_transpose(...) ct_transpose_at(CT_HERE, __VA_ARGS__)
#define ct_t(...) ct_t_at(CT_HERE, __VA_ARGS__)
#define ct_movedim(...) ct_movedim_at(CT_HERE, __VA_ARGS__)
#define ct_squeeze(...) ct_squeeze_at(CT_HERE, __VA_ARGS__)
#define ct_unsqueeze(...) ct_unsqueeze_at(CT_HERE, __VA_ARGS__)
#define ct_flatten(...) ct_flatten_at(CT_HERE, __VA_ARGS__)
#define ct_unflatten(...) ct_unflatten_at(CT_HERE, __VA_ARGS__)

CT_API ct_tensor *ct_expand_at(const char *at, ct_tensor *x, ct_shape shape); /* ct_broadcast; -1 keeps an extent */
CT_API ct_tensor *ct_tile_at(const char *at, ct_tensor *x, ct_shape times);   /* so often along each of the last axes */
CT_API ct_tensor *ct_repeat_at(const char *at, ct_tensor *x, ct_shape times); /* as ct_tile, all axes being named */
CT_API ct_tensor *ct_repeat_interleave_at(const char *at, ct_tensor *x, int64_t times, int axis); /* aabbcc */
#define ct_expand(...) ct_expand_at(CT_HERE, __VA_ARGS__)
#define ct_tile(...) ct_tile_at(CT_HERE, __VA_ARGS__)
#define ct_repeat(...) ct_repeat_at(CT_HERE, __VA_ARGS__)
#define ct_repeat_interleave(...) ct_repeat_interleave_at(CT_HERE, __VA_ARGS__)

CT_API ct_tensor *ct_flip_at(const char *at, ct_tensor *x, ct_axes axes); /* reverses axes */
CT_API ct_tensor *ct_fliplr_at(const char *at, ct_tensor *x);             /* reverses axis 1 */
CT_API ct_tensor *ct_flipud_at(const char *at, ct_tensor *x);             /* reverses axis 0 */
/* Moves slices on by shifts[i] along axes[i], those beyond the end to the front; with CT_ALL along the flat tensor. */
CT_API ct_tensor *ct_roll_at(const char *at, ct_tensor *x, ct_sizes shifts, ct_axes axes);
CT_API ct_tensor *ct_rot90_at(const char *at, ct_tensor *x, int turns, ct_axes axes); /* from axis axes[0] to axes[1] */
CT_API ct_tensor *ct_cross_at(const char *at, ct_tensor *x, ct_tensor *y, int axis);  /* product of 3-vectors */
/* Windows of `size` every `step` along an axis, in a new last axis (PyTorch's Tensor.unfold). */
CT_API ct_tensor *ct_unfold_axis_at(const char *at, ct_tensor *x, int axis, int64_t size, int64_t step);
#define ct_flip(...) ct_flip_at(CT_HERE, __VA_ARGS__)
#define ct_fliplr(...) ct_fliplr_at(CT_HERE, __VA_ARGS__)
#define ct_flipud(...) ct_flipud_at(CT_HERE, __VA_ARGS__)
#define ct_roll(...) ct_roll_at(CT_HERE, __VA_ARGS__)
#define ct_rot90(...) ct_rot90_at(CT_HERE, __VA_ARGS__)
#define ct_cross(...) ct_cross_at(CT_HERE, __VA_ARGS__)
#define ct_unfold_axis(...) ct_unfold_axis_at(CT_HERE, __VA_ARGS__)

/* Of planes of two axes. `offset` counts diagonals to the right of the main one; those below are negative. */
CT_API ct_tensor *ct_diagonal_at(const char *at, ct_tensor *x, int64_t offset, int axis1, int axis2); /* last axis */
CT_API ct_tensor *ct_diag_embed_at(const char *at, ct_tensor *x, int64_t offset, int axis1, int axis2); /* adjoint */
CT_API ct_tensor *ct_diag_at(const char *at, ct_tensor *x, int64_t offset); /* a matrix's diagonal, a vector's matrix */
CT_API ct_tensor *ct_tril_at(const char *at, ct_tensor *x, int64_t offset); /* zeros above a diagonal */
CT_API ct_tensor *ct_triu_at(const char *at, ct_tensor *x, int64_t offset); /* zeros below a diagonal */
#define ct_diagonal(...) ct_diagonal_at(CT_HERE, __VA_ARGS__)
#define ct_diag_embed(...) ct_diag_embed_at(CT_HERE, __VA_ARGS__)
#define ct_diag(...) ct_diag_at(CT_HERE, __VA_ARGS__)
#define ct_tril(...) ct_tril_at(CT_HERE, __VA_ARGS__)
#define ct_triu(...) ct_triu_at(CT_HERE, __VA_ARGS__)

/* `pads` holds two numbers for each of the last axes, the last axis first, as in PyTorch; negative ones take away. */
CT_API ct_tensor *ct_pad_at(const char *at, ct_tensor *x, ct_sizes pads, double value);
CT_API ct_tensor *ct_pad_reflect_at(const char *at, ct_tensor *x, ct_sizes pads);   /* cb|abc|ba */
CT_API ct_tensor *ct_pad_replicate_at(const char *at, ct_tensor *x, ct_sizes pads); /* aa|abc|cc */
CT_API ct_tensor *ct_pad_circular_at(const char *at, ct_tensor *x, ct_sizes pads);  /* bc|abc|ab */
#define ct_pad(...) ct_pad_at(CT_HERE, __VA_ARGS__)
#define ct_pad_reflect(...) ct_pad_reflect_at(CT_HERE, __VA_ARGS__)
#define ct_pad_replicate(...) ct_pad_replicate_at(CT_HERE, __VA_ARGS__)
#define ct_pad_circular(...) ct_pad_circular_at(CT_HERE, __VA_ARGS__)

CT_API ct_tensor *ct_stack_at(const char *at, ct_list xs, int axis); /* joins along a new axis */
CT_API ct_tensor *ct_hstack_at(const char *at, ct_list xs);          /* joins along axis 1, 1-d ones along axis 0 */
CT_API ct_tensor *ct_vstack_at(const char *at, ct_list xs);          /* joins along axis 0, 1-d ones being rows */
CT_API ct_tensor *ct_dstack_at(const char *at, ct_list xs);          /* joins along axis 2 */
#define ct_stack(...) ct_stack_at(CT_HERE, __VA_ARGS__)
#define ct_hstack(...) ct_hstack_at(CT_HERE, __VA_ARGS__)
#define ct_vstack(...) ct_vstack_at(CT_HERE, __VA_ARGS__)
#define ct_dstack(...) ct_dstack_at(CT_HERE, __VA_ARGS__)

CT_API ct_tensor *ct_select_at(const char *at, ct_tensor *x, int axis, int64_t index); /* one slice; the axis goes */
/* `length` slices from `start` on, which must all be there. */
CT_API ct_tensor *ct_narrow_at(const char *at, ct_tensor *x, int axis, int64_t start, int64_t length);
#define ct_select(...) ct_select_at(CT_HERE, __VA_ARGS__)
#define ct_narrow(...) ct_narrow_at(CT_HERE, __VA_ARGS__)

/* Lists belong to the innermost scope; n is 0 and items NULL when the call failed. ct_part(parts, i) is then NULL. */
CT_API ct_list ct_split_at(const char *at, ct_tensor *x, int64_t size, int axis); /* parts of `size`, but the last */
CT_API ct_list ct_split_sizes_at(const char *at, ct_tensor *x, ct_sizes sizes, int axis); /* parts of these sizes */
CT_API ct_list ct_chunk_at(const char *at, ct_tensor *x, int n, int axis); /* at most n parts, equal but the last */
CT_API ct_list ct_tensor_split_at(const char *at, ct_tensor *x, int n, int axis); /* n parts, as equal as can be */
CT_API ct_list ct_tensor_split_indices_at(const char *at, ct_tensor *x, ct_sizes indices, int axis); /* cut there */
CT_API ct_list ct_unbind_at(const char *at, ct_tensor *x, int axis);                                 /* all slices */
/* The coordinates of a grid with an axis for each operand: operand k along axis k; with XY the first two exchanged. */
typedef enum ct_indexing { CT_INDEXING_IJ, CT_INDEXING_XY } ct_indexing;
CT_API ct_list ct_meshgrid_at(const char *at, ct_list xs, ct_indexing indexing);
CT_API ct_tensor *ct_part_at(const char *at, ct_list parts, int i); /* from the back when negative */
#define ct_split(...) ct_split_at(CT_HERE, __VA_ARGS__)
#define ct_split_sizes(...) ct_split_sizes_at(CT_HERE, __VA_ARGS__)
#define ct_chunk(...) ct_chunk_at(CT_HERE, __VA_ARGS__)
#define ct_tensor_split(...) ct_tensor_split_at(CT_HERE, __VA_ARGS__)
#define ct_tensor_split_indices(...) ct_tensor_split_indices_at(CT_HERE, __VA_ARGS__)
#define ct_unbind(...) ct_unbind_at(CT_HERE, __VA_ARGS__)
#define ct_meshgrid(...) ct_meshgrid_at(CT_HERE, __VA_ARGS__)
#define ct_part(...) ct_part_at(CT_HERE, __VA_ARGS__)

/* ---- indexing: ops/subscript.c, take.c, scatter.c, put.c, mask.c ---- */
/* Indices count from the back when negative. Masks are bool. */

/* Python's x[1, 2:8:2, ..., None, y, mask] is ct_index(x, CT_AT(1), CT_SPAN(2, 8, 2), CT_ELLIPSIS, CT_NEW_AXIS,
 * CT_BY(y), CT_BY(mask)); CT_FULL is ":". As in PyTorch integers, 0-d tensors and slices come first; other tensors
 * broadcast to each other; their axes go in place of those that they index, or to the front when those are apart. */
typedef enum ct_subscript_kind {
    CT_SUBSCRIPT_AT,
    CT_SUBSCRIPT_SLICE,
    CT_SUBSCRIPT_ELLIPSIS,
    CT_SUBSCRIPT_NEW_AXIS,
    CT_SUBSCRIPT_TENSOR,
} ct_subscript_kind;
typedef struct ct_subscript {
    ct_subscript_kind kind;
    int64_t start, stop, step; /* of a slice; start: the index of AT */
    ct_tensor *by;             /* of a tensor: indices, or a mask over as many axes as it has */
} ct_subscript;
typedef struct ct_subscripts {
    int n;
    const ct_subscript *items;
} ct_subscripts;
#define CT_AT(i) ((ct_subscript){.kind = CT_SUBSCRIPT_AT, .start = (i)})
#define CT_SPAN(from, to, by) ((ct_subscript){CT_SUBSCRIPT_SLICE, from, to, by, NULL})
#define CT_FULL CT_SPAN(0, CT_END, 1)
#define CT_ELLIPSIS ((ct_subscript){.kind = CT_SUBSCRIPT_ELLIPSIS})
#define CT_NEW_AXIS ((ct_subscript){.kind = CT_SUBSCRIPT_NEW_AXIS})
#define CT_BY(tensor) ((ct_subscript){.kind = CT_SUBSCRIPT_TENSOR, .by = (tensor)})
#define CT_SUBSCRIPTS(...)                                                                                           \
    ((ct_subscripts){.n = (int)(sizeof((ct_subscript[]){__VA_ARGS__}) / sizeof(ct_subscript)),                       \
                     .items = (ct_subscript[]){__VA_ARGS__}})
CT_API ct_tensor *ct_index_at(const char *at, ct_tensor *x, ct_subscripts subscripts);
#define ct_index(x, ...) ct_index_at(CT_HERE, x, CT_SUBSCRIPTS(__VA_ARGS__))

CT_API ct_tensor *ct_take_at(const char *at, ct_tensor *x, ct_tensor *places); /* elements of the flat x */
/* As ct_gather, y and x being broadcast to each other beside the axis. */
CT_API ct_tensor *ct_take_along_dim_at(const char *at, ct_tensor *x, ct_tensor *y, int axis);
#define CT_NO_PADDING INT64_MIN
/* Row y[i] of the table x (rows, width). No cotangent goes to row `padding`. Negative y are errors. */
CT_API ct_tensor *ct_embedding_at(const char *at, ct_tensor *x, ct_tensor *y, int64_t padding);
#define ct_take(...) ct_take_at(CT_HERE, __VA_ARGS__)
#define ct_take_along_dim(...) ct_take_along_dim_at(CT_HERE, __VA_ARGS__)
#define ct_embedding(...) ct_embedding_at(CT_HERE, __VA_ARGS__)

/* x with elements of `source` in place of others, or (add) added to them. Where one place is named several times the
 * last element stays, and is the one with a derivative. */
CT_API ct_tensor *ct_put_at(const char *at, ct_tensor *x, ct_tensor *places, ct_tensor *source, bool add); /* flat x */
CT_API ct_tensor *ct_index_put_at(const char *at, ct_tensor *x, ct_subscripts subscripts, ct_tensor *source, bool add);
CT_API ct_tensor *ct_scatter_add_at(const char *at, ct_tensor *x, int axis, ct_tensor *y, ct_tensor *source);
CT_API ct_tensor *ct_index_copy_at(const char *at, ct_tensor *x, int axis, ct_tensor *y, ct_tensor *source);
CT_API ct_tensor *ct_index_fill_at(const char *at, ct_tensor *x, int axis, ct_tensor *y, ct_tensor *value);
/* alpha times source is added. */
CT_API ct_tensor *ct_index_add_at(const char *at, ct_tensor *x, int axis, ct_tensor *y, ct_tensor *source,
                                  double alpha);
CT_API ct_tensor *ct_select_scatter_at(const char *at, ct_tensor *x, ct_tensor *source, int axis, int64_t index);
CT_API ct_tensor *ct_diagonal_scatter_at(const char *at, ct_tensor *x, ct_tensor *source, int64_t offset, int axis1,
                                         int axis2);
#define ct_put(...) ct_put_at(CT_HERE, __VA_ARGS__)
#define ct_index_put(...) ct_index_put_at(CT_HERE, __VA_ARGS__)
#define ct_scatter_add(...) ct_scatter_add_at(CT_HERE, __VA_ARGS__)
#define ct_index_copy(...) ct_index_copy_at(CT_HERE, __VA_ARGS__)
#define ct_index_fill(...) ct_index_fill_at(CT_HERE, __VA_ARGS__)
#define ct_index_add(...) ct_index_add_at(CT_HERE, __VA_ARGS__)
#define ct_select_scatter(...) ct_select_scatter_at(CT_HERE, __VA_ARGS__)
#define ct_diagonal_scatter(...) ct_diagonal_scatter_at(CT_HERE, __VA_ARGS__)

/* x and the mask broadcast to each other. How many elements are selected is fixed when it is recorded: a replay after
 * the mask has changed cuts off what is too much and gives NaN for what is missing. */
CT_API ct_tensor *ct_masked_select_at(const char *at, ct_tensor *x, ct_tensor *mask); /* 1-d, where the mask holds */
CT_API ct_tensor *ct_masked_fill_at(const char *at, ct_tensor *x, ct_tensor *mask, ct_tensor *value); /* a 0-d value */
CT_API ct_tensor *ct_masked_scatter_at(const char *at, ct_tensor *x, ct_tensor *mask, ct_tensor *source);
#define ct_masked_select(...) ct_masked_select_at(CT_HERE, __VA_ARGS__)
#define ct_masked_fill(...) ct_masked_fill_at(CT_HERE, __VA_ARGS__)
#define ct_masked_scatter(...) ct_masked_scatter_at(CT_HERE, __VA_ARGS__)

/* ---- arithmetic: ops/arithmetic.c ---- */

CT_API ct_tensor *ct_lerp_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight); /* x + weight (y - x) */
CT_API ct_tensor *ct_addcmul_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w,
                                 double value); /* x + value y w */
CT_API ct_tensor *ct_addcdiv_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w,
                                 double value); /* x + value y / w */
/* ct_clamp() to [low, high] element by element; either may be NULL. Where a bound is taken, so is its derivative. */
CT_API ct_tensor *ct_clamp_tensor_at(const char *at, ct_tensor *x, ct_tensor *low, ct_tensor *high);
CT_API ct_tensor *ct_round_decimals_at(const char *at, ct_tensor *x, int decimals); /* to multiples of 10^-decimals */
#define ct_lerp(...) ct_lerp_at(CT_HERE, __VA_ARGS__)
#define ct_addcmul(...) ct_addcmul_at(CT_HERE, __VA_ARGS__)
#define ct_addcdiv(...) ct_addcdiv_at(CT_HERE, __VA_ARGS__)
#define ct_clamp_tensor(...) ct_clamp_tensor_at(CT_HERE, __VA_ARGS__)
#define ct_round_decimals(...) ct_round_decimals_at(CT_HERE, __VA_ARGS__)

/* ---- activations: ops/activation.c ---- */

CT_API ct_tensor *ct_relu6_at(const char *at, ct_tensor *x);      /* x limited to [0, 6] */
CT_API ct_tensor *ct_tanhshrink_at(const char *at, ct_tensor *x); /* x - tanh x */
CT_API ct_tensor *ct_softsign_at(const char *at, ct_tensor *x);   /* x / (1 + |x|) */
CT_API ct_tensor *ct_softmin_at(const char *at, ct_tensor *x, int axis); /* softmax of -x */
/* ct_leaky_relu() with one slope, or one for each slice of axis 1, the channels. */
CT_API ct_tensor *ct_prelu_at(const char *at, ct_tensor *x, ct_tensor *slope);
CT_API ct_tensor *ct_glu_at(const char *at, ct_tensor *x, int axis); /* the first half times sigmoid of the second */
#define ct_relu6(...) ct_relu6_at(CT_HERE, __VA_ARGS__)
#define ct_tanhshrink(...) ct_tanhshrink_at(CT_HERE, __VA_ARGS__)
#define ct_softsign(...) ct_softsign_at(CT_HERE, __VA_ARGS__)
#define ct_softmin(...) ct_softmin_at(CT_HERE, __VA_ARGS__)
#define ct_prelu(...) ct_prelu_at(CT_HERE, __VA_ARGS__)
#define ct_glu(...) ct_glu_at(CT_HERE, __VA_ARGS__)

/* ---- reductions, order, statistics: ops/statistics.c, norms.c, order.c, scan.c ---- */

CT_API ct_tensor *ct_nansum_at(const char *at, ct_tensor *x, ct_axes axes);    /* sum of what is not NaN */
CT_API ct_tensor *ct_nanmean_at(const char *at, ct_tensor *x, ct_axes axes);   /* mean of what is not NaN */
CT_API ct_tensor *ct_logsumexp_at(const char *at, ct_tensor *x, ct_axes axes); /* log(sum(exp x)), without overflow */
/* The sum of squared deviations from the mean over n - correction; PyTorch's default correction is 1. */
CT_API ct_tensor *ct_variance_at(const char *at, ct_tensor *x, ct_axes axes, int correction);
CT_API ct_tensor *ct_std_at(const char *at, ct_tensor *x, ct_axes axes, int correction); /* root of the variance */
#define ct_nansum(...) ct_nansum_at(CT_HERE, __VA_ARGS__)
#define ct_nanmean(...) ct_nanmean_at(CT_HERE, __VA_ARGS__)
#define ct_logsumexp(...) ct_logsumexp_at(CT_HERE, __VA_ARGS__)
#define ct_variance(...) ct_variance_at(CT_HERE, __VA_ARGS__)
#define ct_std(...) ct_std_at(CT_HERE, __VA_ARGS__)

/* Of variables in rows, observations in columns. Each observation may count a whole number of times (fweights) and
 * with a relative weight (aweights); NULL for none. */
CT_API ct_tensor *ct_cov_at(const char *at, ct_tensor *x, int correction, ct_tensor *fweights, ct_tensor *aweights);
CT_API ct_tensor *ct_corrcoef_at(const char *at, ct_tensor *x);
CT_API ct_tensor *ct_diff_at(const char *at, ct_tensor *x, int n, int axis); /* n-th differences of neighbours */
/* Integral by trapezoids, of samples dx apart, or at places that are like x or one line of them. */
CT_API ct_tensor *ct_trapz_at(const char *at, ct_tensor *x, double dx, int axis);
CT_API ct_tensor *ct_trapz_over_at(const char *at, ct_tensor *x, ct_tensor *places, int axis);
#define ct_cov(...) ct_cov_at(CT_HERE, __VA_ARGS__)
#define ct_corrcoef(...) ct_corrcoef_at(CT_HERE, __VA_ARGS__)
#define ct_diff(...) ct_diff_at(CT_HERE, __VA_ARGS__)
#define ct_trapz(...) ct_trapz_at(CT_HERE, __VA_ARGS__)
#define ct_trapz_over(...) ct_trapz_over_at(CT_HERE, __VA_ARGS__)

/* (sum |x|^p)^(1/p); p may be 0 (how many are not 0), INFINITY (largest), -INFINITY (smallest). 2 over two axes is
 * Frobenius' norm of matrices. Subgradient 0 where the norm is 0. */
CT_API ct_tensor *ct_vector_norm_at(const char *at, ct_tensor *x, double p, ct_axes axes);
/* Of matrices in two axes, rows first: 1 the largest sum |x| of a column, INFINITY of a row, 2 the largest singular
 * value; negative the smallest. */
CT_API ct_tensor *ct_matrix_norm_at(const char *at, ct_tensor *x, double p, ct_axes axes);
CT_API ct_tensor *ct_normalize_at(const char *at, ct_tensor *x, double p, int axis, double eps); /* x / max(norm, eps) */
CT_API ct_tensor *ct_pairwise_distance_at(const char *at, ct_tensor *x, ct_tensor *y, double p, double eps, bool keep);
/* Norms of the differences of all pairs: x (..., m, n) and y (..., k, n) give (..., m, k). */
CT_API ct_tensor *ct_cdist_at(const char *at, ct_tensor *x, ct_tensor *y, double p);
CT_API ct_tensor *ct_cosine_similarity_at(const char *at, ct_tensor *x, ct_tensor *y, int axis, double eps);
#define ct_vector_norm(...) ct_vector_norm_at(CT_HERE, __VA_ARGS__)
#define ct_matrix_norm(...) ct_matrix_norm_at(CT_HERE, __VA_ARGS__)
#define ct_normalize(...) ct_normalize_at(CT_HERE, __VA_ARGS__)
#define ct_pairwise_distance(...) ct_pairwise_distance_at(CT_HERE, __VA_ARGS__)
#define ct_cdist(...) ct_cdist_at(CT_HERE, __VA_ARGS__)
#define ct_cosine_similarity(...) ct_cosine_similarity_at(CT_HERE, __VA_ARGS__)

/* ct_argX gives places along the axis, ct_X the values there, to which alone the cotangent returns. NaN is larger than
 * any number. */
CT_API ct_tensor *ct_sort_at(const char *at, ct_tensor *x, int axis, bool descending);
CT_API ct_tensor *ct_topk_at(const char *at, ct_tensor *x, int64_t k, int axis, bool largest); /* in order */
CT_API ct_tensor *ct_argtopk_at(const char *at, ct_tensor *x, int64_t k, int axis, bool largest);
CT_API ct_tensor *ct_cummax_at(const char *at, ct_tensor *x, int axis); /* the largest so far */
CT_API ct_tensor *ct_cummin_at(const char *at, ct_tensor *x, int axis);
#define ct_sort(...) ct_sort_at(CT_HERE, __VA_ARGS__)
#define ct_topk(...) ct_topk_at(CT_HERE, __VA_ARGS__)
#define ct_argtopk(...) ct_argtopk_at(CT_HERE, __VA_ARGS__)
#define ct_cummax(...) ct_cummax_at(CT_HERE, __VA_ARGS__)
#define ct_cummin(...) ct_cummin_at(CT_HERE, __VA_ARGS__)

/* One of each line; the axis goes. */
CT_API ct_tensor *ct_max_along_at(const char *at, ct_tensor *x, int axis); /* the value at ct_argmax */
CT_API ct_tensor *ct_min_along_at(const char *at, ct_tensor *x, int axis); /* the value at ct_argmin */
CT_API ct_tensor *ct_kthvalue_at(const char *at, ct_tensor *x, int64_t k, int axis); /* k-th smallest, from 1 */
CT_API ct_tensor *ct_argkthvalue_at(const char *at, ct_tensor *x, int64_t k, int axis);
CT_API ct_tensor *ct_median_along_at(const char *at, ct_tensor *x, int axis); /* lower of two; NaN if one is */
CT_API ct_tensor *ct_argmedian_at(const char *at, ct_tensor *x, int axis);
CT_API ct_tensor *ct_mode_at(const char *at, ct_tensor *x, int axis); /* most frequent, the smallest of several */
CT_API ct_tensor *ct_argmode_at(const char *at, ct_tensor *x, int axis);
CT_API ct_tensor *ct_median_at(const char *at, ct_tensor *x, ct_axes axes); /* equal ones share the cotangent */
#define ct_max_along(...) ct_max_along_at(CT_HERE, __VA_ARGS__)
#define ct_min_along(...) ct_min_along_at(CT_HERE, __VA_ARGS__)
#define ct_kthvalue(...) ct_kthvalue_at(CT_HERE, __VA_ARGS__)
#define ct_argkthvalue(...) ct_argkthvalue_at(CT_HERE, __VA_ARGS__)
#define ct_median_along(...) ct_median_along_at(CT_HERE, __VA_ARGS__)
#define ct_argmedian(...) ct_argmedian_at(CT_HERE, __VA_ARGS__)
#define ct_mode(...) ct_mode_at(CT_HERE, __VA_ARGS__)
#define ct_argmode(...) ct_argmode_at(CT_HERE, __VA_ARGS__)
#define ct_median(...) ct_median_at(CT_HERE, __VA_ARGS__)

/* ---- products: ops/products.c, einsum.c ---- */

CT_API ct_tensor *ct_vdot_at(const char *at, ct_tensor *x, ct_tensor *y);   /* (n), (n) to a scalar */
CT_API ct_tensor *ct_mv_at(const char *at, ct_tensor *x, ct_tensor *y);    /* (m, n), (n) to (m) */
CT_API ct_tensor *ct_mm_at(const char *at, ct_tensor *x, ct_tensor *y);    /* (m, k), (k, n) to (m, n) */
CT_API ct_tensor *ct_bmm_at(const char *at, ct_tensor *x, ct_tensor *y);   /* (b, m, k), (b, k, n) to (b, m, n) */
CT_API ct_tensor *ct_outer_at(const char *at, ct_tensor *x, ct_tensor *y); /* (m), (n) to (m, n) */
CT_API ct_tensor *ct_inner_at(const char *at, ct_tensor *x, ct_tensor *y); /* (..., n), (..., n): sums over n */
CT_API ct_tensor *ct_kron_at(const char *at, ct_tensor *x, ct_tensor *y);  /* blocks x[i][j] y */
CT_API ct_tensor *ct_trace_at(const char *at, ct_tensor *x);               /* sum of a matrix's diagonal */
CT_API ct_tensor *ct_multi_dot_at(const char *at, ct_list xs); /* product of a chain, in the cheapest order */
#define ct_vdot(...) ct_vdot_at(CT_HERE, __VA_ARGS__)
#define ct_mv(...) ct_mv_at(CT_HERE, __VA_ARGS__)
#define ct_mm(...) ct_mm_at(CT_HERE, __VA_ARGS__)
#define ct_bmm(...) ct_bmm_at(CT_HERE, __VA_ARGS__)
#define ct_outer(...) ct_outer_at(CT_HERE, __VA_ARGS__)
#define ct_inner(...) ct_inner_at(CT_HERE, __VA_ARGS__)
#define ct_kron(...) ct_kron_at(CT_HERE, __VA_ARGS__)
#define ct_trace(...) ct_trace_at(CT_HERE, __VA_ARGS__)
#define ct_multi_dot(...) ct_multi_dot_at(CT_HERE, __VA_ARGS__)

/* beta x + alpha (a b), x broadcast to the product; with beta 0 x does not count, whatever it holds. */
CT_API ct_tensor *ct_addmm_at(const char *at, ct_tensor *x, ct_tensor *a, ct_tensor *b, double beta, double alpha);
CT_API ct_tensor *ct_addmv_at(const char *at, ct_tensor *x, ct_tensor *a, ct_tensor *b, double beta, double alpha);
CT_API ct_tensor *ct_addr_at(const char *at, ct_tensor *x, ct_tensor *a, ct_tensor *b, double beta, double alpha);
CT_API ct_tensor *ct_baddbmm_at(const char *at, ct_tensor *x, ct_tensor *a, ct_tensor *b, double beta, double alpha);
/* The same with the sum of the products of a batch. */
CT_API ct_tensor *ct_addbmm_at(const char *at, ct_tensor *x, ct_tensor *a, ct_tensor *b, double beta, double alpha);
#define ct_addmm(...) ct_addmm_at(CT_HERE, __VA_ARGS__)
#define ct_addmv(...) ct_addmv_at(CT_HERE, __VA_ARGS__)
#define ct_addr(...) ct_addr_at(CT_HERE, __VA_ARGS__)
#define ct_baddbmm(...) ct_baddbmm_at(CT_HERE, __VA_ARGS__)
#define ct_addbmm(...) ct_addbmm_at(CT_HERE, __VA_ARGS__)

/* ct_einsum("bij,bjk->bik", CT_LIST(x, y)): a letter for each axis of each operand, and of the result; what the result
 * lacks is summed, a letter twice in one operand takes the diagonal, "..." stands for further axes that broadcast.
 * Without "->" the result has the axes of "..." and then, in order, the letters that occur once. */
CT_API ct_tensor *ct_einsum_at(const char *at, const char *equation, ct_list xs);
/* Sums over pairs of axes, x_axes[i] with y_axes[i]; the result has the others of x, and then those of y. */
CT_API ct_tensor *ct_tensordot_at(const char *at, ct_tensor *x, ct_tensor *y, ct_axes x_axes, ct_axes y_axes);
/* x (..., m), y (..., n), weight (k, m, n): sums over m and n, plus bias (k), which may be NULL. */
CT_API ct_tensor *ct_bilinear_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight, ct_tensor *bias);
#define ct_einsum(...) ct_einsum_at(CT_HERE, __VA_ARGS__)
#define ct_bilinear(...) ct_bilinear_at(CT_HERE, __VA_ARGS__)
#define ct_tensordot(...) ct_tensordot_at(CT_HERE, __VA_ARGS__)

/* ---- losses: ops/loss.c, loss_class.c, loss_ctc.c ---- */
/* Of predictions x and targets y, which broadcast where nothing else is said, for each element or row; beside the ops
 * ct_cross_entropy() and ct_cross_entropy_probs(). `weight` and `pos_weight` may be NULL. Targets that are whole
 * numbers may be of an integer dtype. */

typedef enum ct_loss_reduction { CT_LOSS_MEAN, CT_LOSS_SUM, CT_LOSS_NONE, CT_LOSS_BATCH_MEAN } ct_loss_reduction;

CT_API ct_tensor *ct_mse_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_loss_reduction reduction); /* (x - y)^2 */
CT_API ct_tensor *ct_l1_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_loss_reduction reduction);  /* |x - y| */
/* |x - y| - beta / 2, and (x - y)^2 / (2 beta) where |x - y| < beta; ct_huber_loss is delta times it. */
CT_API ct_tensor *ct_smooth_l1_loss_at(const char *at, ct_tensor *x, ct_tensor *y, double beta, ct_loss_reduction reduction);
CT_API ct_tensor *ct_huber_loss_at(const char *at, ct_tensor *x, ct_tensor *y, double delta, ct_loss_reduction reduction);
#define ct_mse_loss(...) ct_mse_loss_at(CT_HERE, __VA_ARGS__)
#define ct_l1_loss(...) ct_l1_loss_at(CT_HERE, __VA_ARGS__)
#define ct_smooth_l1_loss(...) ct_smooth_l1_loss_at(CT_HERE, __VA_ARGS__)
#define ct_huber_loss(...) ct_huber_loss_at(CT_HERE, __VA_ARGS__)

/* Of probabilities x, ct_bernoulli_nll(); of logits x, with pos_weight on the loss of outcome 1. */
CT_API ct_tensor *ct_binary_cross_entropy_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight,
                                             ct_loss_reduction reduction);
CT_API ct_tensor *ct_binary_cross_entropy_with_logits_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight,
                                                         ct_tensor *pos_weight, ct_loss_reduction reduction);
/* The latter's mean over the last axis. */
CT_API ct_tensor *ct_multilabel_soft_margin_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight,
                                                    ct_loss_reduction reduction);
/* log(1 + exp(-x y)) of targets 1 and -1. */
CT_API ct_tensor *ct_soft_margin_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_loss_reduction reduction);
/* y (log y - x) of log-probabilities x and of probabilities y, or of their logarithms. */
CT_API ct_tensor *ct_kl_div_at(const char *at, ct_tensor *x, ct_tensor *y, bool log_target, ct_loss_reduction reduction);
/* x - y log(x + eps) of rates x or, with log_input, of their logarithms; `full` adds an approximation of log y!. */
CT_API ct_tensor *ct_poisson_nll_loss_at(const char *at, ct_tensor *x, ct_tensor *y, bool log_input, bool full,
                                         double eps, ct_loss_reduction reduction);
/* (log v + (x - y)^2 / v) / 2, v being variances, of which there may be one a row, raised to eps; `full` adds the rest. */
CT_API ct_tensor *ct_gaussian_nll_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *variance, bool full,
                                          double eps, ct_loss_reduction reduction);
#define ct_binary_cross_entropy(...) ct_binary_cross_entropy_at(CT_HERE, __VA_ARGS__)
#define ct_binary_cross_entropy_with_logits(...) ct_binary_cross_entropy_with_logits_at(CT_HERE, __VA_ARGS__)
#define ct_multilabel_soft_margin_loss(...) ct_multilabel_soft_margin_loss_at(CT_HERE, __VA_ARGS__)
#define ct_soft_margin_loss(...) ct_soft_margin_loss_at(CT_HERE, __VA_ARGS__)
#define ct_kl_div(...) ct_kl_div_at(CT_HERE, __VA_ARGS__)
#define ct_poisson_nll_loss(...) ct_poisson_nll_loss_at(CT_HERE, __VA_ARGS__)
#define ct_gaussian_nll_loss(...) ct_gaussian_nll_loss_at(CT_HERE, __VA_ARGS__)

/* Targets 1 and -1: x, and max(0, margin - x). */
CT_API ct_tensor *ct_hinge_embedding_loss_at(const char *at, ct_tensor *x, ct_tensor *y, double margin,
                                             ct_loss_reduction reduction);
/* max(0, margin - y (x1 - x2)). */
CT_API ct_tensor *ct_margin_ranking_loss_at(const char *at, ct_tensor *x1, ct_tensor *x2, ct_tensor *y, double margin,
                                            ct_loss_reduction reduction);
/* Targets 1 and -1 of two vectors, or of rows: 1 - cosine, and max(0, cosine - margin). */
CT_API ct_tensor *ct_cosine_embedding_loss_at(const char *at, ct_tensor *x1, ct_tensor *x2, ct_tensor *y,
                                              double margin, ct_loss_reduction reduction);
/* max(0, margin + |anchor - positive| - |anchor - negative|), p-norms along the last axis of differences + eps; with
 * `swap` the nearer of anchor and positive counts. */
typedef struct ct_triplet {
    double margin, p, eps; /* usually 1, 2 and 1e-6 */
    bool swap;
} ct_triplet;
CT_API ct_tensor *ct_triplet_margin_loss_at(const char *at, ct_tensor *anchor, ct_tensor *positive, ct_tensor *negative,
                                            ct_triplet triplet, ct_loss_reduction reduction);
#define ct_hinge_embedding_loss(...) ct_hinge_embedding_loss_at(CT_HERE, __VA_ARGS__)
#define ct_margin_ranking_loss(...) ct_margin_ranking_loss_at(CT_HERE, __VA_ARGS__)
#define ct_cosine_embedding_loss(...) ct_cosine_embedding_loss_at(CT_HERE, __VA_ARGS__)
#define ct_triplet_margin_loss(...) ct_triplet_margin_loss_at(CT_HERE, __VA_ARGS__)

/* Of classes y: x is (classes) with y 0-d, or (n, classes, ...) with y (n, ...). */

/* -weight[y] x[y] of log-probabilities, nothing where y is ignore_index (-100 for none); the mean is by weight. */
CT_API ct_tensor *ct_nll_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight, int64_t ignore_index,
                                 ct_loss_reduction reduction);
/* The same of logits, a share `label_smoothing` of the target being spread over all classes; a floating y like x holds
 * probabilities. */
CT_API ct_tensor *ct_cross_entropy_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *weight,
                                           int64_t ignore_index, double label_smoothing, ct_loss_reduction reduction);
/* Over the other classes i, sum of weight[y] max(0, margin - x[y] + x[i])^p / classes, p being 1 or 2. */
CT_API ct_tensor *ct_multi_margin_loss_at(const char *at, ct_tensor *x, ct_tensor *y, int p, double margin,
                                          ct_tensor *weight, ct_loss_reduction reduction);
/* y like x lists the classes of a row, up to the first -1: sum of max(0, 1 - x[those] + x[others]) / classes. */
CT_API ct_tensor *ct_multilabel_margin_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_loss_reduction reduction);
/* Connectionist temporal classification (Graves et al. 2006): x (steps, n, classes), logits or log-probabilities; y
 * (n, longest), or all in one axis; lengths (n). The mean is over n of the loss over the target's length. An impossible
 * alignment costs infinity, or 0 with zero_infinity. */
CT_API ct_tensor *ct_ctc_loss_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *x_lengths, ct_tensor *y_lengths,
                                 int64_t blank, bool zero_infinity, ct_loss_reduction reduction);
#define ct_nll_loss(...) ct_nll_loss_at(CT_HERE, __VA_ARGS__)
#define ct_cross_entropy_loss(...) ct_cross_entropy_loss_at(CT_HERE, __VA_ARGS__)
#define ct_multi_margin_loss(...) ct_multi_margin_loss_at(CT_HERE, __VA_ARGS__)
#define ct_multilabel_margin_loss(...) ct_multilabel_margin_loss_at(CT_HERE, __VA_ARGS__)
#define ct_ctc_loss(...) ct_ctc_loss_at(CT_HERE, __VA_ARGS__)

/* ---- convolution, pooling, windows: ops/conv.c, ops/pool.c, ops/unfold.c ---- */

/* x (n, c, l) or (n, c, h, w), without n too; weight y (o, c / groups, taps...), bias w (o) or NULL; z (n, o, ...). */
CT_API ct_tensor *ct_conv1d_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w,
                               const ct_conv_options *options);
CT_API ct_tensor *ct_conv2d_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w,
                               const ct_conv_options *options);
/* The other way round: x (n, o, ...), weight y (o, c / groups, taps...), bias w (c) or NULL; z (n, c, ...). */
CT_API ct_tensor *ct_conv_transpose1d_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w,
                                         const ct_conv_options *options);
CT_API ct_tensor *ct_conv_transpose2d_at(const char *at, ct_tensor *x, ct_tensor *y, ct_tensor *w,
                                         const ct_conv_options *options);
#define ct_conv1d(...) ct_conv1d_at(CT_HERE, __VA_ARGS__)
#define ct_conv2d(...) ct_conv2d_at(CT_HERE, __VA_ARGS__)
#define ct_conv_transpose1d(...) ct_conv_transpose1d_at(CT_HERE, __VA_ARGS__)
#define ct_conv_transpose2d(...) ct_conv_transpose2d_at(CT_HERE, __VA_ARGS__)

/* Of x (n, c, l) or (n, c, h, w), without n too. The adaptive ones cut an image into size parts; -1 keeps an extent. */
CT_API ct_tensor *ct_max_pool1d_at(const char *at, ct_tensor *x, const ct_pool_options *options);
CT_API ct_tensor *ct_max_pool2d_at(const char *at, ct_tensor *x, const ct_pool_options *options);
CT_API ct_tensor *ct_avg_pool1d_at(const char *at, ct_tensor *x, const ct_pool_options *options);
CT_API ct_tensor *ct_avg_pool2d_at(const char *at, ct_tensor *x, const ct_pool_options *options);
CT_API ct_tensor *ct_adaptive_max_pool2d_at(const char *at, ct_tensor *x, ct_shape size);
CT_API ct_tensor *ct_adaptive_avg_pool2d_at(const char *at, ct_tensor *x, ct_shape size);
#define ct_max_pool1d(...) ct_max_pool1d_at(CT_HERE, __VA_ARGS__)
#define ct_max_pool2d(...) ct_max_pool2d_at(CT_HERE, __VA_ARGS__)
#define ct_avg_pool1d(...) ct_avg_pool1d_at(CT_HERE, __VA_ARGS__)
#define ct_avg_pool2d(...) ct_avg_pool2d_at(CT_HERE, __VA_ARGS__)
#define ct_adaptive_max_pool2d(...) ct_adaptive_max_pool2d_at(CT_HERE, __VA_ARGS__)
#define ct_adaptive_avg_pool2d(...) ct_adaptive_avg_pool2d_at(CT_HERE, __VA_ARGS__)

/* The windows of x (n, c, h, w) as columns (n, c * taps, windows), and their adjoint: columns added up in an image of
 * that size. Without n too. */
CT_API ct_tensor *ct_unfold_at(const char *at, ct_tensor *x, ct_shape kernel, const ct_conv_options *options);
CT_API ct_tensor *ct_fold_at(const char *at, ct_tensor *x, ct_shape size, ct_shape kernel,
                             const ct_conv_options *options);
#define ct_unfold(...) ct_unfold_at(CT_HERE, __VA_ARGS__)
#define ct_fold(...) ct_fold_at(CT_HERE, __VA_ARGS__)

/* ---- normalisation: ops/norm.c ---- */
/* (x - mean) / sqrt(variance + eps), then times weight plus bias, either of which may be NULL. */

/* By mean and variance of each example, over the last axes, which `shape`, weight and bias have. */
CT_API ct_tensor *ct_layer_norm_at(const char *at, ct_tensor *x, ct_shape shape, ct_tensor *weight, ct_tensor *bias,
                                   double eps);
/* x (n, channels, ...), weight and bias (channels): of each example, over groups of channels that follow each other. */
CT_API ct_tensor *ct_group_norm_at(const char *at, ct_tensor *x, int64_t groups, ct_tensor *weight, ct_tensor *bias,
                                   double eps);
/* The caller's statistics (channels), of x's dtype; both NULL for none. In training those of x are used, and these move
 * to them by the share `momentum`, when the op is computed but not when it is replayed; otherwise these are used. */
typedef struct ct_running {
    ct_tensor *mean, *variance;
    double momentum;
    bool training;
} ct_running;
/* x (n, channels, ...): over all but the channels; ct_instance_norm over all but examples and channels. */
CT_API ct_tensor *ct_batch_norm_at(const char *at, ct_tensor *x, ct_tensor *weight, ct_tensor *bias,
                                   ct_running running, double eps);
CT_API ct_tensor *ct_instance_norm_at(const char *at, ct_tensor *x, ct_tensor *weight, ct_tensor *bias,
                                      ct_running running, double eps);
/* x / (k + alpha mean(x^2))^beta, the mean being over `size` channels around, with zeros beyond the first and last. */
CT_API ct_tensor *ct_local_response_norm_at(const char *at, ct_tensor *x, int64_t size, double alpha, double beta,
                                            double k);
#define ct_layer_norm(...) ct_layer_norm_at(CT_HERE, __VA_ARGS__)
#define ct_group_norm(...) ct_group_norm_at(CT_HERE, __VA_ARGS__)
#define ct_batch_norm(...) ct_batch_norm_at(CT_HERE, __VA_ARGS__)
#define ct_instance_norm(...) ct_instance_norm_at(CT_HERE, __VA_ARGS__)
#define ct_local_response_norm(...) ct_local_response_norm_at(CT_HERE, __VA_ARGS__)

/* ---- images: ops/interpolate.c, image.c ---- */

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
/* Resizes x (n, channels, ...), which has 1 to 3 spatial axes. */
CT_API ct_tensor *ct_interpolate_at(const char *at, ct_tensor *x, const ct_resize_options *options);
#define ct_interpolate(...) ct_interpolate_at(CT_HERE, __VA_ARGS__)

/* What is outside of an image. */
typedef enum ct_grid_padding { CT_GRID_ZEROS, CT_GRID_BORDER, CT_GRID_REFLECTION } ct_grid_padding;
/* x (n, channels, h, w) at the places (column, row) of a grid (n, rows, columns, 2), by the nearest or, linear, by the
 * four pixels around; (-1, -1) is the left upper corner, or centre of the corner pixel, (1, 1) the right lower one. */
CT_API ct_tensor *ct_grid_sample_at(const char *at, ct_tensor *x, ct_tensor *grid, ct_resampling mode,
                                    ct_grid_padding padding, bool align_corners);
/* (..., channels * factor^2, h, w) to (..., channels, h * factor, w * factor), and back. */
CT_API ct_tensor *ct_pixel_shuffle_at(const char *at, ct_tensor *x, int64_t factor);
CT_API ct_tensor *ct_pixel_unshuffle_at(const char *at, ct_tensor *x, int64_t factor);
#define ct_grid_sample(...) ct_grid_sample_at(CT_HERE, __VA_ARGS__)
#define ct_pixel_shuffle(...) ct_pixel_shuffle_at(CT_HERE, __VA_ARGS__)
#define ct_pixel_unshuffle(...) ct_pixel_unshuffle_at(CT_HERE, __VA_ARGS__)

/* ---- linear algebra: ops/linalg.c, ops/spectral.c ---- */
/* Of matrices in the last two axes; leading axes are a batch. What LAPACK cannot do, as to invert a singular matrix, is
 * an error that names the matrix. */

/* The solution of x z = y: y (..., n, k), or (..., n) where it has x's shape without the last axis; leading axes
 * broadcast. Of a triangle of x: also of z x = y when not `left`; the diagonal counts as ones with `unit`. */
CT_API ct_tensor *ct_solve_at(const char *at, ct_tensor *x, ct_tensor *y);
CT_API ct_tensor *ct_solve_triangular_at(const char *at, ct_tensor *x, ct_tensor *y, bool upper, bool left, bool unit);
#define ct_solve(...) ct_solve_at(CT_HERE, __VA_ARGS__)
#define ct_solve_triangular(...) ct_solve_triangular_at(CT_HERE, __VA_ARGS__)

/* Results of several tensors; all NULL when the call failed. Vectors are determined up to signs, and derivatives of
 * what depends on the signs mean nothing. */
typedef struct ct_slogdet_result {
    ct_tensor *sign, *logabsdet; /* the determinant is sign * exp(logabsdet) */
} ct_slogdet_result;
typedef struct ct_qr_result {
    ct_tensor *q, *r; /* (..., m, k) with orthonormal columns, and the upper triangle (..., k, n); k = min(m, n) */
} ct_qr_result;
typedef struct ct_eigh_result {
    ct_tensor *values, *vectors; /* (..., n) ascending, and (..., n, n) in columns */
} ct_eigh_result;
typedef struct ct_svd_result {
    ct_tensor *u, *s, *vt; /* (..., m, k), (..., k) descending, (..., k, n); k = min(m, n) */
} ct_svd_result;
CT_API ct_slogdet_result ct_slogdet_at(const char *at, ct_tensor *x);
CT_API ct_qr_result ct_qr_at(const char *at, ct_tensor *x);
CT_API ct_eigh_result ct_eigh_at(const char *at, ct_tensor *x); /* of symmetric x: the lower triangle is read */
CT_API ct_svd_result ct_svd_at(const char *at, ct_tensor *x);
#define ct_slogdet(...) ct_slogdet_at(CT_HERE, __VA_ARGS__)
#define ct_qr(...) ct_qr_at(CT_HERE, __VA_ARGS__)
#define ct_eigh(...) ct_eigh_at(CT_HERE, __VA_ARGS__)
#define ct_svd(...) ct_svd_at(CT_HERE, __VA_ARGS__)

CT_API ct_tensor *ct_svdvals_at(const char *at, ct_tensor *x); /* (..., k) */
/* Over two axes: the sum of the singular values; the largest, or with p = -2 the smallest one. */
CT_API ct_tensor *ct_nuclear_norm_at(const char *at, ct_tensor *x, ct_axes axes);
CT_API ct_tensor *ct_spectral_norm_at(const char *at, ct_tensor *x, double p, ct_axes axes);
#define ct_svdvals(...) ct_svdvals_at(CT_HERE, __VA_ARGS__)
#define ct_nuclear_norm(...) ct_nuclear_norm_at(CT_HERE, __VA_ARGS__)
#define ct_spectral_norm(...) ct_spectral_norm_at(CT_HERE, __VA_ARGS__)

#endif
