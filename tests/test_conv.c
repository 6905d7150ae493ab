/* Convolutions against the loops that define them, with random options; same bits for any number of threads. */
#include "autograd/ops/conv.h"
#include "support/elements.h"
#include "support/expect.h"
#include "support/memory.h"
#include "support/sweep.h"

#include <check.h>
#include <math.h>

static ct_tensor *draw(ct_dtype dtype, ct_shape shape) { return ct_requires_grad(ct_uniform(dtype, shape, -1, 1)); }

/* ---- the definition ------------------------------------------------------------------------------------------- */

/* A random convolution of one or two axes, with its operands. */
typedef struct example {
    ct_conv_options o;
    ct_tensor *x, *y, *g; /* g like the result */
    ct_shape z;           /* of the result */
} example;

static int64_t or_one(int64_t v) { return v ? v : 1; }

static example draw_example(ct_dtype dtype, int spatial) {
    example e = {.o = {.groups = between(1, 3)}};
    ct_shape x = {.ndim = 2 + spatial, .dim = {between(1, 3)}}, y = {.ndim = 2 + spatial};
    y.dim[1] = between(1, 4);
    x.dim[1] = e.o.groups * y.dim[1];
    y.dim[0] = e.o.groups * between(1, 11);
    e.z = (ct_shape){.ndim = 2 + spatial, .dim = {x.dim[0], y.dim[0]}};
    for (int i = 0; i < spatial; i++) {
        e.o.stride[i] = between(0, 4);
        e.o.padding[i] = between(0, 3);
        e.o.dilation[i] = between(0, 3);
        y.dim[2 + i] = between(1, 4);
        int64_t window = (y.dim[2 + i] - 1) * or_one(e.o.dilation[i]) + 1, least = window - 2 * e.o.padding[i];
        x.dim[2 + i] = (least > 1 ? least : 1) + between(0, 12);
        e.z.dim[2 + i] = (x.dim[2 + i] + 2 * e.o.padding[i] - window) / or_one(e.o.stride[i]) + 1;
    }
    e.x = draw(dtype, x);
    e.y = draw(dtype, y);
    e.g = draw(dtype, e.z);
    return e;
}

/* Calls term(context, x, y, z) with the places of all products x y that z is a sum of. */
static void each_product(const example *e, void (*term)(void *, int64_t, int64_t, int64_t), void *context) {
    ct_shape xs = ct_shape_of(e->x);
    int spatial = e->z.ndim - 2;
    EACH_INDEX(z, e->g) {
        int64_t at_z = element_;
        ct_shape ys = ct_shape_of(e->y);
        int64_t group = z.dim[1] / (ys.dim[0] / or_one(e->o.groups));
        for (int64_t at_y = z.dim[1] * (ct_size(e->y) / ys.dim[0]), end = at_y + ct_size(e->y) / ys.dim[0];
             at_y < end; at_y++) {
            ct_shape y = unravel(at_y, ys);
            int64_t at_x = z.dim[0] * xs.dim[1] + group * ys.dim[1] + y.dim[1];
            bool inside = true;
            for (int i = 0; i < spatial; i++) {
                int64_t place =
                    z.dim[2 + i] * or_one(e->o.stride[i]) + y.dim[2 + i] * or_one(e->o.dilation[i]) - e->o.padding[i];
                inside = inside && place >= 0 && place < xs.dim[2 + i];
                at_x = at_x * xs.dim[2 + i] + place;
            }
            if (inside) term(context, at_x, at_y, at_z);
        }
    }
}

typedef struct sums {
    const example *e;
    double *x, *y, *z;
} sums;

static void add_products(void *context, int64_t x, int64_t y, int64_t z) {
    sums *s = context;
    s->z[z] += element(s->e->x, x) * element(s->e->y, y);
    s->x[x] += element(s->e->g, z) * element(s->e->y, y);
    s->y[y] += element(s->e->g, z) * element(s->e->x, x);
}

static double *zeros_like(const ct_tensor *t) { return ct_zeros(CT_F64, CT_SHAPE(ct_size(t)))->data; }

static void check_all(const char *what, const ct_tensor *t, const double *expected) {
    double largest = 1;
    ck_assert_msg(t != NULL, "%s: %s", what, ct_error());
    for (int64_t i = 0; i < ct_size(t); i++) largest = fmax(largest, fabs(expected[i]));
    for (int64_t i = 0; i < ct_size(t); i++)
        ck_assert_msg(fabs(element(t, i) - expected[i]) <= largest * (t->dtype == CT_F32 ? 1e-6 : 1e-14),
                      "%s, element %lld: %g, not %g", what, (long long)i, element(t, i), expected[i]);
}

/* z, both gradients over numbers, and the two adjoint ops, of random examples. */
START_TEST(agrees_with_loops) {
    for (int i = 0; i < 300; i++) {
        ct_scope s = ct_begin();
        ct_dtype dtype = i % 3 ? CT_F64 : CT_F32;
        example e = draw_example(dtype, 1 + i % 2);
        sums sum = {&e, zeros_like(e.x), zeros_like(e.y), zeros_like(e.g)};
        ct_set_threads(1 + i % 4);
        each_product(&e, add_products, &sum);
        ct_tensor *z = i % 2 ? ct_conv2d(e.x, e.y, NULL, &e.o) : ct_conv1d(e.x, e.y, NULL, &e.o);
        check_shape(z, dtype, e.z);
        check_all("z", z, sum.z);
        ck_assert(ct_backward_from(z, e.g));
        check_all("the gradient of x", ct_gradient(e.x), sum.x);
        check_all("the gradient of the weight", ct_gradient(e.y), sum.y);
        check_all("the cotangent of x", ct_vjp(z, e.x, e.g), sum.x);
        check_all("the cotangent of the weight", ct_vjp(z, e.y, e.g), sum.y);
        ck_assert(ct_end(s));
    }
}
END_TEST

START_TEST(bias_is_added) {
    ct_tensor *x = draw(CT_F64, CT_SHAPE(3, 2, 5, 4)), *y = draw(CT_F64, CT_SHAPE(9, 2, 2, 3));
    ct_tensor *b = draw(CT_F64, CT_SHAPE(9)), *c = ct_reshape(b, CT_SHAPE(9, 1, 1));
    ct_tensor *z = ct_conv2d(x, y, b, NULL), *without = ct_add(ct_conv2d(x, y, NULL, NULL), c);
    for (int64_t i = 0; i < ct_size(z); i++) ck_assert_double_eq_tol(element(z, i), element(without, i), 1e-14);
    ct_tensor *g = ct_uniform(CT_F64, ct_shape_of(z), -1, 1), *expected = ct_vjp(without, b, g);
    ck_assert(ct_backward_from(z, g) && ct_backward_from(z, g));
    for (int64_t i = 0; i < 9; i++)
        ck_assert_double_eq_tol(element(ct_gradient(b), i), 2 * element(expected, i), 1e-13);
    y = draw(CT_F64, CT_SHAPE(2, 3, 2));
    z = ct_conv_transpose1d(draw(CT_F64, CT_SHAPE(2, 4)), y, ct_from(CT_F64, CT_SHAPE(3), (double[]){1, 2, 3}), NULL);
    check_shape(z, CT_F64, CT_SHAPE(3, 5));
}
END_TEST

/* Images that are cut into bands and slabs give what small ones give, place by place. */
START_TEST(large_images) {
    ct_tensor *x = draw(CT_F32, CT_SHAPE(2, 40, 120, 130)), *y = draw(CT_F32, CT_SHAPE(10, 40, 3, 3));
    ct_conv_options o = {.padding = {1, 2}, .stride = {1, 2}, .dilation = {2, 1}};
    ct_tensor *z = ct_conv2d(x, y, NULL, &o), *g = ct_uniform(CT_F32, ct_shape_of(z), -1, 1);
    ct_tensor *wide = ct_cast(x, CT_F64), *v = ct_cast(y, CT_F64);
    ck_assert(ct_backward_from(z, g));
    double sum = 0, expected = 0, weight = 0;
    for (int64_t i = 0; i < ct_size(z); i++) sum += element(z, i) * element(g, i);
    for (int64_t i = 0; i < ct_size(x); i++) expected += element(wide, i) * element(ct_gradient(x), i);
    for (int64_t i = 0; i < ct_size(y); i++) weight += element(v, i) * element(ct_gradient(y), i);
    ck_assert_double_eq_tol(sum, expected, 1e-2); /* <z, g> = <x, gx> = <y, gy> */
    ck_assert_double_eq_tol(sum, weight, 1e-2);
    for (int k = 0; k < 200; k++) {
        ct_shape p = unravel(below(ct_size(z)), ct_shape_of(z));
        double naive = 0;
        for (int64_t c = 0; c < 40; c++)
            for (int64_t i = 0; i < 3; i++)
                for (int64_t j = 0; j < 3; j++) {
                    int64_t row = p.dim[2] + 2 * i - 1, column = p.dim[3] * 2 + j - 2;
                    if (row >= 0 && row < 120 && column >= 0 && column < 130)
                        naive +=
                            ct_get(x, CT_SHAPE(p.dim[0], c, row, column)) * ct_get(y, CT_SHAPE(p.dim[1], c, i, j));
                }
        ck_assert_double_eq_tol(ct_get(z, p), naive, 1e-4);
    }
}
END_TEST

START_TEST(bits_do_not_depend_on_threads) {
    for (int i = 0; i < 24; i++) {
        ct_scope s = ct_begin();
        example e = draw_example(i % 2 ? CT_F32 : CT_F64, 1 + i % 2);
        ct_tensor *z[3], *gx[3], *gy[3];
        for (int k = 0; k < 3; k++) {
            ct_set_threads((int[]){1, 2, 7}[k]);
            z[k] = ct_conv(e.x, e.y, NULL, &e.o);
            ck_assert(ct_backward_from(z[k], e.g));
            gx[k] = ct_from(e.x->dtype, ct_shape_of(e.x), e.x->grad);
            gy[k] = ct_from(e.y->dtype, ct_shape_of(e.y), e.y->grad);
            ct_zero_gradient(e.x);
            ct_zero_gradient(e.y);
            ck_assert_mem_eq(z[k]->data, z[0]->data, ct_bytes_of(z[0]));
            ck_assert_mem_eq(gx[k]->data, gx[0]->data, ct_bytes_of(e.x));
            ck_assert_mem_eq(gy[k]->data, gy[0]->data, ct_bytes_of(e.y));
        }
        ck_assert(ct_end(s));
    }
}
END_TEST

/* ---- by number of axes ---------------------------------------------------------------------------------------- */

START_TEST(one_image_without_a_batch) {
    ct_tensor *x = draw(CT_F64, CT_SHAPE(2, 6, 5)), *y = draw(CT_F64, CT_SHAPE(4, 1, 3, 2));
    ct_conv_options o = {.groups = 2, .stride = {2, 1}, .output_padding = {1, 0}};
    ct_tensor *z = ct_conv2d(x, y, NULL, &(ct_conv_options){.groups = 2, .stride = {2, 1}});
    check_shape(z, CT_F64, CT_SHAPE(4, 2, 4));
    check_shape(ct_conv_transpose2d(z, y, NULL, &o), CT_F64, CT_SHAPE(2, 6, 5));
    check_shape(ct_conv1d(draw(CT_F64, CT_SHAPE(3, 7)), draw(CT_F64, CT_SHAPE(2, 3, 4)), NULL, NULL), CT_F64,
                CT_SHAPE(2, 4));
}
END_TEST

START_TEST(same_keeps_the_extents) {
    ct_tensor *x = draw(CT_F64, CT_SHAPE(1, 1, 6)), *y = ct_ones(CT_F64, CT_SHAPE(1, 1, 4));
    ct_tensor *z = ct_conv1d(x, y, NULL, &(ct_conv_options){.same = true});
    check_shape(z, CT_F64, CT_SHAPE(1, 1, 6));
    for (int64_t i = 0; i < 6; i++) { /* one zero in front, two behind */
        double sum = 0;
        for (int64_t j = i - 1; j < i + 3; j++) sum += j >= 0 && j < 6 ? element(x, j) : 0;
        ck_assert_double_eq_tol(element(z, i), sum, 1e-14);
    }
}
END_TEST

static ct_sample transpose1d(int i, ct_dtype dtype) {
    static const ct_conv_options options[] = {{.groups = 1},
                                              {.stride = {3}, .padding = {1}, .output_padding = {2}},
                                              {.groups = 2, .dilation = {2}, .output_padding = {1}}};
    if (i >= 3) return (ct_sample){.z = NULL};
    int64_t groups = or_one(options[i].groups);
    ct_tensor *x = ct_sample_leaf(dtype, CT_SHAPE(2, 2 * groups, 4), -2, 2);
    ct_tensor *y = ct_sample_leaf(dtype, CT_SHAPE(2 * groups, 3, 3), -2, 2);
    ct_tensor *w = ct_sample_leaf(dtype, CT_SHAPE(3 * groups), -2, 2);
    return (ct_sample){.z = ct_conv_transpose1d(x, y, w, &options[i]), .leaf = {x, y, w}};
}

START_TEST(transposed_with_bias) { check_sweep("ct_conv_transpose1d", transpose1d); }
END_TEST

/* ---- errors --------------------------------------------------------------------------------------------------- */

START_TEST(errors_say_what_does_not_fit) {
    ct_tensor *x = ct_zeros(CT_F32, CT_SHAPE(1, 4, 5, 6)), *y = ct_zeros(CT_F32, CT_SHAPE(2, 4, 3, 3));
    const char *z = "ct_conv2d: ct_conv: conv((1,4,5,6), (2,4,3,3)) + w";
    char text[200];
#define REFUSED(call, code, reason) snprintf(text, sizeof text, "%s: %s", z, reason), CHECK_ERROR(call, code, text)
    REFUSED(ct_conv2d(x, y, NULL, &(ct_conv_options){.stride = {-1}}), CT_ERR_ARGUMENT,
            "the stride -1 is out of range");
    REFUSED(ct_conv2d(x, y, NULL, &(ct_conv_options){.padding = {0, -1}}), CT_ERR_ARGUMENT,
            "the padding -1 is out of range");
    REFUSED(ct_conv2d(x, y, NULL, &(ct_conv_options){.groups = 2}), CT_ERR_SHAPE,
            "2 channels a group meet weights for 4");
    REFUSED(ct_conv2d(x, y, NULL, &(ct_conv_options){.groups = 3}), CT_ERR_SHAPE,
            "4 and 2 channels do not make 3 groups");
    REFUSED(ct_conv2d(x, y, NULL, &(ct_conv_options){.dilation = {1, 3}}), CT_ERR_SHAPE,
            "a window of 7 exceeds the extent 6, paddings included");
    REFUSED(ct_conv2d(x, y, NULL, &(ct_conv_options){.same = true, .stride = {2}}), CT_ERR_ARGUMENT,
            "the stride 2 does not keep the extents");
    CHECK_ERROR(ct_conv2d(x, y, ct_zeros(CT_F32, CT_SHAPE(3)), NULL), CT_ERR_SHAPE,
                "ct_conv2d: ct_conv: conv((1,4,5,6), (2,4,3,3)) + (3): the bias is not of shape (2)");
    CHECK_ERROR(ct_conv2d(ct_zeros(CT_F32, CT_SHAPE(5)), y, NULL, NULL), CT_ERR_SHAPE,
                "ct_conv2d: (5) has 1 dimensions, not 3 or 4");
    CHECK_ERROR(ct_conv1d(ct_zeros(CT_F32, CT_SHAPE(5, 5)), y, NULL, NULL), CT_ERR_SHAPE,
                "ct_conv1d: ct_conv: conv((1,5,5), (2,4,3,3)) + w: 3 and 4 dimensions");
    CHECK_ERROR(ct_conv2d(ct_zeros(CT_F64, CT_SHAPE(1, 4, 5, 5)), y, NULL, NULL), CT_ERR_DTYPE,
                "ct_conv2d: ct_conv: conv((1,4,5,5), (2,4,3,3)) + w: dtypes f64 and f32 differ");
    CHECK_ERROR(ct_conv2d(x, ct_zeros(CT_F32, CT_SHAPE(2, 4, 0, 3)), NULL, NULL), CT_ERR_SHAPE,
                "ct_conv2d: ct_conv: conv((1,4,5,6), (2,4,0,3)) + w: the spatial extent 0 is out of range");
    CHECK_ERROR(ct_conv_transpose2d(x, ct_zeros(CT_F32, CT_SHAPE(4, 2, 3, 3)), NULL,
                                    &(ct_conv_options){.output_padding = {1}}),
                CT_ERR_ARGUMENT,
                "ct_conv_transpose2d: ct_conv_transpose: conv_transpose((1,4,5,6), (4,2,3,3)): the output padding 1 "
                "exceeds both stride and dilation");
    CHECK_ERROR(
        ct_conv_transpose2d(x, ct_zeros(CT_F32, CT_SHAPE(4, 2, 3, 3)), NULL, &(ct_conv_options){.padding = {4}}),
        CT_ERR_SHAPE,
        "ct_conv_transpose2d: ct_conv_transpose: conv_transpose((1,4,5,6), (4,2,3,3)): the result would have the "
        "extent -1");
    CHECK_ERROR(ct_conv2d(NULL, y, NULL, NULL), CT_ERR_NULL, "ct_conv2d: operand 1 is NULL");
}
END_TEST

/* Extents beyond all memory fail as such. */
START_TEST(absurd_options) {
    ct_tensor *x = ct_zeros(CT_F64, CT_SHAPE(1, 1, 1, 1)), *y = ct_zeros(CT_F64, CT_SHAPE(1, 1, 2, 2));
    int64_t huge = (int64_t)1 << 30;
    ck_assert_ptr_null(ct_conv2d(x, y, NULL, &(ct_conv_options){.padding = {huge / 2, huge / 2}}));
    ck_assert(ct_error_status() == CT_ERR_MEMORY || ct_error_status() == CT_ERR_LIMIT);
    ct_error_clear();
    ct_conv_options far = {.padding = {huge, huge}, .dilation = {2 * huge - 1, 2 * huge - 1}};
    ck_assert(ct_conv2d(x, y, NULL, &far) == NULL || ct_error_status() == CT_OK);
    ct_error_clear();
    ct_tensor *z = ct_conv2d(x, y, NULL, &(ct_conv_options){.padding = {1, 1}, .stride = {huge, huge}});
    check_shape(z, CT_F64, CT_SHAPE(1, 1, 1, 1));
}
END_TEST

static void convolve_and_back(void) {
    ct_scope s = ct_begin();
    ct_tensor *x = draw(CT_F64, CT_SHAPE(1, 3, 40, 40)), *y = draw(CT_F64, CT_SHAPE(5, 3, 3, 3)),
              *b = draw(CT_F64, CT_SHAPE(5));
    ct_tensor *z = ct_conv2d(x, y, b, &(ct_conv_options){.stride = {2, 2}});
    bool done = ct_backward_from(z, z);
    ck_assert(ct_end(s) == done);
    if (!done) ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
    ct_error_clear();
}

START_TEST(memory_ends_at_any_allocation) {
    int64_t n = support_count_allocations(convolve_and_back);
    for (int64_t k = 0; k < n; k++) {
        support_fail_allocations_from(k);
        convolve_and_back();
        ct_release_memory();
        ck_assert_int_eq(support_live_bytes(), 0);
    }
    support_restore_allocator();
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("conv");
    TCase *t = tcase_create("conv"), *own = tcase_create("scopes of their own");
    tcase_add_checked_fixture(t, open_scope, close_scope);
    tcase_add_test(own, agrees_with_loops);
    tcase_add_test(own, bits_do_not_depend_on_threads);
    tcase_add_test(own, memory_ends_at_any_allocation);
    tcase_add_test(t, bias_is_added);
    tcase_add_test(t, large_images);
    tcase_add_test(t, one_image_without_a_batch);
    tcase_add_test(t, same_keeps_the_extents);
    tcase_add_test(t, transposed_with_bias);
    tcase_add_test(t, errors_say_what_does_not_fit);
    tcase_add_test(t, absurd_options);
    suite_add_tcase(suite, t);
    suite_add_tcase(suite, own);
    return suite;
}
