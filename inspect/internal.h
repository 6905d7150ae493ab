/* inspect/: the sub-graph of a root, text that grows, and formulas. */
#ifndef COTANGENT_INSPECT_INTERNAL_H
#define COTANGENT_INSPECT_INTERNAL_H

#include "autograd/internal.h"
#include "inspect/inspect.h"

/* ---- graph.c ------------------------------------------------------------------------------------------------ */

typedef struct ct_graph_slot {
    const ct_tensor *t; /* NULL: a free slot */
    size_t index;
} ct_graph_slot;

/* All that a root was computed from, in order of creation: operands come before their users, the root is last. What
 * was made outside every scope, a module's parameters, comes just before its first user. */
typedef struct ct_graph {
    ct_tensor **node;
    size_t n, capacity;
    ct_graph_slot *slot;     /* hash table from tensor to index: open addressing, n_slots a power of two */
    size_t n_slots, members; /* slots there are, and in use */
} ct_graph;

/* Fills an empty graph; false when out of memory, and ct_graph_free() is due in either case. */
bool ct_graph_collect(ct_graph *graph, ct_tensor *root);
void ct_graph_free(ct_graph *graph);
size_t ct_graph_index(const ct_graph *graph, const ct_tensor *t); /* of a node of the graph */

/* ---- text.c ------------------------------------------------------------------------------------------------- */

/* Starts as {0}. A failed addition is remembered in `failed` and the rest does nothing, so it is checked once. */
typedef struct ct_text {
    char *text; /* NUL-terminated once something was added */
    size_t length, capacity;
    bool failed;
} ct_text;

void ct_text_add(ct_text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ct_text_bytes(ct_text *out, const char *bytes, size_t n); /* as they are */
/* The shortest form with `digits` significant digits, the same in every locale: "-1.5", "1e-5", "nan". */
void ct_text_number(ct_text *out, double value, int digits);
void ct_text_index(ct_text *out, const ct_tensor *t, int64_t index); /* "[3,7]" of one counted row-major; "" of a 0-d */
/* The first character of a user's text: spaces of all kinds as ' ', what is not to be shown as U+FFFD. Its bytes in
 * `text`, which is not at its end. */
int ct_text_next(const char *text, char clean[5]);
/* A user's text for an HTML-like label of Graphviz: at most `limit` characters, then "...". Safe in a quoted
 * attribute too, where a backslash may come out as two. */
void ct_text_escaped(ct_text *out, const char *text, int limit);
void ct_text_clear(ct_text *out); /* empty again; a failure stays */
void ct_text_free(ct_text *out);
/* Whether anything of it would be seen; false for NULL. Graphviz draws no text without width. */
bool ct_text_is_visible(const char *text);

/* ---- verify/claims.c ---------------------------------------------------------------------------------------- */

/* What is claimed about t's gradient and what the last ct_verify() found; NULL when nothing is claimed. */
const ct_claim_result *ct_claim_of(const ct_tensor *t);

/* ---- draw/dot.c --------------------------------------------------------------------------------------------- */

/* Checks that f can be drawn and adds its Graphviz text. False with an error raised in the name of `op`; `out` is to
 * be freed in either case. Options may be NULL. */
bool ct_dot_text(ct_text *out, const char *op, const char *at, ct_tensor *f, const ct_draw_options *options);

/* ---- formula/: formulas as expression.h describes them ------------------------------------------------------ */

typedef struct ct_formula ct_formula;

/* Reads `text`, of which a copy is kept; names need not be known yet. NULL with an error raised in the name of `op`. */
ct_formula *ct_formula_parse(const char *op, const char *at, const char *text);
void ct_formula_free(ct_formula *f); /* NULL is fine */

/* The names that tensors are wanted for, in order of appearance. */
int ct_formula_names(const ct_formula *f);
const char *ct_formula_name(const ct_formula *f, int i);
bool ct_formula_name_is_gradient(const ct_formula *f, int i); /* written as grad(name) */
/* Finds each among the labels of `names`: values[i] is that of name i, from an array of ct_formula_names(). False with
 * an error raised, that says where the unknown name is and which known one is nearest; a gradient is unknown. */
bool ct_formula_bind(const char *op, const char *at, const ct_formula *f, ct_list names, ct_tensor **values);
/* Raises that name i is none of the labels of `names`, with the nearest label or function. */
void ct_formula_unknown(const char *op, const char *at, const ct_formula *f, int i, ct_list names);

/* The value with values[i] as name i, recorded in the innermost scope. The nodes' places are `at` and the column. */
ct_tensor *ct_formula_eval(const char *at, const ct_formula *f, ct_tensor *const *values);

/* The text again, from what was read: with single blanks and only the parentheses that are needed. */
void ct_formula_print(ct_text *out, const ct_formula *f);

#endif
