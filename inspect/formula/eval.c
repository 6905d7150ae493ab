/* Formulas: from terms to tensors. The terms lie in the order of evaluation, so there is no recursion. */
#include "inspect/formula/formula.h"
#include "tensor/checked.h"

#include <math.h>
#include <string.h>

typedef struct evaluation {
    const char *at;
    const ct_formula *f;
    ct_tensor *const *given; /* by name */
    ct_tensor **value;       /* by term */
    ct_tensor **list;        /* the terms of one list */
    ct_dtype dtype;          /* of numbers */
} evaluation;

/* The caller's place with the column in it, and the call that a term is before it; kept as long as the tensors are. The
 * caller's place alone when out of memory. */
static const char *place(const evaluation *e, const ct_term *t) {
    const char *at = e->at ? ct_place_name(e->at) : "formula", *call = t->kind == CT_TERM_CALL ? t->call->name : "";
    size_t bytes = strlen(at) + strlen(call) + 40;
    char *text = ct_this.depth ? ct_scope_alloc(ct_this.depth, bytes) : NULL;
    if (!text) return e->at;
    snprintf(text, bytes, *call ? "ct_%s: %s, column %zu" : "%s%s, column %zu", call, at, t->span.column);
    return text;
}

/* ---- constants ---------------------------------------------------------------------------------------------- */

static ct_tensor *constant(const evaluation *e, const char *at, const ct_term *t) {
    if (t->kind == CT_TERM_NUMBER) return ct_full_at(at, e->dtype, CT_SCALAR, t->number);
    const int64_t *axes = &e->f->integer[t->integers];
    ct_shape shape = {.ndim = (int)axes[0]};
    memcpy(shape.dim, axes + 1, (size_t)axes[0] * sizeof *axes);
    ct_tensor *z = ct_new_tensor("ct_eval", at, e->dtype, &shape, 0);
    for (int64_t i = 0; z && i < ct_size_of(z); i++)
        ct_write_element(e->dtype, z->data, i, e->f->literal[t->first + (size_t)i]);
    return z;
}

/* ---- calls -------------------------------------------------------------------------------------------------- */

static ct_list list_of(const evaluation *e, size_t first, size_t n) {
    size_t i = 0;
    for (size_t term = first; i < n; term = e->f->term[term].next) e->list[i++] = e->value[term];
    return (ct_list){.n = (int)n, .items = e->list};
}

/* What is passed for a parameter that is not given. */
static ct_argument preset_of(const ct_parameter *parameter) {
    double preset = parameter->preset;
    switch (parameter->kind) {
    case CT_PARAMETER_NUMBER: return (ct_argument){.number = preset};
    case CT_PARAMETER_INT:
    case CT_PARAMETER_INT64:
        if (isinf(preset)) return (ct_argument){.integer = preset > 0 ? INT64_MAX : INT64_MIN};
        return (ct_argument){.integer = (int64_t)preset};
    case CT_PARAMETER_FLAG: return (ct_argument){.flag = preset != 0};
    case CT_PARAMETER_CHOICE: return (ct_argument){.choice = (int)preset};
    case CT_PARAMETER_AXES: return (ct_argument){.axes = CT_ALL};
    case CT_PARAMETER_SHAPE:
    case CT_PARAMETER_PAIR:
    case CT_PARAMETER_TRIPLE: return (ct_argument){.shape = CT_SCALAR};
    case CT_PARAMETER_TENSOR:
    case CT_PARAMETER_TENSORS:
    case CT_PARAMETER_SIZES:
    case CT_PARAMETER_STRING: break;
    }
    return (ct_argument){.tensor = NULL};
}

static const char *string_of(const evaluation *e, ct_span span) {
    size_t length = span.end - span.start;
    if (!ct_this.depth) return ct_raise_no_scope("ct_eval", e->at), NULL;
    char *text = ct_scope_alloc(ct_this.depth, length + 1);
    if (!text) return ct_raise_memory("ct_eval", e->at, length + 1), NULL;
    memcpy(text, e->f->text + span.start, length);
    text[length] = '\0';
    return text;
}

static ct_axes axes_of(const int64_t *integer, size_t n) {
    ct_axes axes = {.n = (int)n};
    for (size_t i = 0; i < n; i++) axes.axis[i] = (int)integer[i];
    return axes;
}

/* Of a pair or a triple, one number stands for all. */
static ct_shape shape_of(const int64_t *integer, size_t n, bool tuple) {
    ct_shape shape = {.ndim = (int)n};
    for (size_t i = 0; i < n; i++) shape.dim[i] = integer[i];
    if (tuple && n == 1) shape.dim[1] = shape.dim[2] = shape.dim[0];
    return shape;
}

static ct_argument argument_of(const evaluation *e, const ct_parameter *parameter, const ct_given *given) {
    const int64_t *integer = e->f->integer ? e->f->integer + given->first : NULL;
    switch (parameter->kind) {
    case CT_PARAMETER_TENSOR: return (ct_argument){.tensor = e->value[given->first]};
    case CT_PARAMETER_TENSORS: return (ct_argument){.tensors = list_of(e, given->first, given->n)};
    case CT_PARAMETER_NUMBER: return (ct_argument){.number = given->number};
    case CT_PARAMETER_INT:
    case CT_PARAMETER_INT64: return (ct_argument){.integer = (int64_t)given->number};
    case CT_PARAMETER_FLAG: return (ct_argument){.flag = given->number != 0};
    case CT_PARAMETER_CHOICE: return (ct_argument){.choice = (int)given->number};
    case CT_PARAMETER_AXES: return (ct_argument){.axes = axes_of(integer, given->n)};
    case CT_PARAMETER_SHAPE: return (ct_argument){.shape = shape_of(integer, given->n, false)};
    case CT_PARAMETER_PAIR:
    case CT_PARAMETER_TRIPLE: return (ct_argument){.shape = shape_of(integer, given->n, true)};
    case CT_PARAMETER_SIZES: return (ct_argument){.sizes = {.n = (int)given->n, .items = integer}};
    case CT_PARAMETER_STRING: break;
    }
    return (ct_argument){.string = string_of(e, given->span)};
}

/* x^2, whose derivative is simpler as that of a square. */
static bool is_square(const evaluation *e, const ct_term *t) {
    if (t->written_as_call || strcmp(t->call->name, "pow") != 0) return false;
    const ct_term *exponent = &e->f->term[e->f->given[e->f->given[t->first].next].first];
    return exponent->kind == CT_TERM_NUMBER && exponent->number == 2;
}

static ct_tensor *call(const evaluation *e, const char *at, const ct_term *t) {
    ct_argument arguments[CT_MAX_PARAMETERS];
    const ct_call *row = t->call;
    for (int i = 0; i < row->n; i++) arguments[i] = preset_of(&row->parameter[i]);
    for (size_t i = t->first; i != CT_NO_TERM; i = e->f->given[i].next) {
        const ct_given *given = &e->f->given[i];
        ct_argument *argument = &arguments[given->parameter];
        *argument = argument_of(e, &row->parameter[given->parameter], given);
        /* The operators take bool and whole numbers as numbers. */
        if (!t->written_as_call && argument->tensor && !ct_is_float(argument->tensor->dtype))
            argument->tensor = ct_cast_at(at, argument->tensor, e->dtype);
    }
    return is_square(e, t) ? ct_square_at(at, arguments[0].tensor) : row->run(at, arguments);
}

/* x[0, 1:-1] */
static ct_tensor *subscripted(const evaluation *e, const char *at, const ct_term *t) {
    ct_subscript items[CT_MAX_DIMS];
    const int64_t *integer = &e->f->integer[t->integers];
    for (size_t i = 0; i < t->n; i++, integer += CT_SUBSCRIPT_INTEGERS)
        items[i] = (ct_subscript){(ct_subscript_kind)integer[0], integer[1], integer[2], integer[3], NULL};
    return ct_index_by_at(at, e->value[t->first], (ct_subscripts){.n = (int)t->n, .items = items});
}

/* ---- formulas ----------------------------------------------------------------------------------------------- */

static ct_tensor *value_of(const evaluation *e, const ct_term *t) {
    switch (t->kind) {
    case CT_TERM_NAME: return e->given[t->first];
    case CT_TERM_LOCAL: return e->value[t->first];
    case CT_TERM_NUMBER:
    case CT_TERM_CONSTANT: return constant(e, place(e, t), t);
    case CT_TERM_STACK: return ct_stack_at(place(e, t), list_of(e, t->first, t->n), 0);
    case CT_TERM_INDEX: return subscripted(e, place(e, t), t);
    case CT_TERM_CALL: break;
    }
    return call(e, place(e, t), t);
}

/* Whatever was given, or has a name already, keeps it. */
static ct_tensor *named(const evaluation *e, const ct_statement *s, ct_tensor *t) {
    bool made_here = e->f->term[s->term].kind != CT_TERM_NAME && e->f->term[s->term].kind != CT_TERM_LOCAL;
    return t && s->name && made_here && !t->label ? ct_label_at(t->at, t, s->name) : t;
}

static ct_tensor *evaluate(evaluation *e) {
    const ct_statement *statement = e->f->statement;
    for (size_t i = 0; i < e->f->n_terms; i++) {
        e->value[i] = value_of(e, &e->f->term[i]);
        if (i == statement->term) e->value[i] = named(e, statement++, e->value[i]);
        if (!e->value[i]) return NULL;
    }
    return e->value[e->f->n_terms - 1];
}

static ct_dtype dtype_of(const ct_formula *f, ct_tensor *const *values) {
    for (size_t i = 0; i < f->n_names; i++)
        if (ct_dtype_of(values[i]) == CT_F32) return CT_F32;
    return CT_F64;
}

ct_tensor *ct_formula_eval(const char *at, const ct_formula *f, ct_tensor *const *values) {
    evaluation e = {.at = at, .f = f, .given = values, .dtype = dtype_of(f, values)};
    size_t bytes = (f->n_terms + f->longest) * sizeof *e.value, limit = ct_this.limit, spent = ct_this.spent;
    for (size_t i = 0; i < f->n_names; i++)
        if (!ct_usable("ct_eval", at, values[i], (int)i)) return NULL;
    e.value = ct_alloc(bytes);
    if (!e.value) return ct_raise_memory("ct_eval", at, bytes), NULL;
    e.list = e.value + f->n_terms;
    if (!limit) ct_this.limit = CT_FORMULA_MEMORY, ct_this.spent = 0;
    ct_tensor *z = evaluate(&e);
    if (!limit) ct_this.limit = 0, ct_this.spent = spent;
    ct_dealloc(e.value, bytes);
    return z;
}

/* ---- names -------------------------------------------------------------------------------------------------- */

static ct_tensor *find(ct_list names, const char *name) {
    for (int i = 0; i < names.n; i++) {
        const char *label = ct_label_of(names.items[i]);
        if (label && !strcmp(label, name)) return names.items[i];
    }
    return NULL;
}

void ct_formula_unknown(const char *op, const char *at, const ct_formula *f, int which, ct_list names) {
    ct_parser p = {.op = op, .at = at, .f = (ct_formula *)f};
    const ct_word *name = &f->name[which];
    size_t bytes = (size_t)names.n * sizeof(char *);
    const char **labels = ct_alloc(bytes), *nearest = NULL;
    for (int i = 0; labels && i < names.n; i++) labels[i] = ct_label_of(names.items[i]);
    if (labels) nearest = ct_nearest(name->text, names.n, labels);
    const ct_call *call = nearest ? NULL : ct_find_call(name->text, strlen(name->text));
    nearest = ct_nearest(name->text, 2, (const char *const[]){nearest, ct_nearest_call(name->text)});
    char text[CT_HINT];
    const char *hint = ct_did_you_mean(nearest, text);
    if (call) snprintf(text, sizeof text, "%s() is a function", call->name), hint = text;
    ct_formula_fail(&p, name->column, hint, "unknown name '%.64s'", name->text);
    ct_dealloc(labels, bytes);
}

bool ct_formula_bind(const char *op, const char *at, const ct_formula *f, ct_list names, ct_tensor **values) {
    for (size_t i = 0; i < f->n_names; i++) {
        const ct_word *name = &f->name[i];
        ct_parser p = {.op = op, .at = at, .f = (ct_formula *)f};
        values[i] = name->gradient ? NULL : find(names, name->text);
        if (values[i]) continue;
        if (name->gradient)
            ct_formula_fail(&p, name->column, NULL, "grad(%.64s), a gradient, is for claims only,", name->text);
        else ct_formula_unknown(op, at, f, (int)i, names);
        return false;
    }
    return true;
}

ct_tensor *ct_eval_at(const char *at, const char *text, ct_list names) {
    if (names.n > 0 && !names.items) return ct_raise_null("ct_eval", at, 1), NULL;
    ct_formula *f = ct_formula_parse("ct_eval", at, text);
    if (!f) return NULL;
    size_t bytes = f->n_names * sizeof(ct_tensor *);
    ct_tensor **values = ct_alloc(bytes), *z = NULL;
    if (!values) ct_raise_memory("ct_eval", at, bytes);
    else if (ct_formula_bind("ct_eval", at, f, names, values)) z = ct_formula_eval(at, f, values);
    ct_dealloc(values, bytes);
    ct_formula_free(f);
    return z;
}
