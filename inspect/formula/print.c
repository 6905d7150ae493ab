/* Formulas: from terms to text. */
#include "inspect/formula/formula.h"

#include <math.h>
#include <string.h>

/* How tightly an operator binds; the operands of a call or in brackets stand for themselves. */
enum { COMPARISON = 1, SUM, PRODUCT, SIGN, POWER, POSTFIX, ATOM };

static const struct {
    const char *op, *symbol;
    int level;
} operators[] = {
    {"eq", " == ", COMPARISON}, {"ne", " != ", COMPARISON}, {"lt", " < ", COMPARISON},  {"le", " <= ", COMPARISON},
    {"gt", " > ", COMPARISON},  {"ge", " >= ", COMPARISON}, {"add", " + ", SUM},        {"sub", " - ", SUM},
    {"mul", "*", PRODUCT},      {"div", "/", PRODUCT},      {"matmul", " @ ", PRODUCT}, {"neg", "-", SIGN},
    {"pow", "^", POWER},        {"t", ".T", POSTFIX},
};

/* Work to be done, the last first: text, or a term in parentheses if it binds less tightly than `level`. */
typedef struct piece {
    const char *text;
    size_t length;
    size_t term; /* when text is NULL */
    int level;
} piece;

typedef struct printer {
    const ct_formula *f;
    ct_text *out;
    piece *piece;
    size_t n, capacity;
} printer;

static void push(printer *p, piece what) {
    if (!ct_grow((void **)&p->piece, &p->capacity, p->n + 1, sizeof *p->piece)) p->out->failed = true;
    else p->piece[p->n++] = what;
}

static void push_text(printer *p, const char *text) { push(p, (piece){.text = text, .length = strlen(text)}); }
static void push_span(printer *p, ct_span s) {
    push(p, (piece){.text = p->f->text + s.start, .length = s.end - s.start});
}
static void push_term(printer *p, size_t term, int level) { push(p, (piece){.term = term, .level = level}); }

/* Turns the pieces from `bottom` on round: they were pushed in the order of reading. */
static void turn(printer *p, size_t bottom) {
    for (size_t i = bottom, j = p->n; i + 1 < j; i++) {
        piece first = p->piece[i];
        p->piece[i] = p->piece[--j];
        p->piece[j] = first;
    }
}

/* Terms or, of a call, arguments with commas between them. */
static void push_terms(printer *p, size_t first) {
    for (size_t i = first; i != CT_NO_TERM; i = p->f->term[i].next) {
        if (i != first) push_text(p, ", ");
        push_term(p, i, COMPARISON);
    }
}

static void push_call(printer *p, const ct_term *t) {
    push_text(p, t->call->name);
    push_text(p, "(");
    for (size_t i = t->first; i != CT_NO_TERM; i = p->f->given[i].next) {
        const ct_given *given = &p->f->given[i];
        const ct_parameter *parameter = &t->call->parameter[given->parameter];
        bool string = parameter->kind == CT_PARAMETER_STRING, list = parameter->kind == CT_PARAMETER_TENSORS;
        if (i != t->first) push_text(p, ", ");
        if (given->by_name) push_text(p, parameter->name), push_text(p, "=");
        if (parameter->kind == CT_PARAMETER_TENSOR) {
            push_term(p, given->first, COMPARISON);
        } else if (list) {
            push_text(p, "[");
            push_terms(p, given->n ? given->first : CT_NO_TERM);
            push_text(p, "]");
        } else {
            if (string) push_text(p, "\"");
            push_span(p, given->span);
            if (string) push_text(p, "\"");
        }
    }
    push_text(p, ")");
}

/* Powers go from right to left and their exponents may have signs; all others go from left to right. */
static void push_operator(printer *p, const ct_term *t, int outer) {
    size_t k = 0;
    while (strcmp(operators[k].op, t->call->name) != 0) k++;
    int level = operators[k].level;
    size_t a = p->f->given[t->first].first;
    if (level < outer) push_text(p, "(");
    if (level == SIGN) push_text(p, operators[k].symbol);
    push_term(p, a, level == POWER ? POSTFIX : level == COMPARISON ? SUM : level);
    if (level != SIGN) push_text(p, operators[k].symbol);
    if (t->n == 2) push_term(p, p->f->given[p->f->given[t->first].next].first, level == POWER ? SIGN : level + 1);
    if (level < outer) push_text(p, ")");
}

static void push_parts(printer *p, const ct_term *t, int outer) {
    bool negative = t->kind == CT_TERM_NUMBER && signbit(t->number) && !isnan(t->number);
    bool quoted = t->span.start > 0 && p->f->text[t->span.start - 1] == '"';
    switch (t->kind) {
    case CT_TERM_NUMBER:
        if (negative && outer > SIGN) push_text(p, "(");
        if (negative) push_text(p, "-");
        push_span(p, t->span);
        if (negative && outer > SIGN) push_text(p, ")");
        return;
    case CT_TERM_NAME:
    case CT_TERM_LOCAL:
        if (quoted) push_text(p, "\"");
        push_span(p, t->span);
        if (quoted) push_text(p, "\"");
        return;
    case CT_TERM_CONSTANT: push_span(p, t->span); return;
    case CT_TERM_STACK:
        push_text(p, "[");
        push_terms(p, t->first);
        push_text(p, "]");
        return;
    case CT_TERM_INDEX:
        push_term(p, t->first, POSTFIX);
        push_span(p, t->span);
        return;
    case CT_TERM_CALL: break;
    }
    if (t->written_as_call) push_call(p, t);
    else push_operator(p, t, outer);
}

static void print_term(printer *p, size_t term) {
    push_term(p, term, COMPARISON);
    while (p->n && !p->out->failed) {
        piece next = p->piece[--p->n];
        if (next.text) {
            ct_text_add(p->out, "%.*s", (int)next.length, next.text);
            continue;
        }
        size_t bottom = p->n;
        push_parts(p, &p->f->term[next.term], next.level);
        turn(p, bottom);
    }
}

void ct_formula_print(ct_text *out, const ct_formula *f) {
    printer p = {.f = f, .out = out};
    for (size_t i = 0; i < f->n_statements; i++) {
        const char *name = f->statement[i].name;
        if (i) ct_text_add(out, "; ");
        if (name) ct_text_add(out, f->statement[i].quoted ? "\"%s\" = " : "%s = ", name);
        print_term(&p, f->statement[i].term);
    }
    ct_dealloc(p.piece, p.capacity * sizeof *p.piece);
}
