/* What a derivation calls things: tensors, their formulas, numbers, shapes; as text or as LaTeX. */
#include "inspect/draw/canvas.h"
#include "inspect/derive/derive.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_LABEL 40 /* characters; a name may have a number behind it */
#define MOST_LISTED 4    /* operands of a list in a formula */

/* ---- unique names ------------------------------------------------------------------------------------------- */

/* A text of at most so many characters as memory of the scope; NULL when there is none. */
static const char *keep(const char *text, int limit) {
    size_t length = 0, size = 5 * ((size_t)limit + 1);
    char *kept = ct_scope_alloc(ct_this.depth, size);
    if (kept) kept[0] = '\0';
    for (int i = 0; kept && *text && i < limit; i++) {
        char clean[5];
        text += ct_text_next(text, clean);
        length += (size_t)snprintf(kept + length, size - length, "%s", clean);
    }
    if (kept && *text) snprintf(kept + length, size - length, "...");
    return kept;
}

typedef struct entry {
    const char *name;
    size_t node;
} entry;

static int by_name(const void *a, const void *b) {
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

static int by_name_and_age(const void *a, const void *b) {
    const entry *x = a, *y = b;
    int order = by_name(a, b);
    return order ? order : (x->node > y->node) - (x->node < y->node);
}

/* `stem` and the first number from *number on that makes no name that a label has taken. */
static const char *numbered(const char *stem, size_t *number, const entry *taken, size_t n) {
    size_t size = strlen(stem) + 24;
    char *name = ct_scope_alloc(ct_this.depth, size);
    if (!name) return NULL;
    do snprintf(name, size, "%s%zu", stem, (*number)++);
    while (n && bsearch(&(entry){.name = name}, taken, n, sizeof *taken, by_name));
    return name;
}

/* A label that several have keeps its form for the oldest: x, x_2, x_3. */
static bool tell_apart(ct_names *names, const entry *labels, size_t n) {
    for (size_t i = 1, number = 2; i < n; i++) {
        if (by_name(&labels[i], &labels[i - 1])) {
            number = 2;
            continue;
        }
        char stem[5 * LONGEST_LABEL + 8];
        snprintf(stem, sizeof stem, "%s_", labels[i].name);
        if (!(names->name[labels[i].node] = numbered(stem, &number, labels, n))) return false;
    }
    return true;
}

bool ct_names_make(ct_names *names, const ct_graph *graph, bool latex) {
    int depth = ct_this.depth;
    *names = (ct_names){.graph = graph, .latex = latex};
    names->name = ct_scope_array(depth, graph->n, sizeof *names->name);
    names->invented = ct_scope_array(depth, graph->n, sizeof *names->invented);
    entry *labels = ct_scope_array(depth, graph->n, sizeof *labels);
    if (!names->name || !names->invented || !labels) return false;
    size_t n = 0, number = 1;
    for (size_t i = 0; i < graph->n; i++) {
        const char *label = graph->node[i]->label;
        names->invented[i] = !ct_text_is_visible(label);
        if (names->invented[i]) continue;
        if (!(names->name[i] = keep(label, LONGEST_LABEL))) return false;
        labels[n++] = (entry){names->name[i], i};
    }
    qsort(labels, n, sizeof *labels, by_name_and_age);
    for (size_t i = 0; i < graph->n; i++)
        if (names->invented[i] && !ct_is_number(graph->node[i]) &&
            !(names->name[i] = numbered("v", &number, labels, n)))
            return false;
    return tell_apart(names, labels, n);
}

/* ---- characters --------------------------------------------------------------------------------------------- */

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || (c & 0x80); }

/* Whether a name reads as one term wherever it stands: "w1", "fc.weight", "h[2]", but not "a + b". */
static bool is_term(const char *name) {
    while (is_word(*name) || (*name && strchr(".[]'", *name))) name++;
    return !*name;
}

/* For \text{}, which every character of TeX must be written differently for. */
static void add_latex(ct_text *out, const char *text) {
    static const char *const escapes[128] = {
        ['\\'] = "\\textbackslash{}",
        ['{'] = "\\{",
        ['}'] = "\\}",
        ['$'] = "\\$",
        ['&'] = "\\&",
        ['#'] = "\\#",
        ['_'] = "\\_",
        ['%'] = "\\%",
        ['^'] = "\\textasciicircum{}",
        ['~'] = "\\textasciitilde{}",
        ['|'] = "\\textbar{}",
        ['<'] = "\\textless{}",
        ['>'] = "\\textgreater{}",
    };
    while (*text) {
        char clean[5];
        text += ct_text_next(text, clean);
        const char *escape = *clean & 0x80 ? NULL : escapes[(unsigned char)*clean];
        ct_text_add(out, "%s", escape ? escape : clean);
    }
}

/* "x", "x_{1}", "\text{fc.weight}" */
static void add_latex_name(ct_text *out, const char *name) {
    size_t digits = isalpha((unsigned char)*name) ? strspn(name + 1, "0123456789") : 0;
    if (isalpha((unsigned char)*name) && !name[1 + digits]) {
        ct_text_add(out, digits ? "%c_{%s}" : "%c%s", *name, name + 1);
    } else {
        ct_text_add(out, "\\text{");
        add_latex(out, name);
        ct_text_add(out, "}");
    }
}

/* ---- parts of terms ----------------------------------------------------------------------------------------- */

bool ct_is_number(const ct_tensor *t) {
    return !t->op && t->ndim == 0 && !(t->flags & CT_LEAF) && !ct_text_is_visible(t->label);
}

/* 1.5e-7 as LaTeX has it: 1.5 \times 10^{-7}. */
void ct_add_number(ct_text *out, double value, bool latex) {
    ct_text number = {0};
    ct_text_number(&number, value, CT_DERIVE_DIGITS);
    char *text = number.text, *exponent = text ? strchr(text, 'e') : NULL;
    if (!text) out->failed = true;
    else if (latex && strstr(text, "inf")) ct_text_add(out, value < 0 ? "-\\infty" : "\\infty");
    else if (latex && strstr(text, "nan")) ct_text_add(out, "\\text{nan}");
    else if (latex && exponent) ct_text_add(out, "%.*s \\times 10^{%s}", (int)(exponent - text), text, exponent + 1);
    else ct_text_add(out, "%s", text);
    ct_text_free(&number);
}

/* That of a tensor that f is not computed from too; NULL when out of memory. */
static const char *name_of(const ct_names *names, const ct_tensor *t) {
    size_t i = ct_graph_index(names->graph, t);
    if (names->graph->node[i] == t) return names->name[i];
    return ct_text_is_visible(t->label) ? keep(t->label, LONGEST_LABEL) : "x";
}

void ct_add_name(ct_text *out, const ct_names *names, const ct_tensor *t) {
    bool number = ct_is_number(t);
    double value = number ? ct_read_element((ct_dtype)t->dtype, t->data, 0) : 0;
    const char *name = number ? "" : name_of(names, t);
    if (!name) out->failed = true;
    if (!name) return;
    bool brackets = value < 0 || !is_term(name);
    if (brackets) ct_text_add(out, "(");
    if (number) ct_add_number(out, value, names->latex);
    else if (names->latex) add_latex_name(out, name);
    else ct_text_add(out, "%s", name);
    if (brackets) ct_text_add(out, ")");
}

void ct_add_derivative(ct_text *out, const ct_names *names, const ct_tensor *y, const ct_tensor *x, bool partial) {
    const char *sign = names->latex ? partial ? "\\partial " : "\\mathrm{d}" : partial ? "\xe2\x88\x82" : "d";
    ct_text_add(out, names->latex ? "\\frac{%s" : "%s", sign);
    ct_add_name(out, names, y);
    ct_text_add(out, names->latex ? "}{%s" : "/%s", sign);
    ct_add_name(out, names, x);
    if (names->latex) ct_text_add(out, "}");
}

void ct_add_shape(ct_text *out, const ct_tensor *t, bool latex) {
    ct_text_add(out, "(");
    for (int i = 0; i < t->ndim; i++)
        ct_text_add(out, "%s%" PRId64, i ? latex ? ",\\," : ", " : "", t->extent->dim[i]);
    ct_text_add(out, ")");
}

/* ---- formulas ----------------------------------------------------------------------------------------------- */

static void add_operands(ct_text *out, const ct_names *names, const ct_tensor *t) {
    for (int k = 0; k < t->n_in && k < MOST_LISTED; k++) {
        if (k) ct_text_add(out, ", ");
        ct_add_name(out, names, t->in[k]);
    }
    if (t->n_in > MOST_LISTED) ct_text_add(out, names->latex ? ", \\ldots" : ", ... %d in all", t->n_in);
}

/* What attributes are, which has signs in it, but no letters of users. */
static void add_attributes(ct_text *out, const ct_names *names, const ct_text *text) {
    if (text->failed) out->failed = true;
    if (!text->length) return;
    ct_text_add(out, names->latex ? "\\text{" : "");
    if (names->latex) add_latex(out, text->text);
    else ct_text_add(out, "%s", text->text);
    ct_text_add(out, names->latex ? "}" : "");
}

/* A word that is an attribute's name, as its value; false when there is none. */
static bool add_attribute(ct_text *out, const ct_names *names, const ct_tensor *t, const char *word, size_t n) {
    ct_text value = {0};
    bool known = n && ct_text_attribute(&value, t, word, n);
    if (known) add_attributes(out, names, &value);
    ct_text_free(&value);
    return known;
}

static void add_other_attributes(ct_text *out, const ct_names *names, const ct_tensor *t, const char *before,
                                 const char *after) {
    ct_text others = {0};
    if (ct_text_other_attributes(&others, t, before)) ct_text_add(&others, "%s", after);
    add_attributes(out, names, &others);
    ct_text_free(&others);
}

/* One word, operand or sign of a formula; where the next begins. */
static const char *add_token(ct_text *out, const ct_names *names, const ct_tensor *t, const char *p) {
    static const char variables[] = "xyw";
    size_t length = is_word(*p) ? 1 : 0;
    while (length && is_word(p[length])) length++;
    const char *variable = length == 1 ? strchr(variables, *p) : NULL;
    int k = variable ? (int)(variable - variables) : 0;
    if (variable && !strncmp(p + 1, "...", 3)) {
        add_operands(out, names, t);
        return p + 4;
    }
    if (add_attribute(out, names, t, p, length)) return p + length;
    if (variable && k < t->n_in) ct_add_name(out, names, t->in[k]);
    else if (variable) ct_text_add(out, "0"); /* an operand that was left out, as a bias */
    else if (!names->latex) ct_text_add(out, "%.*s", length ? (int)length : 1, p);
    else if (length > 1 && isalpha((unsigned char)*p)) {
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)length, p);
        ct_text_add(out, "\\operatorname{");
        add_latex(out, word);
        ct_text_add(out, "}");
    } else if (length) ct_text_add(out, "%.*s", (int)length, p);
    else if (*p == '*') ct_text_add(out, "\\cdot");
    else if (*p == '@') ct_text_add(out, "\\,");
    else if (*p == '|') ct_text_add(out, "\\vert ");
    else if (strchr("\\{}$&#%~_", *p)) ct_text_add(out, "\\text{?}"); /* of no built-in op */
    else ct_text_add(out, "%c", *p);
    return p + (length ? length : 1);
}

void ct_add_formula(ct_text *out, const ct_names *names, const ct_tensor *t) {
    const char *formula = ct_op_table[t->op]->formula;
    size_t n = strlen(formula);
    bool call = n && formula[n - 1] == ')';
    for (const char *p = formula; *p;) {
        if (call && !p[1]) add_other_attributes(out, names, t, ", ", "");
        bool power = names->latex && *p == '^' && p[1];
        if (power) {
            p++;
            p += strspn(p, " ");
            ct_text_add(out, "^{");
        }
        if (*p) p = add_token(out, names, t, p);
        if (power) ct_text_add(out, "}");
    }
    if (!call) add_other_attributes(out, names, t, " (", ")");
}
