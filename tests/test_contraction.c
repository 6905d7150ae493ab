/* Products of vectors, matrices and named axes: derivatives by the sweep, values against plain loops, errors. */
#include "support/elements.h"
#include "support/expect.h"
#include "support/sweep.h"

#include <check.h>
#include <math.h>
#include <string.h>

static ct_tensor *any(ct_dtype dtype, ct_shape shape) { return ct_sample_leaf(dtype, shape, -2, 2); }

/* ---- derivatives of products -------------------------------------------------------------------------------- */

static ct_sample product_samples(int i, ct_dtype dtype) {
    static const struct {
        ct_shape x, y;
        ct_tensor *(*op)(const char *at, ct_tensor *x, ct_tensor *y);
    } cases[] = {
        {{1, {5}}, {1, {5}}, ct_vdot_at},       {{2, {3, 5}}, {1, {5}}, ct_mv_at},
        {{2, {3, 5}}, {2, {5, 2}}, ct_mm_at},   {{3, {2, 3, 5}}, {3, {2, 5, 4}}, ct_bmm_at},
        {{1, {3}}, {1, {4}}, ct_outer_at},      {{2, {3, 5}}, {3, {2, 4, 5}}, ct_inner_at},
        {{0, {0}}, {2, {2, 3}}, ct_inner_at},   {{2, {2, 3}}, {2, {3, 2}}, ct_kron_at},
        {{1, {3}}, {3, {2, 1, 2}}, ct_kron_at}, {{0, {0}}, {0, {0}}, ct_kron_at},
        {{2, {0, 5}}, {2, {5, 2}}, ct_mm_at},   {{2, {3, 0}}, {2, {4, 0}}, ct_inner_at},
    };
    if (i >= (int)(sizeof cases / sizeof *cases)) return (ct_sample){.z = NULL};
    ct_tensor *x = any(dtype, cases[i].x), *y = any(dtype, cases[i].y);
    return (ct_sample){.z = cases[i].op(CT_HERE, x, y), .leaf = {x, y}};
}

static ct_sample blend_samples(int i, ct_dtype dtype) {
    static const struct {
        ct_shape x, a, b;
        ct_tensor *(*op)(const char *at, ct_tensor *x, ct_tensor *a, ct_tensor *b, double beta, double alpha);
    } cases[] = {
        {{1, {2}}, {2, {3, 5}}, {2, {5, 2}}, ct_addmm_at},
        {{0, {0}}, {2, {3, 5}}, {1, {5}}, ct_addmv_at},
        {{2, {3, 1}}, {1, {3}}, {1, {5}}, ct_addr_at},
        {{2, {3, 2}}, {3, {2, 3, 5}}, {3, {2, 5, 2}}, ct_addbmm_at},
        {{3, {2, 3, 2}}, {3, {2, 3, 5}}, {3, {2, 5, 2}}, ct_baddbmm_at},
    };
    if (i >= (int)(sizeof cases / sizeof *cases)) return (ct_sample){.z = NULL};
    ct_tensor *x = any(dtype, cases[i].x), *a = any(dtype, cases[i].a), *b = any(dtype, cases[i].b);
    return (ct_sample){.z = cases[i].op(CT_HERE, x, a, b, i % 2 ? 1 : 0.5, i < 3 ? 1 : -2), .leaf = {x, a, b}};
}

static ct_sample matrix_samples(int i, ct_dtype dtype) {
    if (i >= 5) return (ct_sample){.z = NULL};
    if (i < 2) {
        ct_tensor *x = any(dtype, i ? CT_SHAPE(4, 3) : CT_SHAPE(2, 5));
        return (ct_sample){.z = ct_trace(x), .leaf = {x}};
    }
    if (i == 2) {
        ct_tensor *x = any(dtype, CT_SHAPE(4)), *y = any(dtype, CT_SHAPE(4, 7)), *w = any(dtype, CT_SHAPE(7));
        return (ct_sample){.z = ct_multi_dot(CT_LIST(x, y, w)), .leaf = {x, y, w}};
    }
    ct_tensor *x = any(dtype, CT_SHAPE(2, 9)), *y = any(dtype, CT_SHAPE(9, 3)), *w = any(dtype, CT_SHAPE(3, 5));
    ct_tensor *z = i == 3 ? ct_multi_dot(CT_LIST(x, y, w))
                          : ct_tensordot(ct_reshape(x, CT_SHAPE(2, 3, 3)), y, CT_AXES(-1), CT_AXES(1));
    return (ct_sample){.z = z, .leaf = {x, y, i == 3 ? w : NULL}};
}

/* Shapes of up to three operands. */
typedef struct equation {
    const char *text;
    ct_shape x[3];
    int n;
} equation;
static const equation equations[] = {
    {"ij,jk->ik", {{2, {2, 3}}, {2, {3, 4}}}, 2},
    {"ij,kj", {{2, {2, 3}}, {2, {4, 3}}}, 2},
    {"ji,jk->ki", {{2, {2, 3}}, {2, {2, 4}}}, 2},
    {"bij,bjk->bik", {{3, {2, 3, 4}}, {3, {2, 4, 2}}}, 2},
    {"bij,jkb->kib", {{3, {2, 3, 4}}, {3, {4, 2, 2}}}, 2},
    {"i,i->i", {{1, {5}}, {1, {5}}}, 2},
    {"i,j->ji", {{1, {5}}, {1, {3}}}, 2},
    {"i,i", {{1, {5}}, {1, {5}}}, 2},
    {"ij->", {{2, {3, 5}}}, 1},
    {"ij->ji", {{2, {3, 5}}}, 1},
    {"ba", {{2, {3, 5}}}, 1},
    {"ii", {{2, {3, 3}}}, 1},
    {"ii->i", {{2, {3, 3}}}, 1},
    {"iji->j", {{3, {3, 2, 3}}}, 1},
    {"iiij->ij", {{4, {2, 2, 2, 3}}}, 1},
    {"ij,jk,kl->il", {{2, {2, 3}}, {2, {3, 4}}, {2, {4, 2}}}, 3},
    {"ij,jk,kl->ljk", {{2, {2, 3}}, {2, {3, 4}}, {2, {4, 2}}}, 3},
    {"n,nij,njk->ik", {{1, {2}}, {3, {2, 3, 4}}, {3, {2, 4, 2}}}, 3},
    {"bn,anm,bm->ba", {{2, {2, 3}}, {3, {4, 3, 5}}, {2, {2, 5}}}, 3},
    {"...ij,...jk", {{4, {2, 1, 3, 4}}, {3, {5, 4, 2}}}, 2},
    {"i...,...i->...", {{3, {3, 2, 4}}, {2, {4, 3}}}, 2},
    {"...i->i", {{3, {2, 4, 3}}}, 1},
    {"i...i", {{3, {3, 2, 3}}}, 1},
    {"ij,jk", {{2, {2, 1}}, {2, {3, 4}}}, 2},
    {"bij,bjk->bik", {{3, {1, 3, 4}}, {3, {2, 4, 1}}}, 2},
    {"aB,cB->ca", {{2, {2, 3}}, {2, {4, 3}}}, 2},
    {"ij,jk->ik", {{2, {2, 0}}, {2, {0, 3}}}, 2},
    {"ij,ik->ijk", {{2, {0, 2}}, {2, {0, 3}}}, 2},
    {",ij->ij", {{0, {0}}, {2, {2, 3}}}, 2},
    {" i j , j -> i ", {{2, {2, 3}}, {1, {3}}}, 2},
};
#define N_EQUATIONS ((int)(sizeof equations / sizeof *equations))

static ct_sample ct_einsum_samples(int i, ct_dtype dtype) {
    ct_sample s = {.z = NULL};
    if (i >= N_EQUATIONS) return s;
    for (int k = 0; k < equations[i].n; k++) s.leaf[k] = any(dtype, equations[i].x[k]);
    s.z = ct_einsum(equations[i].text, ((ct_list){equations[i].n, s.leaf}));
    return s;
}

START_TEST(derivatives_of_products) {
    check_sweep("products", product_samples);
    check_sweep("sums with products", blend_samples);
    check_sweep("products of matrices", matrix_samples);
    check_sweep("ct_einsum", ct_einsum_samples);
}
END_TEST

/* ---- products
 * ------------------------------------------------------------------------------------------------------ */

#define LETTERS "ijklb"
static const int64_t letter_extent[] = {2, 3, 4, 2, 3};

/* The row-major place of what the letters index; *used gets a bit for each of them. */
static int64_t place_by_letters(const char *letters, const int64_t *index, unsigned *used) {
    int64_t place = 0;
    for (const char *c = letters; *c; c++) {
        int64_t i = strchr(LETTERS, *c) - LETTERS;
        place = place * letter_extent[i] + index[i];
        *used |= 1u << i;
    }
    return place;
}

/* Element e of an einsum: the sum over all values of all indices. */
static double einsum_by_loop(const char *const *terms, int n, ct_tensor *const *x, const char *result, int64_t e) {
    double sum = 0;
    for (int64_t flat = 0; flat < 2 * 3 * 4 * 2 * 3; flat++) {
        int64_t index[5], rest = flat;
        unsigned used = 0;
        for (int i = 4; i >= 0; rest /= letter_extent[i--]) index[i] = rest % letter_extent[i];
        bool counts = place_by_letters(result, index, &used) == e;
        double term = 1;
        for (int k = 0; k < n; k++) term *= element(x[k], place_by_letters(terms[k], index, &used));
        for (int i = 0; i < 5; i++) counts = counts && (used & 1u << i || index[i] == 0);
        if (counts) sum += term;
    }
    return sum;
}

START_TEST(einsum_agrees_with_loops) {
    static const struct {
        const char *text, *terms[3], *result;
    } cases[] = {
        {"ij,jk->ik", {"ij", "jk"}, "ik"},
        {"ji,kj->ik", {"ji", "kj"}, "ik"},
        {"bij,bkj->bki", {"bij", "bkj"}, "bki"},
        {"ij,jk,kl->il", {"ij", "jk", "kl"}, "il"},
        {"iij->j", {"iij"}, "j"},
        {"iji,jk->ki", {"iji", "jk"}, "ki"},
        {"ij,ij->", {"ij", "ij"}, ""},
        {"ij,kl->lkji", {"ij", "kl"}, "lkji"},
        {"ijk,jil->lk", {"ijk", "jil"}, "lk"},
        {"ik,jk,lk->ijl", {"ik", "jk", "lk"}, "ijl"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ct_scope s = ct_begin();
        ct_tensor *x[3];
        int n = 0;
        for (; n < 3 && cases[i].terms[n]; n++) {
            ct_shape shape = {.ndim = 0};
            for (const char *c = cases[i].terms[n]; *c; c++)
                shape.dim[shape.ndim++] = letter_extent[strchr(LETTERS, *c) - LETTERS];
            x[n] = ct_uniform(CT_F64, shape, -1, 1);
        }
        ct_tensor *z = ct_einsum(cases[i].text, ((ct_list){n, x}));
        ck_assert_msg(z != NULL, "%s", ct_error());
        for (int64_t e = 0; e < ct_size(z); e++)
            ck_assert_double_eq_tol(element(z, e), einsum_by_loop(cases[i].terms, n, x, cases[i].result, e), 1e-13);
        ck_assert(ct_end(s));
    }
}
END_TEST

START_TEST(values_of_products) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(2, 3), (double[]){1, 2, 3, 4, 5, 6}),
              *nan = ct_full(CT_F64, CT_SHAPE(3), NAN);
    CHECK_VALUES(ct_trace(x), 6);
    CHECK_VALUES(ct_kron(ct_from(CT_F64, CT_SHAPE(2), (double[]){1, 10}), x), 1, 2, 3, 10, 20, 30, 4, 5, 6, 40, 50,
                 60);
    CHECK_VALUES(ct_addmm(nan, x, ct_from(CT_F64, CT_SHAPE(3, 3), (double[]){1, 0, 0, 0, 1, 0, 0, 0, 1}), 0, 2), 2, 4,
                 6, 8, 10, 12);
    CHECK_VALUES(ct_einsum("ij->ji", CT_LIST(x)), 1, 4, 2, 5, 3, 6);
    CHECK_VALUES(ct_einsum("...j->...", CT_LIST(x)), 6, 15);
    CHECK_VALUES(ct_einsum("", CT_LIST(ct_scalar(3))), 3);
    CHECK_VALUES(ct_einsum(",", CT_LIST(ct_scalar(3), ct_scalar(2))), 6);
    CHECK_VALUES(ct_tensordot(x, x, CT_AXES(0, 1), CT_AXES(0, -1)), 91);
    CHECK_VALUES(ct_addbmm(ct_ones(CT_F64, CT_SHAPE(2)), ct_zeros(CT_F64, CT_SHAPE(0, 1, 3)),
                           ct_zeros(CT_F64, CT_SHAPE(0, 3, 2)), 3, 1),
                 3, 3);
    ck_assert(ct_end(s));
}
END_TEST

/* ---- errors ------------------------------------------------------------------------------------------------- */

START_TEST(errors_of_products) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_label(ct_zeros(CT_F64, CT_SHAPE(2, 3)), "x");
    CHECK_ERROR(ct_mm(x, ct_zeros(CT_F64, CT_SHAPE(3))), CT_ERR_SHAPE,
                "ct_mm: x(2,3) and (3): 2 and 2 dimensions are needed");
    CHECK_ERROR(ct_bmm(ct_zeros(CT_F64, CT_SHAPE(1, 2, 3)), ct_zeros(CT_F64, CT_SHAPE(4, 3, 2))), CT_ERR_SHAPE,
                "ct_bmm: (1,2,3) and (4,3,2): batches of different extents");
    CHECK_ERROR(ct_multi_dot(CT_LIST(x)), CT_ERR_ARGUMENT, "ct_multi_dot: 1 factors, not 2 to 1024");
    CHECK_ERROR(ct_multi_dot(CT_LIST(x, x)), CT_ERR_SHAPE, "ct_multi_dot: x(2,3): factor 2 follows an extent of 3");
    CHECK_ERROR(ct_inner(x, ct_zeros(CT_F64, CT_SHAPE(2))), CT_ERR_SHAPE,
                "ct_inner: x(2,3) and (2): last extents differ");
    CHECK_ERROR(ct_tensordot(x, x, CT_AXES(0), CT_AXES(1)), CT_ERR_SHAPE,
                "ct_tensordot: x(2,3) and x(2,3): the axes to be summed do not pair");
    static const struct {
        const char *text, *reason;
    } wrong[] = {
        {"ij,kl->iq", "column 9: index 'q' is in no operand"},
        {"ij,kl->ii", "column 9: index 'i' is in the result before"},
        {"ij,k1->ik", "column 5: '1' is no index"},
        {"ij,jk->ik", "column 4: extent 2, but 3 before"},
        {"ij,kk->ik", "column 5: a diagonal of extents 2 and 3"},
        {"ij,k->ik", "column 5: the operand has 2 axes, more than the indices"},
        {"ij,klm->ik", "column 6: the operand has 2 axes, fewer than the indices"},
        {"ij,...klm->ik", "column 4: the operand has 2 axes, fewer than the indices"},
        {"ij", "column 3: there are 2 operands, but indices of 1"},
        {"ij,kl,m", "column 6: there are only 2 operands"},
        {"ij,k.l", "column 5: '.' is no index"},
        {"ij,...k...", "column 8: a second ellipsis in one operand"},
        {"ij,kl->i->k", "column 9: '-' is no index"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[200];
        snprintf(text, sizeof text, "ct_einsum: \"%s\": %s", wrong[i].text, wrong[i].reason);
        CHECK_ERROR(ct_einsum(wrong[i].text, CT_LIST(x, x)), CT_ERR_ARGUMENT, text);
    }
    CHECK_ERROR(ct_einsum(NULL, CT_LIST(x)), CT_ERR_ARGUMENT, "ct_einsum: there is no equation");
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("contraction");
    TCase *t = tcase_create("contraction");
    tcase_add_test(t, derivatives_of_products);
    tcase_add_test(t, einsum_agrees_with_loops);
    tcase_add_test(t, values_of_products);
    tcase_add_test(t, errors_of_products);
    suite_add_tcase(suite, t);
    return suite;
}
