/* Values as text and as JSON. */
#include "common.h"

#include <math.h>
#include <string.h>

void print_value(const char *name, const ct_tensor *t) {
    printf("%s =%s", name, ct_shape_of(t).ndim > 1 ? "\n" : " ");
    if (ct_shape_of(t).ndim || ct_dtype_of(t) < CT_F32) ct_print(t, stdout);
    else if (isnan(ct_item(t))) puts("nan"); /* whatever its sign */
    else printf("%.10g\n", ct_item(t));
}

json_t *json_of_number(double value) {
    if (isfinite(value)) return json_real(value == 0 ? 0 : value);
    return json_string(isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

/* The elements from *next on that axes `axis` and after hold. */
static json_t *json_of_axes(const ct_tensor *t, const ct_shape *shape, ct_shape *index, int axis) {
    if (axis == shape->ndim) return json_of_number(ct_get(t, *index));
    json_t *array = json_array();
    for (index->dim[axis] = 0; index->dim[axis] < shape->dim[axis]; index->dim[axis]++)
        json_array_append_new(array, json_of_axes(t, shape, index, axis + 1));
    return array;
}

json_t *json_of(const ct_tensor *t) {
    ct_shape shape = ct_shape_of(t), index = {.ndim = shape.ndim};
    return json_of_axes(t, &shape, &index, 0);
}

json_t *json_of_text(const char *text) {
    if (!text) return json_null();
    json_t *string = json_string(text);
    return string ? string : json_string("(not UTF-8)");
}

bool print_json(const command *c, json_t *value) {
    bool ok =
        value && json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) == 0 && putchar('\n') != EOF;
    json_decref(value);
    if (!ok) complain(c, "the JSON cannot be written");
    return ok;
}
