/* LAPACK stores matrices by columns, so it sees the transpose of each: what is lower is upper, and a QR factorisation
 * is its LQ. */
#include "tensor/lapack.h"
#include "tensor/blas.h"
#include "tensor/internal.h"

#include <math.h>
#include <string.h>

/* ---- the routines in both precisions; each character's length comes last, as Fortran wants it ------------------ */

#define DECLARE(p)                                                                                                   \
    extern void p##potrf_(const char *, const int *, void *, const int *, int *, size_t);                            \
    extern void p##getrf_(const int *, const int *, void *, const int *, int *, int *);                              \
    extern void p##getri_(const int *, void *, const int *, const int *, void *, const int *, int *);                \
    extern void p##trsm_(const char *, const char *, const char *, const char *, const int *, const int *,           \
                         const void *, const void *, const int *, void *, const int *, size_t, size_t, size_t,       \
                         size_t);                                                                                    \
    extern void p##syevd_(const char *, const char *, const int *, void *, const int *, void *, void *, const int *, \
                          int *, const int *, int *, size_t, size_t);                                                \
    extern void p##gesdd_(const char *, const int *, const int *, void *, const int *, void *, void *, const int *,  \
                          void *, const int *, void *, const int *, int *, int *, size_t);                           \
    extern void p##gelqf_(const int *, const int *, void *, const int *, void *, void *, const int *, int *);        \
    extern void p##orglq_(const int *, const int *, const int *, void *, const int *, const void *, void *,          \
                          const int *, int *);
DECLARE(s)
DECLARE(d)

#define CALL(dtype, routine, ...) ((dtype) == CT_F32 ? s##routine##_(__VA_ARGS__) : d##routine##_(__VA_ARGS__))

/* ---- work space: integers, two matrices, numbers --------------------------------------------------------------- */

typedef struct workspace {
    int *integers;         /* 8 for each row or column */
    char *matrix, *second; /* (m, n) */
    char *numbers;
    int count; /* of numbers */
} workspace;

static size_t aligned(size_t bytes) { return (bytes + CT_ALIGNMENT - 1) & ~(size_t)(CT_ALIGNMENT - 1); }

/* The most of what is asked for: 4 k^2 + 7 k by gesdd, 2 n^2 + 6 n + 1 by syevd, blocks of 64 by the others. */
static size_t count_numbers(int m, int n) {
    size_t least = (size_t)(m < n ? m : n), most = (size_t)(m < n ? n : m);
    return 4 * least * least + 7 * least + 64 * most + 64;
}

static size_t integer_bytes(int m, int n) { return aligned(8 * ((size_t)(m < n ? n : m) + 1) * sizeof(int)); }

size_t ct_lapack_work(ct_dtype dtype, int m, int n) {
    size_t item = ct_dtype_size(dtype);
    return integer_bytes(m, n) + 2 * aligned((size_t)m * (size_t)n * item) + count_numbers(m, n) * item;
}

static workspace lay_out(ct_dtype dtype, int m, int n, void *work) {
    workspace w = {.integers = work, .count = (int)count_numbers(m, n)};
    w.matrix = (char *)work + integer_bytes(m, n);
    w.second = w.matrix + aligned((size_t)m * (size_t)n * ct_dtype_size(dtype));
    w.numbers = w.second + (w.second - w.matrix);
    ct_one_blas_thread();
    return w;
}

/* y (n, m) = x (m, n)^T. */
static void transpose(ct_dtype dtype, int m, int n, const void *x, void *y) {
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            if (dtype == CT_F32) ((float *)y)[j * m + i] = ((const float *)x)[i * n + j];
            else ((double *)y)[j * m + i] = ((const double *)x)[i * n + j];
        }
}

/* ---- factorisations ------------------------------------------------------------------------------------------ */

int ct_lapack_cholesky(ct_dtype dtype, int n, void *a) {
    int info = 0;
    size_t item = ct_dtype_size(dtype);
    ct_one_blas_thread();
    if (n) CALL(dtype, potrf, "U", &n, a, &n, &info, 1);
    for (int i = 0; i < n; i++)
        memset((char *)a + ((size_t)i * (size_t)n + (size_t)i + 1) * item, 0, (size_t)(n - i - 1) * item);
    return info;
}

int ct_lapack_lu(ct_dtype dtype, int n, void *a, void *work, double *sign, double *log_abs) {
    int info = 0, *pivot = lay_out(dtype, n, n, work).integers;
    double s = 1, l = 0;
    if (n) CALL(dtype, getrf, &n, &n, a, &n, pivot, &info);
    for (int i = 0; i < n; i++) {
        double d = ct_read_element(dtype, a, (int64_t)i * n + i);
        s *= (d > 0) - (d < 0);
        if (pivot[i] != i + 1) s = -s;
        l += log(fabs(d));
        if (d != d) s = d;
    }
    if (sign) *sign = s;
    if (log_abs) *log_abs = l;
    return info;
}

static void exchange_rows(size_t row, char *x, char *y) {
    for (size_t i = 0; x != y && i < row; i++) {
        char byte = x[i];
        x[i] = y[i];
        y[i] = byte;
    }
}

/* a^T = P L U, so b^T = b^T U^-1 L^-1 P^-1 as LAPACK sees it. */
void ct_lapack_solve(ct_dtype dtype, int n, int k, const void *lu, const void *work, void *b) {
    const int *pivot = work;
    size_t row = (size_t)k * ct_dtype_size(dtype);
    ct_lapack_solve_triangular(dtype, false, true, false, n, k, lu, b);
    ct_lapack_solve_triangular(dtype, true, true, true, n, k, lu, b);
    for (int i = n - 1; i >= 0; i--)
        exchange_rows(row, (char *)b + (size_t)i * row, (char *)b + (size_t)(pivot[i] - 1) * row);
}

void ct_lapack_inverse(ct_dtype dtype, int n, void *lu, void *work) {
    workspace w = lay_out(dtype, n, n, work);
    int info;
    if (n) CALL(dtype, getri, &n, lu, &n, w.integers, w.numbers, &w.count, &info);
}

void ct_lapack_solve_triangular(ct_dtype dtype, bool upper, bool left, bool unit, int m, int n, const void *a,
                                void *b) {
    const double one = 1;
    const float one_f32 = 1;
    int order = left ? m : n;
    ct_one_blas_thread();
    if (m && n)
        CALL(dtype, trsm, left ? "R" : "L", upper ? "L" : "U", "N", unit ? "U" : "N", &n, &m,
             dtype == CT_F32 ? (const void *)&one_f32 : &one, a, &order, b, &n, 1, 1, 1, 1);
}

/* Of a matrix that is not, singular values would be looked for without end. */
static bool all_finite(ct_dtype dtype, int64_t count, const void *a) {
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(ct_read_element(dtype, a, i))) return false;
    return true;
}

/* Here LAPACK gets the matrix by its columns, as everybody gives it: the same bits come out. */
int ct_lapack_eigh(ct_dtype dtype, int n, const void *a, void *vectors, void *values, void *work) {
    workspace w = lay_out(dtype, n, n, work);
    int info = 0, integers = 8 * (n + 1);
    for (int64_t i = 0; i < n; i++)
        if (!all_finite(dtype, i + 1, (const char *)a + (size_t)i * (size_t)n * ct_dtype_size(dtype))) return 1;
    transpose(dtype, n, n, a, w.matrix);
    if (n)
        CALL(dtype, syevd, "V", "L", &n, w.matrix, &n, values, w.numbers, &w.count, w.integers, &integers, &info, 1,
             1);
    transpose(dtype, n, n, w.matrix, vectors);
    return info;
}

int ct_lapack_svd(ct_dtype dtype, int m, int n, const void *a, void *u, void *v, void *s, void *work) {
    workspace w = lay_out(dtype, m, n, work);
    int info = 0, k = m < n ? m : n;
    if (!k) return 0;
    if (!all_finite(dtype, (int64_t)m * n, a)) return 1;
    transpose(dtype, m, n, a, w.matrix);
    CALL(dtype, gesdd, "S", &m, &n, w.matrix, &m, s, w.second, &m, v, &k, w.numbers, &w.count, w.integers, &info, 1);
    transpose(dtype, k, m, w.second, u);
    return info;
}

void ct_lapack_qr(ct_dtype dtype, int m, int n, const void *a, void *q, void *r, void *work) {
    workspace w = lay_out(dtype, m, n, work);
    int info, k = m < n ? m : n;
    size_t item = ct_dtype_size(dtype);
    memcpy(w.matrix, a, (size_t)m * (size_t)n * item);
    if (!k) return;
    CALL(dtype, gelqf, &n, &m, w.matrix, &n, w.second, w.numbers, &w.count, &info);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < k; j++)
            ct_write_element(dtype, r, i * k + j, j > i ? 0 : ct_read_element(dtype, w.matrix, j * n + i));
    /* The k reflections, from columns of n numbers to columns of k, where orglq makes q of them. */
    for (int64_t j = 0; j < m; j++)
        memcpy((char *)q + (size_t)(j * k) * item, w.matrix + (size_t)(j * n) * item, (size_t)k * item);
    CALL(dtype, orglq, &k, &m, &k, q, &k, w.second, w.numbers, &w.count, &info);
}
