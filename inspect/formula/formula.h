/* inspect/: a formula as it was read, and the reader's state; for the files of this folder. */
#ifndef COTANGENT_INSPECT_FORMULA_H
#define COTANGENT_INSPECT_FORMULA_H

#include "inspect/formula/calls.h"
#include "inspect/internal.h"

#define CT_FORMULA_BYTES ((size_t)256 << 10) /* of a text */
#define CT_FORMULA_NAMES 1000                /* to be given, and statements */
#define CT_FORMULA_DEPTH 100                 /* of parentheses, calls, rows, signs and powers in each other */
#define CT_FORMULA_MEMORY ((size_t)1 << 30)  /* bytes that an evaluation may take */

#define CT_NO_TERM SIZE_MAX

typedef struct ct_span {
    size_t start, end; /* bytes of the text; the end is behind the last */
    size_t column;     /* of the start, in characters from 1 */
} ct_span;

typedef enum ct_term_kind {
    CT_TERM_NUMBER,   /* `number` */
    CT_TERM_CONSTANT, /* literal[first] and on; integer[integers]: how many axes, and their extents */
    CT_TERM_NAME,     /* name[first] */
    CT_TERM_LOCAL,    /* term[first], which an earlier statement named */
    CT_TERM_STACK,    /* n terms from term[first] on, joined by `next` */
    CT_TERM_INDEX,    /* term[first] with n subscripts, CT_SUBSCRIPT_INTEGERS each */
    CT_TERM_CALL,     /* n arguments from given[first] on, joined by `next` */
} ct_term_kind;

#define CT_SUBSCRIPT_INTEGERS 4 /* kind, start, stop, step */

/* Terms lie in the order of evaluation, operands before what is made of them. */
typedef struct ct_term {
    ct_term_kind kind;
    bool written_as_call; /* else as an operator */
    ct_span span;         /* of a number, constant or name all of it, of a call the name or the operator */
    size_t first, n;
    size_t next; /* term of the same list; CT_NO_TERM at its end */
    union {
        double number;
        const ct_call *call;
        size_t integers; /* from integer[integers] on */
    };
} ct_term;

/* An argument as it is written. */
typedef struct ct_given {
    int parameter;
    bool by_name;
    ct_span span;
    size_t first, n; /* of a tensor the term, of several the first; of whole numbers integer[first] and on */
    size_t next;     /* argument of the same call; CT_NO_TERM at the end */
    double number;   /* of numbers, flags and choices */
} ct_given;

typedef struct ct_word {
    char *text;
    size_t column; /* where it appears first */
    bool gradient; /* written as grad(text) */
} ct_word;

typedef struct ct_statement {
    char *name;  /* NULL when there is none */
    bool quoted; /* which is written in quotes */
    size_t term;
} ct_statement;

struct ct_formula {
    char *text;
    ct_term *term;
    ct_given *given;
    double *literal;
    int64_t *integer;
    ct_word *name; /* to be given */
    ct_statement *statement;
    size_t n_terms, n_given, n_literals, n_integers, n_names, n_statements;
    size_t term_capacity, given_capacity, literal_capacity, integer_capacity, name_capacity, statement_capacity;
    size_t longest; /* list of terms */
};

/* ---- lex.c -------------------------------------------------------------------------------------------------- */

typedef enum ct_token_kind {
    CT_TOKEN_END,
    CT_TOKEN_NUMBER,
    CT_TOKEN_NAME,
    CT_TOKEN_STRING, /* the span is without the quotes */
    CT_TOKEN_SYMBOL,
} ct_token_kind;

typedef struct ct_token {
    ct_token_kind kind;
    ct_span span;
    size_t after, after_column; /* where the next one is looked for */
    double number;
} ct_token;

typedef struct ct_parser {
    const char *op, *at; /* whose errors these are */
    ct_formula *f;
    ct_token token; /* the next one, not yet taken */
    int depth;
    bool failed;
} ct_parser;

void ct_lex(ct_parser *p); /* takes the token: the next one comes */
bool ct_at_symbol(const ct_parser *p, const char *symbol);
bool ct_take_symbol(ct_parser *p, const char *symbol); /* takes it if it is there */

#define CT_HINT 128
/* Raises "MESSAGE in column N: HINT", without the hint when it is NULL, with the text and a caret below. Only the first
 * one counts. Returns CT_NO_TERM. */
size_t ct_formula_fail(ct_parser *p, size_t column, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "did you mean 'sin'?", or NULL of NULL: the hint of an unknown word. */
const char *ct_did_you_mean(const char *nearest, char hint[CT_HINT]);
/* "expected WHAT in column N: found 'x'". */
size_t ct_expected(ct_parser *p, const char *what);
size_t ct_formula_memory(ct_parser *p);                               /* raises that there is none left */
bool ct_is_word(const ct_formula *f, ct_span span, const char *word); /* whether the span's text is that */
#define CT_WORD 64
/* The span's text in quotes, cut to what fits. */
const char *ct_quote(const ct_formula *f, ct_span span, char buffer[CT_WORD]);

/* ---- parse.c, arguments.c ----------------------------------------------------------------------------------- */

size_t ct_parse_expression(ct_parser *p); /* a comparison or less; its term */
size_t ct_new_term(ct_parser *p, ct_term term);
/* A call of a row that is written as an operator; b is CT_NO_TERM for one operand. */
size_t ct_new_operator(ct_parser *p, const char *name, ct_span span, size_t a, size_t b);
/* "(a, b)" after the name of a function. */
size_t ct_parse_call(ct_parser *p, ct_token name);
/* "[0, 1:-1]" after an operand. */
size_t ct_parse_subscripts(ct_parser *p, size_t operand);
/* [a, b of expressions, the terms joined: the first of them, and how many. The ']' is not yet taken. */
size_t ct_parse_row(ct_parser *p, size_t *n);
bool ct_enter(ct_parser *p); /* one level deeper; false with an error beyond CT_FORMULA_DEPTH */
void ct_leave(ct_parser *p);

#endif
