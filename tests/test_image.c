/* Images: derivatives of resizing, sampling and shuffling, values by hand, errors. */
#include "support/expect.h"
#include "support/sweep.h"

#include <check.h>
#include <math.h>
#include <string.h>

static void check_values(const ct_tensor *z, int64_t n, const double *want) {
    ck_assert_ptr_nonnull(z);
    ck_assert_int_eq(ct_size(z), n);
    for (int64_t i = 0; i < n; i++) ck_assert_double_eq_tol(((const double *)ct_data(z))[i], want[i], 1e-12);
}
#define CHECK_VALUES(z, ...)                                                                                         \
    check_values(z, (int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__})

/* ---- derivatives ---------------------------------------------------------------------------------------------- */

static ct_sample resize_case(int i, ct_dtype dtype) {
    const ct_shape shapes[] = {CT_SHAPE(2, 1, 4), CT_SHAPE(1, 2, 3, 2), CT_SHAPE(1, 1, 2, 1, 3), CT_SHAPE(0, 1, 2)};
    if (i >= 4 * 8) return (ct_sample){.z = NULL};
    ct_resize_options options = {.mode = (ct_resampling)(i % 4), .size = {5, 0, 2}, .scale = {0, 2.5, 0}};
    options.align_corners = i / 4 % 2 && (options.mode == CT_RESAMPLE_LINEAR || options.mode == CT_RESAMPLE_CUBIC);
    ct_tensor *x = ct_sample_leaf(dtype, options.mode == CT_RESAMPLE_CUBIC ? shapes[1] : shapes[i / 8], -1, 1);
    return (ct_sample){.z = ct_interpolate(x, &options), .leaf = {x}};
}

/* Places of a grid such that none is near a pixel's centre or edge, where derivatives jump. */
static ct_sample grid_case(int i, ct_dtype dtype) {
    if (i >= 12) return (ct_sample){.z = NULL};
    const double places[] = {-1.27, 0.33, -0.83, 1.57, 0.21, -0.42, 0.87, 0.71, -0.13, 1.87, 0.57, -1.83};
    ct_tensor *x = ct_sample_leaf(dtype, CT_SHAPE(2, 2, 3, 4), -1, 1);
    ct_tensor *grid = ct_sample_leaf(dtype, CT_SHAPE(2, 3, 1, 2), 0, 1);
    for (int k = 0; k < 12; k++) ct_write_element(dtype, grid->data, k, places[k]);
    ct_tensor *z = ct_grid_sample(x, grid, (ct_resampling)(i % 2), (ct_grid_padding)(i / 2 % 3), i >= 6);
    return (ct_sample){.z = z, .leaf = {x, i % 2 ? grid : NULL}};
}

static ct_sample shuffle_case(int i, ct_dtype dtype) {
    const ct_shape shapes[] = {CT_SHAPE(4, 2, 4), CT_SHAPE(2, 8, 2, 2), CT_SHAPE(0, 4, 2, 2)};
    if (i >= 6) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, shapes[i / 2], -1, 1);
    return (ct_sample){.z = i % 2 ? ct_pixel_shuffle(x, 2) : ct_pixel_unshuffle(x, 2), .leaf = {x}};
}

static ct_sample bilinear_case(int i, ct_dtype dtype) {
    if (i >= 3) return (ct_sample){.z = NULL};
    ct_tensor *x = ct_sample_leaf(dtype, i ? CT_SHAPE(2, 3) : CT_SHAPE(3), -1, 1);
    ct_tensor *y = ct_sample_leaf(dtype, i ? CT_SHAPE(2, 2) : CT_SHAPE(2), -1, 1);
    ct_tensor *w = ct_sample_leaf(dtype, CT_SHAPE(4, 3, 2), -1, 1),
              *b = i > 1 ? NULL : ct_sample_leaf(dtype, CT_SHAPE(4), 0, 1);
    return (ct_sample){.z = ct_bilinear(x, y, w, b), .leaf = {x, y, w}};
}

START_TEST(derivatives_of_images) {
    const struct {
        const char *name;
        ct_sample (*make)(int i, ct_dtype dtype);
    } families[] = {
        {"resize", resize_case}, {"grid", grid_case}, {"shuffle", shuffle_case}, {"bilinear", bilinear_case}};
    check_sweep(families[_i].name, families[_i].make);
}
END_TEST

/* ---- values --------------------------------------------------------------------------------------------------- */

START_TEST(resized_lines) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(1, 1, 3), (double[]){0, 4, 8});
    CHECK_VALUES(ct_interpolate(x, &((ct_resize_options){.size = {5}})), 0, 0, 4, 4, 8);
    CHECK_VALUES(ct_interpolate(x, &((ct_resize_options){CT_RESAMPLE_LINEAR, .size = {6}})), 0, 1, 3, 5, 7, 8);
    CHECK_VALUES(ct_interpolate(x, &((ct_resize_options){CT_RESAMPLE_LINEAR, .size = {5}, .align_corners = true})), 0,
                 2, 4, 6, 8);
    CHECK_VALUES(ct_interpolate(x, &((ct_resize_options){CT_RESAMPLE_AREA, .size = {2}})), 2, 6);
    CHECK_VALUES(ct_interpolate(x, &((ct_resize_options){CT_RESAMPLE_LINEAR, .scale = {1.2}})), 0, 4, 8);
    ct_tensor *flat = ct_full(CT_F64, CT_SHAPE(1, 1, 1, 3), 7);
    CHECK_VALUES(ct_interpolate(flat, &((ct_resize_options){CT_RESAMPLE_CUBIC, .size = {2, 2}})), 7, 7, 7, 7);
    ct_tensor *row = ct_from(CT_F64, CT_SHAPE(1, 1, 1, 4), (double[]){0, 16, 0, 0}); /* -3/32, 19/32 halfway */
    CHECK_VALUES(ct_interpolate(row, &((ct_resize_options){CT_RESAMPLE_CUBIC, .size = {1, 2}})), 9.5, -1.5);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(sampled_places) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_from(CT_F64, CT_SHAPE(1, 1, 2, 2), (double[]){1, 2, 3, 4});
    ct_tensor *grid = ct_from(CT_F64, CT_SHAPE(1, 1, 4, 2), (double[]){0, 0, -1, -1, 1, 0, 3, -1});
    ct_resampling linear = CT_RESAMPLE_LINEAR, nearest = CT_RESAMPLE_NEAREST;
    CHECK_VALUES(ct_grid_sample(x, grid, linear, CT_GRID_ZEROS, true), 2.5, 1, 3, 0);
    CHECK_VALUES(ct_grid_sample(x, grid, linear, CT_GRID_ZEROS, false), 2.5, 0.25, 1.5, 0);
    CHECK_VALUES(ct_grid_sample(x, grid, linear, CT_GRID_BORDER, false), 2.5, 1, 3, 2);
    CHECK_VALUES(ct_grid_sample(x, grid, linear, CT_GRID_REFLECTION, true), 2.5, 1, 3, 1);
    ct_tensor *odd = ct_from(CT_F64, CT_SHAPE(1, 1, 3, 2), (double[]){NAN, 0, 0.4, -0.4, INFINITY, 1});
    CHECK_VALUES(ct_grid_sample(x, odd, nearest, CT_GRID_ZEROS, true), 0, 2, 0);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(shuffled_pixels) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_reshape(ct_cast(ct_arange(CT_I64, 8), CT_F64), CT_SHAPE(4, 1, 2)), *z = ct_pixel_shuffle(x, 2);
    CHECK_VALUES(z, 0, 2, 1, 3, 4, 6, 5, 7);
    CHECK_VALUES(ct_pixel_unshuffle(z, 2), 0, 1, 2, 3, 4, 5, 6, 7);
    ck_assert(ct_end(s));
}
END_TEST

START_TEST(errors_of_images) {
    ct_scope s = ct_begin();
    ct_tensor *x = ct_zeros(CT_F64, CT_SHAPE(1, 3, 4)), *y = ct_zeros(CT_F64, CT_SHAPE(1, 1, 2, 2));
    ct_resize_options none = {0}, cubic = {CT_RESAMPLE_CUBIC, .size = {2, 2}}, huge = {.scale = {1e300}};
    ct_resize_options aligned = {.size = {2, 2}, .align_corners = true}, odd = {.scale = {NAN}};
    expect_refused(ct_interpolate(x, &none), CT_ERR_ARGUMENT, "0 elements are asked for along axis 2");
    expect_refused(ct_interpolate(x, &huge), CT_ERR_ARGUMENT, "elements are asked for");
    expect_refused(ct_interpolate(x, &odd), CT_ERR_ARGUMENT, "elements are asked for");
    expect_refused(ct_interpolate(x, &cubic), CT_ERR_SHAPE, "of 4 dimensions");
    expect_refused(ct_interpolate(x, &aligned), CT_ERR_ARGUMENT, "corners align");
    expect_refused(ct_interpolate(x, NULL), CT_ERR_NULL, "no options");
    expect_refused(ct_interpolate(NULL, &aligned), CT_ERR_NULL, "NULL");
    expect_refused(ct_grid_sample(y, x, CT_RESAMPLE_LINEAR, CT_GRID_ZEROS, true), CT_ERR_SHAPE, "no grid");
    expect_refused(ct_grid_sample(y, y, CT_RESAMPLE_CUBIC, CT_GRID_ZEROS, true), CT_ERR_ARGUMENT, "neither nearest");
    expect_refused(ct_pixel_shuffle(x, 2), CT_ERR_SHAPE, "no multiple of 2 squared");
    expect_refused(ct_pixel_unshuffle(x, 2), CT_ERR_SHAPE, "no multiple of 2");
    expect_refused(ct_pixel_shuffle(x, 0), CT_ERR_ARGUMENT, "a factor, not 0");
    int64_t wide = INT64_C(1) << 50;
    expect_refused(ct_pixel_shuffle(ct_zeros(CT_F64, CT_SHAPE(0, wide, wide)), 1 << 15), CT_ERR_ARGUMENT, "a factor");
    expect_refused(ct_grid_sample(ct_zeros(CT_F64, CT_SHAPE(0, 1, wide, wide)), ct_zeros(CT_F64, CT_SHAPE(0, 1, 1, 2)),
                                  CT_RESAMPLE_LINEAR, CT_GRID_ZEROS, true),
                   CT_ERR_SHAPE, "no grid");
    expect_refused(ct_bilinear(x, y, y, NULL), CT_ERR_SHAPE, "differ");
    ck_assert(ct_end(s));
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("image");
    TCase *t = tcase_create("image");
    tcase_add_loop_test(t, derivatives_of_images, 0, 4);
    tcase_add_test(t, resized_lines);
    tcase_add_test(t, sampled_places);
    tcase_add_test(t, shuffled_pixels);
    tcase_add_test(t, errors_of_images);
    suite_add_tcase(suite, t);
    return suite;
}
