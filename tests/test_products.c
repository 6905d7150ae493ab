/* Matrix products: values, batches, flags, and the same bits for any number of threads. */
#include "support/elements.h"
#include "support/expect.h"
#include "support/memory.h"
#include "tensor/blas.h"

#include <check.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static double tolerance(ct_dtype dtype) { return dtype == CT_F32 ? 2e-6 : 4e-15; }

/* ---- ct_gemm ------------------------------------------------------------------------------------------------ */

/* c = op(a) @ op(b) in double, element by element, and the sum of the terms' sizes, which scales the error. */
static void naive(const ct_tensor *a, const ct_tensor *b, bool ta, bool tb, int64_t m, int64_t n, int64_t k,
                  int64_t i, int64_t j, double *sum, double *size) {
    *sum = *size = 0;
    for (int64_t l = 0; l < k; l++) {
        double term = element(a, ta ? l * m + i : i * k + l) * element(b, tb ? j * k + l : l * n + j);
        *sum += term;
        *size += fabs(term);
    }
}

static void check_gemm(ct_dtype dtype, int64_t m, int64_t n, int64_t k, bool ta, bool tb, bool add) {
    ct_scope s = ct_begin();
    ct_tensor *a = ct_uniform(dtype, CT_SHAPE(m * k), -1, 1), *b = ct_uniform(dtype, CT_SHAPE(k * n), -1, 1);
    ct_tensor *c = ct_full(dtype, CT_SHAPE(m * n), add ? 1 : NAN); /* what is not added to is not read */
    ct_gemm(dtype, ta, tb, m, n, k, a->data, b->data, c->data, add);
    int64_t step = m * n / 200 + 1; /* of large ones a sample */
    for (int64_t e = 0; e < m * n; e += step) {
        double sum, size;
        naive(a, b, ta, tb, m, n, k, e / n, e % n, &sum, &size);
        double error = fabs(element(c, e) - sum - (add ? 1 : 0));
        ck_assert_msg(error <= tolerance(dtype) * (1 + size),
                      "%s (%d,%d) @ (%d,%d), flags %d %d: element %d off by %g", ct_dtype_name(dtype), (int)m, (int)k,
                      (int)k, (int)n, ta, tb, (int)e, error);
    }
    ck_assert(ct_end(s));
}

START_TEST(gemm_agrees_with_loops) {
    static const int64_t sizes[][3] = {{1, 1, 1},   {1, 1, 9},     {1, 7, 5},       {7, 1, 5},
                                       {5, 7, 1},   {3, 4, 0},     {0, 4, 3},       {3, 0, 4},
                                       {17, 33, 9}, {64, 130, 70}, {3100, 30, 100}, {30, 3100, 100},
                                       {67, 64, 272}, {211, 80, 70}, {57, 112, 300}, {520, 112, 256},
                                       {24, 7, 20},   {16, 3, 3},    {35, 100, 50},   {130, 10, 128},
                                       {130, 20, 0},  {130, 0, 20}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int flags = 0; flags < (sizes[i][0] * sizes[i][1] < 10000 ? 16 : 4); flags++)
            check_gemm(flags & 8 ? CT_F32 : CT_F64, sizes[i][0], sizes[i][1], sizes[i][2], flags & 1, flags & 2,
                       flags & 4);
}
END_TEST

/* Elements up to the end of the memory that there is: behind them is a page that nobody may touch. */
static ct_tensor *at_the_edge(ct_dtype dtype, int64_t n) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = (size_t)n * ct_dtype_size(dtype);
    const size_t room = (bytes + page - 1) / page * page;
    char *memory = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(memory != MAP_FAILED && mprotect(memory + room, page, PROT_NONE) == 0);
    return ct_wrap(dtype, CT_SHAPE(n), memory + room - bytes);
}

static void leave_the_edge(const ct_tensor *t) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (ct_bytes_of(t) + page - 1) / page * page;
    ck_assert_int_eq(munmap((char *)t->data + ct_bytes_of(t) - room, room + page), 0);
}

START_TEST(gemm_stays_within_its_operands) {
    static const int64_t sizes[][3] = {{24, 7, 20}, {19, 3, 3}, {35, 100, 50}, {130, 10, 128}, {4, 33, 17}, {1, 5, 48},
                                       {67, 64, 272}, {211, 48, 70}, {57, 112, 300}};
    for (int i = 0; i < (int)(sizeof sizes / sizeof *sizes) * 6; i++) {
        const int64_t *size = sizes[i / 6], m = size[0], n = size[1], k = size[2];
        const ct_dtype dtype = i & 1 ? CT_F32 : CT_F64;
        const int flags = i / 2 % 3;
        ct_scope s = ct_begin();
        ct_tensor *a = at_the_edge(dtype, m * k), *b = at_the_edge(dtype, n * k), *c = at_the_edge(dtype, m * n),
                  *bias = at_the_edge(dtype, n);
        ct_gemm(dtype, flags & 1, flags & 2, m, n, k, a->data, b->data, c->data, false);
        ct_gemm_affine(dtype, m, n, k, a->data, b->data, (ct_epilogue){.bias = bias->data, .relu = true}, c->data);
        leave_the_edge(a), leave_the_edge(b), leave_the_edge(c), leave_the_edge(bias);
        ck_assert(ct_end(s));
    }
}
END_TEST

static void same_bits_for_gemm(ct_dtype dtype, int64_t m, int64_t n, int64_t k, bool ta, bool tb) {
    ct_scope s = ct_begin();
    ct_tensor *a = ct_normal(dtype, CT_SHAPE(m * k), 0, 1), *b = ct_normal(dtype, CT_SHAPE(k * n), 0, 1), *c[3];
    for (int i = 0; i < 3; i++) {
        ct_set_threads((int[]){1, 2, 8}[i]);
        c[i] = ct_full(dtype, CT_SHAPE(m * n), NAN);
        ct_gemm(dtype, ta, tb, m, n, k, a->data, b->data, c[i]->data, false);
        ck_assert_mem_eq(c[i]->data, c[0]->data, ct_bytes_of(c[0]));
    }
    ck_assert(ct_end(s));
}

START_TEST(gemm_bits_do_not_depend_on_threads) {
    same_bits_for_gemm(CT_F32, 3100, 30, 100, false, true);
    same_bits_for_gemm(CT_F32, 30, 3100, 100, true, false);
    same_bits_for_gemm(CT_F64, 3100, 30, 100, true, false);
    for (int flags = 0; flags < 3; flags++) {
        same_bits_for_gemm(CT_F32, 67, 64, 272, flags & 1, flags & 2);
        same_bits_for_gemm(CT_F64, 211, 80, 304, flags & 1, flags & 2);
        same_bits_for_gemm(CT_F32, 3100, 64, 70, flags & 1, flags & 2);
    }
    for (ct_dtype dtype = CT_F32; dtype <= CT_F64; dtype++) {
        same_bits_for_gemm(dtype, 8001, 1, 70, false, false);
        same_bits_for_gemm(dtype, 1, 1000, 600, false, false);
        same_bits_for_gemm(dtype, 1, 1000, 600, false, true);
        same_bits_for_gemm(dtype, 1000, 1, 600, true, false);
    }
}
END_TEST

/* ---- ct_matmul ------------------------------------------------------------------------------------------------ */

/* x (2, 1, 3, 4) @ y (5, 4, 6), element by element. */
START_TEST(batches_broadcast) {
    for (ct_dtype dtype = CT_F32; dtype <= CT_F64; dtype++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_uniform(dtype, CT_SHAPE(2, 1, 3, 4), -1, 1),
                  *y = ct_uniform(dtype, CT_SHAPE(5, 4, 6), -1, 1);
        ct_tensor *z = ct_matmul(x, y);
        ct_shape shape = ct_shape_of(z);
        ck_assert(ct_shape_equal(&shape, &CT_SHAPE(2, 5, 3, 6)));
        for (int64_t e = 0; e < ct_size(z); e++) {
            int64_t j = e % 6, i = e / 6 % 3, b = e / 18 % 5, a = e / 90;
            double sum = 0;
            for (int64_t l = 0; l < 4; l++) sum += ct_get(x, CT_SHAPE(a, 0, i, l)) * ct_get(y, CT_SHAPE(b, l, j));
            ck_assert_double_eq_tol(element(z, e), sum, 4 * tolerance(dtype));
        }
        ck_assert(ct_end(s));
    }
}
END_TEST

/* One y for many x: products of single matrices must agree, forward and backward. */
START_TEST(one_matrix_for_a_batch) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(7, 3, 4), -1, 1));
    ct_tensor *y = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(4, 5), -1, 1)),
              *sum = ct_zeros(CT_F64, CT_SHAPE(4, 5));
    ct_tensor *z = ct_matmul(x, y), *g = ct_uniform(CT_F64, CT_SHAPE(7, 3, 5), -1, 1);
    ck_assert(ct_backward_from(z, g));
    for (int64_t b = 0; b < 7; b++) {
        ct_tensor *xb = ct_reshape(ct_slice(x, 0, b, b + 1, 1), CT_SHAPE(3, 4));
        ct_tensor *gb = ct_reshape(ct_slice(g, 0, b, b + 1, 1), CT_SHAPE(3, 5)), *zb = ct_matmul(xb, y);
        for (int64_t e = 0; e < 15; e++) ck_assert_double_eq_tol(element(z, b * 15 + e), element(zb, e), 1e-14);
        sum = ct_add(sum, ct_matmul(ct_transpose(xb, 0, 1), gb));
    }
    ct_tensor *gy = ct_gradient(y);
    for (int64_t e = 0; e < 20; e++) ck_assert_double_eq_tol(element(gy, e), element(sum, e), 1e-13);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(vectors_are_rows_and_columns) {
    ct_scope s = ct_begin();
    ct_tensor *u = ct_from(CT_F64, CT_SHAPE(2), (double[]){2, 3}),
              *v = ct_from(CT_F64, CT_SHAPE(2), (double[]){5, 7});
    ct_tensor *m = ct_from(CT_F64, CT_SHAPE(2, 2), (double[]){1, 10, 100, 1000});
    ck_assert_double_eq(ct_item(ct_matmul(u, v)), 31);
    ct_tensor *row = ct_matmul(u, m), *column = ct_matmul(m, u);
    ck_assert_int_eq(ct_shape_of(row).ndim, 1);
    ck_assert_int_eq(ct_shape_of(column).ndim, 1);
    ck_assert_double_eq(element(row, 0), 302);
    ck_assert_double_eq(element(row, 1), 3020);
    ck_assert_double_eq(element(column, 0), 32);
    ck_assert_double_eq(element(column, 1), 3200);
    ck_assert(ct_end(s));
}
END_TEST

/* Of a matrix product with batch axes, forward and both gradients, where the threads share the batch. */
START_TEST(batch_bits_do_not_depend_on_threads) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_uniform(CT_F32, CT_SHAPE(40, 33, 65), -1, 1));
    ct_tensor *y = ct_requires_grad(ct_uniform(CT_F32, CT_SHAPE(40, 65, 31), -1, 1)), *z[3], *gx[3], *gy[3];
    for (int i = 0; i < 3; i++) {
        ct_set_threads((int[]){1, 2, 8}[i]);
        z[i] = ct_matmul(x, y);
        ck_assert(ct_backward(ct_sum(ct_square(z[i]), CT_ALL)));
        gx[i] = ct_from(CT_F32, ct_shape_of(x), x->grad);
        gy[i] = ct_from(CT_F32, ct_shape_of(y), y->grad);
        ct_zero_gradient(x);
        ct_zero_gradient(y);
        ck_assert_mem_eq(z[i]->data, z[0]->data, ct_bytes_of(z[0]));
        ck_assert_mem_eq(gx[i]->data, gx[0]->data, ct_bytes_of(x));
        ck_assert_mem_eq(gy[i]->data, gy[0]->data, ct_bytes_of(y));
    }
    ck_assert(ct_end(s));
}
END_TEST

/* The rules over nodes fold transposes into flags: no permuted copy in a first or second derivative. */
START_TEST(no_transpose_is_made) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(3, 4), -1, 1));
    ct_tensor *y = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(4, 5), -1, 1));
    ct_tensor *gx = ct_grad(ct_sum(ct_square(ct_matmul(x, y)), CT_ALL), x);
    ck_assert_ptr_nonnull(ct_grad(ct_sum(ct_square(gx), CT_ALL), y));
    for (const ct_tensor *t = ct_this.newest; t; t = t->prev) ck_assert_int_ne(t->op, CT_OP_ct_permute);
    ck_assert(ct_end(s));
}
END_TEST

/* ---- ct_affine ------------------------------------------------------------------------------------------------ */

/* Against the ops that it replaces, with gradients added to ones that are there. */
START_TEST(affine_is_a_product_and_a_sum) {
    for (int i = 0; i < 4; i++) {
        ct_dtype dtype = i % 2 ? CT_F64 : CT_F32;
        ct_scope s = ct_begin();
        ct_tensor *in[] = {ct_uniform(dtype, CT_SHAPE(2, 9, 7), -1, 1), ct_uniform(dtype, CT_SHAPE(5, 7), -1, 1),
                           ct_uniform(dtype, CT_SHAPE(5), -1, 1)};
        for (int k = 0; k < 3; k++) ct_requires_grad(in[k]);
        ct_tensor *z = i < 2 ? ct_affine(in[0], in[1], in[2]) : ct_affine_relu(in[0], in[1], in[2]);
        ct_tensor *y = ct_add(ct_matmul(in[0], ct_transpose(in[1], 0, 1)), in[2]);
        ct_tensor *g = ct_uniform(dtype, CT_SHAPE(2, 9, 5), -1, 1);
        if (i >= 2) y = ct_relu(y);
        for (int64_t e = 0; e < ct_size(z); e++)
            ck_assert_double_eq_tol(element(z, e), element(y, e), 4 * tolerance(dtype));
        for (int k = 0; k < 3; k++) {
            ct_tensor *expected = ct_vjp(y, in[k], g), *got;
            ck_assert(ct_backward_from(z, g) && ct_backward_from(z, g));
            got = ct_gradient(in[k]);
            for (int64_t e = 0; e < ct_size(got); e++)
                ck_assert_double_eq_tol(element(got, e), 2 * (k + 1) * element(expected, e), 60 * tolerance(dtype));
        }
        ck_assert(ct_end(s));
    }
}
END_TEST

/* By BLAS and by our own kernels: what is negative, NaN or a zero of either sign. */
START_TEST(relu_within_affine_is_relu) {
    const int64_t sizes[][3] = {{3, 2, 3}, {5, 3, 0}, {64, 128, 256}, {300, 48, 80}, {2000, 70, 50}, {4, 1, 3}, {1, 32, 16}};
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        const int64_t *n = sizes[i / 2];
        ct_dtype dtype = i % 2 ? CT_F64 : CT_F32;
        ct_scope s = ct_begin();
        ct_tensor *x = ct_uniform(dtype, CT_SHAPE(n[0], n[2]), -1, 1), *y = ct_uniform(dtype, CT_SHAPE(n[1], n[2]), -1, 1);
        ct_tensor *w = ct_uniform(dtype, CT_SHAPE(n[1]), -1, 1);
        ct_write_element(dtype, w->data, n[1] - 1, n[0] == 3 ? NAN : -0.0);
        ct_tensor *z = ct_affine_relu(x, y, w), *expected = ct_relu(ct_affine(x, y, w));
        ck_assert_mem_eq(z->data, expected->data, ct_bytes_of(z));
        ck_assert(n[0] != 3 || isnan(element(z, n[1] - 1)));
        ck_assert(ct_end(s));
    }
}
END_TEST

/* Many rows, which go another way than few: without inputs a result is the bias, without outputs there is none. */
START_TEST(affine_without_inputs_or_outputs) {
    for (int i = 0; i < 2; i++) {
        ct_dtype dtype = i ? CT_F64 : CT_F32;
        ct_scope s = ct_begin();
        ct_tensor *w = ct_uniform(dtype, CT_SHAPE(20), -1, 1), *bias = ct_relu(w);
        ct_tensor *z = ct_affine_relu(ct_zeros(dtype, CT_SHAPE(130, 0)), ct_zeros(dtype, CT_SHAPE(20, 0)), w);
        for (int64_t e = 0; e < 130 * 20; e++) ck_assert_double_eq(element(z, e), element(bias, e % 20));
        z = ct_affine_relu(ct_ones(dtype, CT_SHAPE(130, 20)), ct_zeros(dtype, CT_SHAPE(0, 20)), NULL);
        ck_assert_int_eq(ct_size(z), 0);
        ck_assert(ct_end(s));
    }
}
END_TEST

/* More rows than are passed back at once; and where the input is the weight too, which gets both cotangents. */
START_TEST(relu_within_affine_passes_back_in_pieces) {
    for (int shared = 0; shared < 2; shared++) {
        ct_scope s = ct_begin();
        ct_tensor *x = ct_uniform(CT_F64, shared ? CT_SHAPE(700, 700) : CT_SHAPE(1500, 9), -1, 1);
        ct_tensor *y = shared ? x : ct_uniform(CT_F64, CT_SHAPE(100, 9), -1, 1), *leaf[] = {x, y};
        for (int k = 0; k < 2; k++) ct_requires_grad(leaf[k]);
        ct_tensor *z = ct_affine_relu(x, y, NULL), *same = ct_relu(ct_affine(x, y, NULL));
        ct_tensor *g = ct_uniform(CT_F64, ct_shape_of(z), -1, 1), *expected[2];
        for (int k = 0; k < 2; k++) expected[k] = ct_vjp(same, leaf[k], g);
        ck_assert(ct_backward_from(z, g));
        for (int k = 0; k < 2; k++)
            for (int64_t e = 0; e < ct_size(leaf[k]); e++)
                ck_assert_double_eq_tol(element(ct_gradient(leaf[k]), e), element(expected[k], e), 1e-11);
        ck_assert(ct_end(s));
    }
}
END_TEST

START_TEST(affine_bits_do_not_depend_on_threads) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_uniform(CT_F32, CT_SHAPE(7000, 50), -1, 1), *y = ct_uniform(CT_F32, CT_SHAPE(40, 50), -1, 1);
    ct_tensor *w = ct_requires_grad(ct_uniform(CT_F32, CT_SHAPE(40), -1, 1)), *z[3], *gw[3];
    for (int i = 0; i < 3; i++) {
        ct_set_threads((int[]){1, 2, 8}[i]);
        z[i] = ct_affine(x, y, w);
        ck_assert(ct_backward_from(z[i], z[i]));
        gw[i] = ct_from(CT_F32, CT_SHAPE(40), w->grad);
        ct_zero_gradient(w);
        ck_assert_mem_eq(z[i]->data, z[0]->data, ct_bytes_of(z[0]));
        ck_assert_mem_eq(gw[i]->data, gw[0]->data, ct_bytes_of(w));
    }
    ck_assert(ct_end(s));
}
END_TEST

/* ---- errors --------------------------------------------------------------------------------------------------- */

START_TEST(errors_say_what_does_not_fit) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_zeros(CT_F32, CT_SHAPE(24, 784)), "x"), *w = ct_zeros(CT_F32, CT_SHAPE(128, 64));
    ct_tensor *d = ct_zeros(CT_F64, CT_SHAPE(784, 2)), *i = ct_zeros(CT_I64, CT_SHAPE(24, 784)), *c = ct_scalar(1);
    CHECK_ERROR(ct_matmul(x, w), CT_ERR_SHAPE,
                "ct_matmul: x(24,784) @ (128,64): inner dimensions 784 and 128 differ");
    CHECK_ERROR(ct_matmul(x, d), CT_ERR_DTYPE, "ct_matmul: x(24,784) @ (784,2): dtypes f32 and f64 differ");
    CHECK_ERROR(ct_matmul(i, i), CT_ERR_DTYPE,
                "ct_matmul: (24,784) @ (24,784): i64 is not floating: ct_cast() first");
    CHECK_ERROR(ct_matmul(c, d), CT_ERR_SHAPE, "ct_matmul: () @ (784,2): a 0-d operand is no matrix");
    CHECK_ERROR(ct_matmul(ct_zeros(CT_F64, CT_SHAPE(3, 1, 2)), ct_zeros(CT_F64, CT_SHAPE(4, 2, 1))), CT_ERR_SHAPE,
                "ct_matmul: (3,1,2) @ (4,2,1): leading extents 3 and 4 do not broadcast");
    CHECK_ERROR(
        ct_matmul(ct_zeros(CT_F64, CT_SHAPE(3000000000, 0)), ct_zeros(CT_F64, CT_SHAPE(0, 2))), CT_ERR_LIMIT,
        "ct_matmul: (3000000000,0) @ (0,2): the extent 3000000000 exceeds 2147483647, the most that BLAS takes");
    CHECK_ERROR(
        ct_matmul(ct_zeros(CT_F64, CT_SHAPE(2, 0)), ct_zeros(CT_F64, CT_SHAPE(0, 3000000000))), CT_ERR_LIMIT,
        "ct_matmul: (2,0) @ (0,3000000000): the extent 3000000000 exceeds 2147483647, the most that BLAS takes");
    CHECK_ERROR(
        ct_matmul(ct_zeros(CT_F64, CT_SHAPE(0, 3000000000)), ct_zeros(CT_F64, CT_SHAPE(3000000000, 0))), CT_ERR_LIMIT,
        "ct_matmul: (0,3000000000) @ (3000000000,0): the extent 3000000000 exceeds 2147483647, the most that BLAS "
        "takes");
    CHECK_ERROR(ct_affine(x, w, NULL), CT_ERR_SHAPE,
                "ct_affine: x(24,784) @ (128,64)^T + w: inner dimensions 784 and 64 differ");
    ct_tensor *y = ct_zeros(CT_F32, CT_SHAPE(64, 784));
    CHECK_ERROR(ct_affine(x, y, ct_zeros(CT_F32, CT_SHAPE(784))), CT_ERR_SHAPE,
                "ct_affine: x(24,784) @ (64,784)^T + (784): the bias is not of shape (64)");
    CHECK_ERROR(ct_affine(x, ct_zeros(CT_F32, CT_SHAPE(784)), NULL), CT_ERR_SHAPE,
                "ct_affine: x(24,784) @ (784)^T + w: the weight has 1 dimensions, not 2");
    CHECK_ERROR(ct_affine(x, y, ct_zeros(CT_F64, CT_SHAPE(64))), CT_ERR_DTYPE,
                "ct_affine: x(24,784) @ (64,784)^T + (64): dtypes f32 and f64 differ");
    CHECK_ERROR(ct_affine(NULL, y, NULL), CT_ERR_NULL, "ct_affine: operand 1 is NULL");
    ck_assert(ct_end(s));
}
END_TEST

/* Extents whose products exceed every integer, of tensors without elements. */
START_TEST(empty_operands_of_huge_extents) {
    ct_scope s = ct_begin();
    int64_t huge = (int64_t)1 << 40;
    ct_tensor *x = ct_zeros(CT_F64, CT_SHAPE(0, huge, huge, 2, 3)), *y = ct_zeros(CT_F64, CT_SHAPE(3, 2));
    ck_assert_int_eq(ct_size(ct_matmul(x, y)), 0);
    ck_assert_int_eq(ct_size(ct_affine(x, ct_zeros(CT_F64, CT_SHAPE(2, 3)), NULL)), 0);
    CHECK_ERROR(ct_matmul(ct_zeros(CT_F64, CT_SHAPE(huge, huge, 2, 0)), ct_zeros(CT_F64, CT_SHAPE(0, 2))),
                CT_ERR_LIMIT,
                "ct_matmul: (1099511627776,1099511627776,2,0) @ (0,2): the result has too many elements");
    CHECK_ERROR(ct_affine(ct_zeros(CT_F64, CT_SHAPE(huge, huge, 0)), ct_zeros(CT_F64, CT_SHAPE(2, 0)), NULL),
                CT_ERR_LIMIT,
                "ct_affine: (1099511627776,1099511627776,0) @ (2,0)^T + w: the result has too many elements");
    ck_assert(ct_end(s));
}
END_TEST

/* ---- memory --------------------------------------------------------------------------------------------------- */

static size_t padding; /* bytes taken first, so that the arena's chunks end at another place */

/* What products, reductions and softmax allocate, with a backward pass. */
static void use_every_op(void) {
    ct_scope s = ct_begin();
    ct_scope_alloc(ct_this.depth, padding);
    ct_tensor *x = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(4, 20, 15), -1, 1)),
              *y = ct_ones(CT_I64, CT_SHAPE(4, 20));
    ct_tensor *w = ct_requires_grad(ct_uniform(CT_F64, CT_SHAPE(15, 15), -1, 1));
    ct_tensor *parts[] = {ct_matmul(x, w),        ct_matmul(x, ct_transpose(x, 1, 2)),
                          ct_affine(x, w, NULL),  ct_sum(x, CT_AXES(0, 2)),
                          ct_mean(x, CT_ALL),     ct_max(x, CT_KEEP(1)),
                          ct_softmax(x, 1),       ct_log_softmax(x, -1),
                          ct_cross_entropy(x, y), ct_cross_entropy_probs(x, ct_softmax(x, -1)),
                          ct_affine_relu(x, w, NULL)};
    const int n = sizeof parts / sizeof *parts;
    bool done = ct_argmax(x, 1) != NULL;
    for (int i = 0; i < n; i++) done = ct_backward_from(parts[i], parts[i]) && done;
    ck_assert(ct_end(s) == done);
    if (!done) ck_assert_int_eq(ct_error_status(), CT_ERR_MEMORY);
}

START_TEST(memory_ends_at_any_allocation) {
    for (padding = 0; padding < 100000; padding += 2503)
        ck_assert_int_gt(support_fail_each(support_fail_allocations_from, use_every_op), 0);
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("products");
    TCase *t = tcase_create("products");
    tcase_add_test(t, gemm_agrees_with_loops);
    tcase_add_test(t, gemm_stays_within_its_operands);
    tcase_add_test(t, gemm_bits_do_not_depend_on_threads);
    tcase_add_test(t, batches_broadcast);
    tcase_add_test(t, one_matrix_for_a_batch);
    tcase_add_test(t, vectors_are_rows_and_columns);
    tcase_add_test(t, batch_bits_do_not_depend_on_threads);
    tcase_add_test(t, no_transpose_is_made);
    tcase_add_test(t, affine_is_a_product_and_a_sum);
    tcase_add_test(t, relu_within_affine_is_relu);
    tcase_add_test(t, affine_without_inputs_or_outputs);
    tcase_add_test(t, relu_within_affine_passes_back_in_pieces);
    tcase_add_test(t, affine_bits_do_not_depend_on_threads);
    tcase_add_test(t, errors_say_what_does_not_fit);
    tcase_add_test(t, empty_operands_of_huge_extents);
    tcase_add_test(t, memory_ends_at_any_allocation);
    suite_add_tcase(suite, t);
    return suite;
}
