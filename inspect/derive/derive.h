/* inspect/: what a derivation is made of: the names of tensors, terms over them, and the paths from x to f.
 * Everything is in the memory of one scope, which ct_derive_at() opens and closes; NULL means that there was none. */
#ifndef COTANGENT_INSPECT_DERIVE_H
#define COTANGENT_INSPECT_DERIVE_H

#include "inspect/internal.h"

#define CT_DERIVE_DIGITS 6 /* significant ones of a number */

/* ---- names.c ------------------------------------------------------------------------------------------------ */

typedef struct ct_names {
    const ct_graph *graph;
    const char **name; /* [node]: the label, made unique, or v1, v2, ... */
    bool *invented;    /* [node]: it has no label */
    bool latex;        /* how names are written */
} ct_names;

bool ct_names_make(ct_names *names, const ct_graph *graph, bool latex);
void ct_add_name(ct_text *out, const ct_names *names, const ct_tensor *t);
/* dy/dx, with round letters when `partial` */
void ct_add_derivative(ct_text *out, const ct_names *names, const ct_tensor *y, const ct_tensor *x, bool partial);
void ct_add_formula(ct_text *out, const ct_names *names, const ct_tensor *t); /* "x1 * w1" */
void ct_add_number(ct_text *out, double value, bool latex);
void ct_add_shape(ct_text *out, const ct_tensor *t, bool latex); /* "(24, 10)" */
bool ct_is_number(const ct_tensor *t);                           /* a constant without label, written as its value */

/* ---- terms.c ------------------------------------------------------------------------------------------------ */

/* FUNCTION(word, text, LaTeX, value at a): functions of one operand. */
#define CT_TERM_FUNCTIONS                                                                                            \
    FUNCTION(SQRT, "sqrt", "\\sqrt", sqrt(a))                                                                        \
    FUNCTION(EXP, "exp", "\\exp", exp(a))                                                                            \
    FUNCTION(EXP2, "exp2", "\\operatorname{exp2}", exp2(a))                                                          \
    FUNCTION(LOG, "log", "\\log", log(a))                                                                            \
    FUNCTION(LOG1P, "log1p", "\\operatorname{log1p}", log1p(a))                                                      \
    FUNCTION(SIN, "sin", "\\sin", sin(a))                                                                            \
    FUNCTION(COS, "cos", "\\cos", cos(a))                                                                            \
    FUNCTION(SINH, "sinh", "\\sinh", sinh(a))                                                                        \
    FUNCTION(COSH, "cosh", "\\cosh", cosh(a))                                                                        \
    FUNCTION(TANH, "tanh", "\\tanh", tanh(a))                                                                        \
    FUNCTION(SIGMOID, "sigmoid", "\\sigma", 1 / (1 + exp(-a)))                                                       \
    FUNCTION(ERFC, "erfc", "\\operatorname{erfc}", erfc(a))                                                          \
    FUNCTION(SIGN, "sign", "\\operatorname{sign}", (a > 0) - (a < 0))                                                \
    FUNCTION(TRUNC, "trunc", "\\operatorname{trunc}", trunc(a))                                                      \
    FUNCTION(FLOOR, "floor", "\\operatorname{floor}", floor(a))                                                      \
    FUNCTION(ISNAN, "isnan", "\\operatorname{isnan}", a != a)

typedef enum ct_term_kind {
    CT_TERM_NUMBER,
    CT_TERM_TENSOR,    /* the value of `tensor` */
    CT_TERM_COTANGENT, /* df/d(tensor) */
    CT_TERM_ADD,
    CT_TERM_SUB,
    CT_TERM_MUL,
    CT_TERM_DIV,
    CT_TERM_NEG,
    CT_TERM_POW,
    CT_TERM_AT,        /* the matrix product */
    CT_TERM_TRANSPOSE, /* of the last two axes */
    CT_TERM_WHERE,     /* b where a else c */
    CT_TERM_EQ,
    CT_TERM_GT,
    CT_TERM_GE,
    CT_TERM_AND,
    CT_TERM_OR,
    CT_TERM_CALL, /* `name` of up to three operands, which cannot be evaluated here */
#define FUNCTION(word, ...) CT_TERM_##word,
    CT_TERM_FUNCTIONS
#undef FUNCTION
} ct_term_kind;

typedef struct ct_term {
    ct_term_kind kind;
    double number;
    const ct_tensor *tensor;
    const char *name;
    const struct ct_term *in[3]; /* NULL where there is none */
} ct_term;

/* Made simple: x * 1 is x, numbers are added up. NULL operands make NULL, which stands for "out of memory". */
const ct_term *ct_term_number(double value);
const ct_term *ct_term_tensor(const ct_tensor *t);
const ct_term *ct_term_cotangent(const ct_tensor *t);
const ct_term *ct_term_of(ct_term_kind kind, const ct_term *a, const ct_term *b, const ct_term *c);
const ct_term *ct_term_call(const char *name, int n, const ct_term *const *in); /* n <= 3 */
double ct_term_value(const ct_term *term); /* at the values of one-element tensors; NaN where it has none */
void ct_add_term(ct_text *out, const ct_names *names, const ct_tensor *f, const ct_term *term);

/* ---- rules.c ------------------------------------------------------------------------------------------------ */

/* The cotangent of z's operand k, g being z's, before a broadcast is summed; zero where there is no derivative. With
 * `here`, of scalars: conditions are decided by the operands' values. */
const ct_term *ct_rule_term(const ct_tensor *z, int k, const ct_term *g, bool here);
bool ct_rule_exists(
    int op); /* false: of ops that are registered while a program runs, and those without derivative */

/* ---- paths.c ------------------------------------------------------------------------------------------------ */

/* Which nodes lie between x and f, that is on a way along which a derivative flows. */
typedef struct ct_paths {
    const ct_graph *graph;
    ct_tensor *f, *x;
    bool recorded;  /* only where backward passes go, not through what was computed without gradient */
    bool *on;       /* [node]: lies on a path; x and f too when there is one */
    double *count;  /* [node]: paths from here to x; exact up to 2^53 */
    double *length; /* [node]: nodes on them before x, summed over the paths */
    bool scalar;    /* all nodes on paths have one element */
} ct_paths;

bool ct_paths_find(ct_paths *paths, const ct_graph *graph, ct_tensor *f, ct_tensor *x, bool recorded);
bool ct_leads(const ct_paths *paths, const ct_tensor *z, int k); /* whether z's operand k is on a path through z */
/* The same, but only for the first of operands that are one tensor: x * x uses x once. */
bool ct_is_step(const ct_paths *paths, const ct_tensor *z, int k);
/* The cotangent of operand k as a tensor like it; NULL where it is zero, or with an error raised. */
ct_tensor *ct_pull(const char *at, ct_tensor *z, ct_tensor *g, int k);
/* dz/d(operand k) of one-element tensors, as whichever operands it is; false with an error raised. */
bool ct_partial(const char *at, ct_tensor *z, int k, double *value);
/* df/d(node) of all nodes on paths, as tensors of the innermost scope, or as numbers; false with an error raised. */
bool ct_total_tensors(const char *at, const ct_paths *paths, ct_tensor **total);
bool ct_total_numbers(const char *at, const ct_paths *paths, double *total);

/* ---- rows.c ------------------------------------------------------------------------------------------------- */

/* The list of steps has two cells a row; the products of the chain rule follow in lines. */
typedef struct ct_derivation_layout {
    bool latex;                                                                 /* what formulas are written in */
    const char *begin, *row, *quote, *next_cell, *end_row, *between_rows, *end; /* of the list */
    const char *equals;                                                         /* in a cell */
    const char *gap;                                                            /* between the list and the chain */
    const char *begin_chain, *first_equals, *equals_below, *plus_below, *end_chain;
} ct_derivation_layout;

typedef struct ct_derivation {
    const char *at;
    const ct_derivation_layout *layout;
    ct_graph graph;
    ct_names names;
    ct_paths paths;
    ct_text rows; /* the list: cells ended by a tab, rows by a newline, neither of which a name can have */
    ct_text out;
} ct_derivation;

/* Adds the list to d->rows: for a chain with each step's derivative, otherwise with the totals, tensors or numbers,
 * by node. False with an error raised. */
bool ct_add_list(ct_derivation *d, bool chain, ct_tensor *const *tensors, const double *numbers);
/* dz/d(operand k) along one step: with round letters where x has other ways into z. */
void ct_add_step_name(ct_text *out, const ct_derivation *d, const ct_tensor *z, int k);

/* ---- derive.c ----------------------------------------------------------------------------------------------- */

/* Whether df/dx can be asked for; raises otherwise. */
bool ct_derivable(const char *op, const char *at, const ct_tensor *f, const ct_tensor *x);
/* A copy in the innermost scope; NULL with an error raised. */
const char *ct_keep_text(const char *op, const char *at, const ct_text *text);

#endif
