/* Names and formulas of nodes, as text that is safe in a label of Graphviz. */
#include "inspect/draw/canvas.h"

#include <inttypes.h>
#include <string.h>

#define MOST_LISTED 4  /* operands of a list */
#define LABEL_LIMIT 32 /* characters */
#define DIGITS 6       /* significant ones, of a number */

void ct_text_name(ct_text *out, const ct_graph *graph, const ct_tensor *t) {
    if (ct_text_is_visible(t->label)) ct_text_escaped(out, t->label, LABEL_LIMIT);
    else ct_text_add(out, "n%zu", ct_graph_index(graph, t) + 1);
}

void ct_text_key(ct_text *out, const ct_view *view, size_t index) {
    if (view->named[index]) ct_text_add(out, "%s", view->graph.node[index]->label);
    else ct_text_add(out, "n%zu", index + 1);
}

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

/* Whether a label reads as one term wherever it stands: "w1", "fc.weight", "h[2]", but not "a + b". */
static bool is_term(const char *label) {
    while (is_word(*label) || (*label && strchr(".[]'", *label))) label++;
    return !*label;
}

/* ---- attributes --------------------------------------------------------------------------------------------- */

void ct_text_extents(ct_text *out, int n, const int64_t *extents) {
    ct_text_add(out, "(");
    for (int i = 0; i < n; i++) ct_text_add(out, "%s%" PRId64, i ? ", " : "", extents[i]);
    ct_text_add(out, ")");
}

/* One as it is, several in brackets: "0", "(0, 1)". */
static void add_axes(ct_text *out, const ct_axes *axes) {
    if (axes->n != 1) ct_text_add(out, "(");
    for (int i = 0; i < axes->n; i++) ct_text_add(out, "%s%d", i ? ", " : "", axes->axis[i]);
    if (axes->n != 1) ct_text_add(out, ")");
    if (axes->keep) ct_text_add(out, ", keep=true");
}

static bool is_shown(const ct_field *field, const void *value) {
    const int64_t *pair = value;
    switch (field->type) {
    case CT_FIELD_BOOL: return *(const bool *)value;
    case CT_FIELD_SHAPE: return ((const ct_shape *)value)->ndim > 0;
    case CT_FIELD_AXES: return ((const ct_axes *)value)->n >= 0;
    case CT_FIELD_PAIR: return pair[0] || pair[1];
    default: return true;
    }
}

static void add_value(ct_text *out, const ct_field *field, const void *value) {
    switch (field->type) {
    case CT_FIELD_INT: ct_text_add(out, "%d", *(const int *)value); break;
    case CT_FIELD_I64:
        if (*(const int64_t *)value == CT_END) ct_text_add(out, "end");
        else ct_text_add(out, "%" PRId64, *(const int64_t *)value);
        break;
    case CT_FIELD_BOOL: ct_text_add(out, *(const bool *)value ? "true" : "false"); break;
    case CT_FIELD_F64: ct_text_number(out, *(const double *)value, DIGITS); break;
    case CT_FIELD_DTYPE: ct_text_add(out, "%s", ct_dtype_name(*(const ct_dtype *)value)); break;
    case CT_FIELD_SHAPE: ct_text_extents(out, ((const ct_shape *)value)->ndim, ((const ct_shape *)value)->dim); break;
    case CT_FIELD_AXES: add_axes(out, value); break;
    case CT_FIELD_PAIR: ct_text_extents(out, 2, value); break;
    }
}

static const ct_field *fields_of(const ct_tensor *t) {
    static const ct_field none = {NULL, CT_FIELD_INT, 0};
    const ct_field *fields = ct_op_table[t->op]->parts->fields;
    return t->attributes && fields ? fields : &none;
}

static const void *value_of(const ct_tensor *t, const ct_field *field) {
    return (const char *)t->attributes + field->offset;
}

/* Where `word` stands alone in `text`, NULL when it does not. */
static const char *find_word(const char *text, const char *word) {
    size_t n = strlen(word);
    for (const char *p = text; (p = strstr(p, word)); p += n)
        if ((p == text || !is_word(p[-1])) && !is_word(p[n])) return p;
    return NULL;
}

bool ct_text_attribute(ct_text *out, const ct_tensor *t, const char *name, size_t n) {
    for (const ct_field *f = fields_of(t); f->name; f++) {
        if (strlen(f->name) != n || strncmp(f->name, name, n)) continue;
        add_value(out, f, value_of(t, f));
        return true;
    }
    return false;
}

bool ct_text_other_attributes(ct_text *out, const ct_tensor *t, const char *before) {
    bool any = false;
    for (const ct_field *f = fields_of(t); f->name; f++) {
        if (!is_shown(f, value_of(t, f)) || find_word(ct_op_table[t->op]->formula, f->name)) continue;
        ct_text_add(out, "%s%s=", any ? ", " : before, f->name);
        add_value(out, f, value_of(t, f));
        any = true;
    }
    return any;
}

/* ---- formulas ----------------------------------------------------------------------------------------------- */

static void add_operand(ct_text *out, const ct_graph *graph, const ct_tensor *t, bool values) {
    bool literal = t && !ct_text_is_visible(t->label) && !t->op && t->ndim == 0 && !(t->flags & CT_LEAF);
    bool number = literal || (values && t && ct_size_of(t) == 1);
    double value = number ? ct_read_element((ct_dtype)t->dtype, t->data, 0) : 0;
    bool brackets = number ? value < 0 : t && ct_text_is_visible(t->label) && !is_term(t->label);
    if (brackets) ct_text_add(out, "(");
    if (!t) ct_text_add(out, "0"); /* an operand that was left out, as a bias */
    else if (number) ct_text_number(out, value, DIGITS);
    else ct_text_name(out, graph, t);
    if (brackets) ct_text_add(out, ")");
}

static void add_operands(ct_text *out, const ct_graph *graph, const ct_tensor *t, bool values) {
    for (int k = 0; k < t->n_in && k < MOST_LISTED; k++) {
        if (k) ct_text_add(out, ", ");
        add_operand(out, graph, t->in[k], values);
    }
    if (t->n_in > MOST_LISTED) ct_text_add(out, ", ... %d in all", t->n_in);
}

/* A word of the formula: an operand's name (x, y and w), "x..." for all of them, an attribute's, or itself. */
static void add_word(ct_text *out, const ct_graph *graph, const ct_tensor *t, const char *word, size_t *n,
                     bool values) {
    static const char variables[] = "xyw";
    const char *variable = *n == 1 ? strchr(variables, *word) : NULL;
    if (ct_text_attribute(out, t, word, *n)) return;
    if (!variable) {
        ct_text_add(out, "%.*s", (int)*n, word);
    } else if (!strncmp(word + 1, "...", 3)) {
        add_operands(out, graph, t, values);
        *n += 3;
    } else {
        int k = (int)(variable - variables);
        add_operand(out, graph, k < t->n_in ? t->in[k] : NULL, values);
    }
}

void ct_text_formula(ct_text *out, const ct_graph *graph, const ct_tensor *t, bool values) {
    const char *formula = ct_op_table[t->op]->formula;
    size_t length = strlen(formula);
    bool call = length > 0 && formula[length - 1] == ')';
    for (const char *p = formula; *p;) {
        size_t n = 0;
        while (is_word(p[n])) n++;
        if (call && p[0] == ')' && !p[1]) ct_text_other_attributes(out, t, ", ");
        if (n > 0) add_word(out, graph, t, p, &n, values);
        else ct_text_escaped(out, (char[]){*p, '\0'}, 1);
        p += n > 0 ? n : 1;
    }
    if (!call && ct_text_other_attributes(out, t, " (")) ct_text_add(out, ")");
}
