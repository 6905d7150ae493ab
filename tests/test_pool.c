/* Pooling, unfold and fold against loops over windows; derivatives by the sweep. */
#include "support/elements.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/sweep.h"

#include <check.h>
#include <math.h>

/* ---- the definitions ------------------------------------------------------------------------------------------ */

typedef struct example {
    ct_pool_options o;
    ct_tensor *x; /* (n, c, h, w) */
    ct_shape z;
} example;

static int64_t stride_of(const ct_pool_options *o, int i) { return o->stride[i] ? o->stride[i] : o->kernel[i]; }
static int64_t dilation_of(const ct_pool_options *o, int i) { return o->dilation[i] ? o->dilation[i] : 1; }

static example draw_example(bool dilated) {
    example e = {
        .o = {.ceil = below(2), .exclude_padding = below(2), .divisor = below(3) ? 0 : (double)between(1, 5)}};
    ct_shape x = CT_SHAPE(between(1, 2), between(1, 3), 0, 0);
    e.z = x;
    for (int i = 0; i < 2; i++) {
        int64_t kernel = e.o.kernel[i] = between(1, 4), padding = e.o.padding[i] = between(0, kernel / 2);
        e.o.stride[i] = between(0, 3);
        e.o.dilation[i] = dilated ? between(0, 2) : 0;
        int64_t window = (kernel - 1) * dilation_of(&e.o, i) + 1, least = window - 2 * padding;
        x.dim[2 + i] = (least > 1 ? least : 1) + between(1, 8);
        int64_t room = x.dim[2 + i] + 2 * padding - window, stride = stride_of(&e.o, i);
        e.z.dim[2 + i] = (e.o.ceil ? (room + stride - 1) / stride : room / stride) + 1;
        if (e.o.ceil && (e.z.dim[2 + i] - 1) * stride >= x.dim[2 + i] + padding) e.z.dim[2 + i]--;
    }
    e.x = ct_uniform(CT_F64, x, -1, 1);
    return e;
}

/* What the window at `z` holds: maximum, sum, how many of x, how many with the padding. */
typedef struct window {
    double max, sum, count, padded;
} window;

static window look(const example *e, ct_shape z) {
    window w = {.max = -INFINITY};
    ct_shape x = ct_shape_of(e->x);
    for (int64_t k = 0; k < e->o.kernel[0] * e->o.kernel[1]; k++) {
        int64_t tap[2] = {k / e->o.kernel[1], k % e->o.kernel[1]}, place[2];
        bool inside = true, padded = true;
        for (int i = 0; i < 2; i++) {
            place[i] = z.dim[2 + i] * stride_of(&e->o, i) + tap[i] * dilation_of(&e->o, i) - e->o.padding[i];
            inside = inside && place[i] >= 0 && place[i] < x.dim[2 + i];
            padded = padded && place[i] < x.dim[2 + i] + e->o.padding[i];
        }
        w.padded += padded;
        if (!inside) continue;
        double v = ct_get(e->x, CT_SHAPE(z.dim[0], z.dim[1], place[0], place[1]));
        w.max = fmax(w.max, v);
        w.sum += v;
        w.count++;
    }
    return w;
}

START_TEST(maxima_agree_with_loops) {
    for (int i = 0; i < 200; i++) {
        ct_scope s = ct_begin();
        example e = draw_example(true);
        ct_tensor *z = ct_max_pool2d(e.x, &e.o), *places = ct_argmax_pool(e.x, &e.o);
        check_shape(z, CT_F64, e.z);
        check_shape(places, CT_I64, e.z);
        EACH_INDEX(index, z) {
            int64_t image = element_ / (e.z.dim[2] * e.z.dim[3]), size = ct_size(e.x) / (e.z.dim[0] * e.z.dim[1]);
            check_value(z, index, look(&e, index).max);
            ck_assert_double_eq(element(e.x, image * size + (int64_t)element(places, element_)), element(z, element_));
        }
        ck_assert(ct_end(s));
    }
}
END_TEST

START_TEST(means_agree_with_loops) {
    for (int i = 0; i < 200; i++) {
        ct_scope s = ct_begin();
        example e = draw_example(false);
        ct_tensor *z = ct_avg_pool2d(e.x, &e.o);
        check_shape(z, CT_F64, e.z);
        EACH_INDEX(index, z) {
            window w = look(&e, index);
            double divisor = e.o.divisor != 0 ? e.o.divisor : e.o.exclude_padding ? w.count : w.padded;
            ck_assert_double_eq_tol(ct_get(z, index), w.sum / divisor, 1e-14);
        }
        ck_assert(ct_end(s));
    }
}
END_TEST

START_TEST(adaptive_windows_cut_into_parts) {
    for (int64_t h = 1; h < 9; h++) {
        for (int64_t out = 1; out < 11; out++) {
            ct_scope s = ct_begin();
            ct_tensor *x = ct_uniform(CT_F64, CT_SHAPE(2, h, 3), -1, 1);
            ct_tensor *mean = ct_adaptive_avg_pool2d(x, CT_SHAPE(out, -1));
            ct_tensor *max = ct_adaptive_max_pool2d(x, CT_SHAPE(out, -1));
            check_shape(mean, CT_F64, CT_SHAPE(2, out, 3));
            check_shape(max, CT_F64, CT_SHAPE(2, out, 3));
            EACH_INDEX(index, mean) {
                int64_t i = index.dim[1], start = i * h / out, end = ((i + 1) * h + out - 1) / out;
                double sum = 0, most = -INFINITY;
                for (int64_t y = start; y < end; y++) {
                    double v = ct_get(x, CT_SHAPE(index.dim[0], y, index.dim[2]));
                    sum += v;
                    most = fmax(most, v);
                }
                ck_assert_double_eq_tol(ct_get(mean, index), sum / (double)(end - start), 1e-14);
                check_value(max, index, most);
            }
            ck_assert(ct_end(s));
        }
    }
}
END_TEST

/* The first of equal maxima; a NaN wins, the last of several, as in PyTorch. */
START_TEST(ties_and_nans) {
    ct_pool_options o = {.kernel = {4}};
    ct_tensor *x = ct_from(CT_F32, CT_SHAPE(1, 8), (float[]){1, 3, 3, 2, NAN, 5, NAN, -INFINITY});
    ct_tensor *places = ct_argmax_pool(x, &o), *none = ct_full(CT_F32, CT_SHAPE(1, 4), -INFINITY);
    ck_assert_double_eq(element(places, 0), 1);
    ck_assert_double_eq(element(places, 1), 6);
    ck_assert(isnan(element(ct_max_pool1d(x, &o), 1)));
    ck_assert_double_eq(element(ct_argmax_pool(none, &o), 0), 0);
}
END_TEST

/* ---- unfold and fold ------------------------------------------------------------------------------------------ */

START_TEST(unfold_reads_windows) {
    ct_tensor *x = ct_uniform(CT_F64, CT_SHAPE(2, 3, 5, 6), -1, 1);
    ct_conv_options o = {.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 2}};
    ct_tensor *z = ct_unfold(x, CT_SHAPE(2, 3), &o); /* 3 x 2 windows */
    check_shape(z, CT_F64, CT_SHAPE(2, 18, 6));
    EACH_INDEX(i, z) {
        int64_t c = i.dim[1] / 6, row = i.dim[2] / 2 * 2 + i.dim[1] % 6 / 3 - 1,
                column = i.dim[2] % 2 + i.dim[1] % 3 * 2;
        check_value(z, i, row < 0 || row >= 5 ? 0 : ct_get(x, CT_SHAPE(i.dim[0], c, row, column)));
    }
    /* The adjoint: <unfold x, g> = <x, fold g>. */
    ct_tensor *g = ct_uniform(CT_F64, ct_shape_of(z), -1, 1),
              *folded = ct_fold(g, CT_SHAPE(5, 6), CT_SHAPE(2, 3), &o);
    check_shape(folded, CT_F64, ct_shape_of(x));
    ck_assert_double_eq_tol(ct_item(ct_sum(ct_mul(z, g), CT_ALL)), ct_item(ct_sum(ct_mul(x, folded), CT_ALL)), 1e-12);
    check_shape(ct_unfold(ct_select(x, 0, 0), CT_SHAPE(2, 3), &o), CT_F64, CT_SHAPE(18, 6));
    check_shape(ct_fold(ct_select(g, 0, 0), CT_SHAPE(5, 6), CT_SHAPE(2, 3), &o), CT_F64, CT_SHAPE(3, 5, 6));
}
END_TEST

/* ---- derivatives ---------------------------------------------------------------------------------------------- */

/* Up to 101 different multiples of 0.1, in disorder: no two of them change their order within a difference's step. */
static ct_tensor *leaf(ct_dtype dtype, ct_shape shape) {
    ct_tensor *x = ct_zeros(dtype, shape);
    for (int64_t i = 0; i < ct_size(x); i++) ct_write_element(dtype, x->data, i, 0.1 * (double)(i * 37 % 101) - 5);
    return ct_requires_grad(x);
}

static const ct_pool_options options[] = {
    {.kernel = {2, 2}},
    {.kernel = {3, 2}, .stride = {1, 1}, .padding = {1, 1}},
    {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 0}, .ceil = true, .exclude_padding = true},
    {.kernel = {1, 1}},
};
#define CASES ((int)(sizeof options / sizeof *options))

static ct_sample pool_sample(int i, ct_dtype dtype,
                             ct_tensor *(*pool)(const char *, ct_tensor *, const ct_pool_options *), bool flat) {
    if (i > CASES) return (ct_sample){.z = NULL};
    ct_shape shape = flat ? CT_SHAPE(i == CASES ? 0 : 2, 2, 5) : CT_SHAPE(i == CASES ? 0 : 2, 1, 5, 4);
    ct_tensor *x = leaf(dtype, shape);
    return (ct_sample){.z = pool(CT_HERE, x, &options[i % CASES]), .leaf = {x}};
}

static ct_sample max1(int i, ct_dtype dtype) { return pool_sample(i, dtype, ct_max_pool1d_at, true); }
static ct_sample max2(int i, ct_dtype dtype) { return pool_sample(i, dtype, ct_max_pool2d_at, false); }
static ct_sample avg1(int i, ct_dtype dtype) { return pool_sample(i, dtype, ct_avg_pool1d_at, true); }
static ct_sample avg2(int i, ct_dtype dtype) { return pool_sample(i, dtype, ct_avg_pool2d_at, false); }

static ct_sample adaptive_sample(int i, ct_dtype dtype, ct_tensor *(*pool)(const char *, ct_tensor *, ct_shape)) {
    const ct_shape sizes[] = {CT_SHAPE(2, 3), CT_SHAPE(-1, 1), CT_SHAPE(7, 5), CT_SHAPE(0, 2)};
    if (i >= 4) return (ct_sample){.z = NULL};
    ct_tensor *x = leaf(dtype, CT_SHAPE(1, 2, 5, 4));
    return (ct_sample){.z = pool(CT_HERE, x, sizes[i]), .leaf = {x}};
}

static ct_sample adaptive_avg(int i, ct_dtype dtype) { return adaptive_sample(i, dtype, ct_adaptive_avg_pool2d_at); }
static ct_sample adaptive_max(int i, ct_dtype dtype) { return adaptive_sample(i, dtype, ct_adaptive_max_pool2d_at); }

static const ct_conv_options shifts[] = {{.groups = 0}, {.stride = {2, 3}, .padding = {1, 2}}, {.dilation = {2, 1}}};

static ct_sample unfolded(int i, ct_dtype dtype) {
    if (i >= 3) return (ct_sample){.z = NULL};
    ct_tensor *x = leaf(dtype, CT_SHAPE(2, 2, 4, 3));
    return (ct_sample){.z = ct_unfold(x, CT_SHAPE(2, 2), &shifts[i]), .leaf = {x}};
}

static ct_sample folded(int i, ct_dtype dtype) {
    if (i >= 3) return (ct_sample){.z = NULL};
    ct_tensor *x = leaf(dtype, CT_SHAPE(2, 8, (int64_t[]){6, 6, 4}[i]));
    return (ct_sample){.z = ct_fold(x, CT_SHAPE(4, 3), CT_SHAPE(2, 2), &shifts[i]), .leaf = {x}};
}

START_TEST(derivatives) {
    check_sweep("ct_max_pool1d", max1);
    check_sweep("ct_max_pool2d", max2);
    check_sweep("ct_avg_pool1d", avg1);
    check_sweep("ct_avg_pool2d", avg2);
    check_sweep("ct_adaptive_avg_pool2d", adaptive_avg);
    check_sweep("ct_adaptive_max_pool2d", adaptive_max);
    check_sweep("ct_unfold", unfolded);
    check_sweep("ct_fold", folded);
}
END_TEST

/* ---- errors --------------------------------------------------------------------------------------------------- */

START_TEST(errors_say_what_does_not_fit) {
    ct_tensor *x = ct_zeros(CT_F32, CT_SHAPE(2, 3, 4, 5)), *line = ct_zeros(CT_F32, CT_SHAPE(3, 4));
    SHAPE_ERROR(ct_max_pool2d(line, &(ct_pool_options){.kernel = {2, 2}}),
                "ct_max_pool2d: (3,4): not (n, c, h, w) or (c, h, w)");
    SHAPE_ERROR(ct_max_pool1d(line, &(ct_pool_options){.kernel = {5}}),
                "ct_max_pool1d: ct_argmax_pool: a window of 5 exceeds the extent 4, paddings included");
    ARGUMENT_ERROR(ct_max_pool2d(x, &(ct_pool_options){.kernel = {2}}),
                   "ct_max_pool2d: the kernel has one extent only");
    ARGUMENT_ERROR(ct_max_pool2d(x, NULL), "ct_max_pool2d: no kernel is given");
    ARGUMENT_ERROR(ct_avg_pool2d(x, &(ct_pool_options){.kernel = {2, 2}, .padding = {2, 0}}),
                   "ct_avg_pool2d: the padding 2 exceeds half of the window of 2");
    ARGUMENT_ERROR(ct_avg_pool1d(line, &(ct_pool_options){.kernel = {2}, .stride = {-1}}),
                   "ct_avg_pool1d: a window of 2, stride -1, dilation 1, padding 0");
    ARGUMENT_ERROR(ct_avg_pool1d(line, &(ct_pool_options){.kernel = {2}, .dilation = {2}}),
                   "ct_avg_pool1d: a mean has no dilation");
    DTYPE_ERROR(ct_max_pool1d(ct_zeros(CT_I64, CT_SHAPE(3, 4)), &(ct_pool_options){.kernel = {2}}),
                "ct_max_pool1d: ct_argmax_pool: argmax_pool((3,4)): i64 is not floating: ct_cast() first");
    ARGUMENT_ERROR(ct_argmax_pool(ct_zeros(CT_F32, CT_SHAPE(1)),
                                  &(ct_pool_options){
                                      .kernel = {2}, .stride = {2}, .padding = {1}, .dilation = {3}, .ceil = true}),
                   "ct_argmax_pool: argmax_pool((1)): window 0 lies in the padding");
    ARGUMENT_ERROR(ct_adaptive_avg_pool2d(x, CT_SHAPE(-2, 1)),
                   "ct_adaptive_avg_pool2d: an extent of 4 does not make -2 parts");
    ARGUMENT_ERROR(ct_adaptive_max_pool2d(x, CT_SHAPE(2)), "ct_adaptive_max_pool2d: 1 extents, not 2");
    SHAPE_ERROR(ct_unfold(line, CT_SHAPE(2, 2), NULL), "ct_unfold: (3,4): not (n, c, h, w) or (c, h, w)");
    ARGUMENT_ERROR(ct_unfold(x, CT_SHAPE(2), NULL), "ct_unfold: a kernel of 1 dimensions, not 2");
    SHAPE_ERROR(ct_fold(line, CT_SHAPE(3, 3), CT_SHAPE(3, 1), NULL),
                "ct_fold: (3,4): not 3 windows of a multiple of 3 elements");
    CHECK_ERROR(ct_avg_pool1d(NULL, &(ct_pool_options){.kernel = {2}}), CT_ERR_NULL,
                "ct_avg_pool1d: operand 1 is NULL");
}
END_TEST

START_TEST(matrices_are_checked) {
    ct_tensor *x = ct_ones(CT_F64, CT_SHAPE(2));
    int64_t start[] = {0, 1, 2}, far[] = {0, 2}, late[] = {1, 2, 2}, column[] = {0, 1};
    double weight[] = {2, 3};
    ct_tensor *z = ct_resample(x, 0, &(ct_sparse){2, 2, start, column, weight});
    ck_assert_double_eq(element(z, 0), 2);
    ck_assert_double_eq(element(z, 1), 3);
    ARGUMENT_ERROR(ct_resample(x, 0, &(ct_sparse){2, 2, start, far, weight}),
                   "ct_resample: entry 1 is in column 2 of 2");
    ARGUMENT_ERROR(ct_resample(x, 0, &(ct_sparse){2, 2, late, column, weight}),
                   "ct_resample: row 0 starts at entry 1");
    ARGUMENT_ERROR(ct_resample(x, 0, NULL), "ct_resample: the matrix is NULL, or has no rows");
    ARGUMENT_ERROR(ct_resample(x, 0, (&(ct_sparse){.rows = -1})), "ct_resample: the matrix is NULL, or has no rows");
    SHAPE_ERROR(ct_resample(x, 0, &(ct_sparse){2, 3, start, column, weight}),
                "ct_resample: resample((2)): 2 slices for a matrix of 3 columns");
}
END_TEST

static void pool_and_back(void) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(2, 3, 40, 40), -1, 1));
    ct_tensor *z = ct_add(ct_max_pool2d(x, &options[0]), ct_avg_pool2d(x, &options[0]));
    bool done = ct_backward_from(z, z);
    ck_assert(ct_end(s) == done);
    if (!done) ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
}

START_TEST(memory_ends_at_any_allocation) {
    ck_assert_int_ge(support_fail_each(support_fail_allocations_from, pool_and_back), 4);
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("pool");
    TCase *t = tcase_create("pool"), *own = tcase_create("scopes of their own");
    tcase_add_checked_fixture(t, open_scope, close_scope);
    tcase_add_test(own, maxima_agree_with_loops);
    tcase_add_test(own, means_agree_with_loops);
    tcase_add_test(own, adaptive_windows_cut_into_parts);
    tcase_add_test(own, derivatives);
    tcase_add_test(own, memory_ends_at_any_allocation);
    tcase_add_test(t, ties_and_nans);
    tcase_add_test(t, unfold_reads_windows);
    tcase_add_test(t, errors_say_what_does_not_fit);
    tcase_add_test(t, matrices_are_checked);
    suite_add_tcase(suite, t);
    suite_add_tcase(suite, own);
    return suite;
}
