/* Terms: the formula of a derivative as a tree, made simple while it is made, and written as text or LaTeX. */
#include "inspect/derive/derive.h"

#include <math.h>
#include <string.h>

/* ---- making ------------------------------------------------------------------------------------------------- */

static const ct_term *make(ct_term term) {
    ct_term *made = ct_scope_alloc(ct_this.depth, sizeof *made);
    if (made) *made = term;
    return made;
}

const ct_term *ct_term_number(double value) { return make((ct_term){.kind = CT_TERM_NUMBER, .number = value}); }

const ct_term *ct_term_tensor(const ct_tensor *t) {
    if (ct_is_number(t)) return ct_term_number(ct_read_element((ct_dtype)t->dtype, t->data, 0));
    return make((ct_term){.kind = CT_TERM_TENSOR, .tensor = t});
}

const ct_term *ct_term_cotangent(const ct_tensor *t) {
    return make((ct_term){.kind = CT_TERM_COTANGENT, .tensor = t});
}

const ct_term *ct_term_call(const char *name, int n, const ct_term *const *in) {
    ct_term term = {.kind = CT_TERM_CALL, .name = name};
    for (int i = 0; i < n; i++)
        if (!(term.in[i] = in[i])) return NULL;
    return make(term);
}

static bool is(const ct_term *term, double value) { return term->kind == CT_TERM_NUMBER && term->number == value; }
static bool is_negative(const ct_term *term) { return term->kind == CT_TERM_NUMBER && term->number < 0; }

static bool same(const ct_term *a, const ct_term *b) {
    if (!a || !b) return a == b;
    bool alike = a->kind == b->kind && a->tensor == b->tensor && a->name == b->name &&
                 !memcmp(&a->number, &b->number, sizeof a->number);
    for (int i = 0; alike && i < 3; i++) alike = same(a->in[i], b->in[i]);
    return alike;
}

static const ct_term *plain(ct_term_kind kind, const ct_term *a, const ct_term *b) {
    return make((ct_term){.kind = kind, .in = {a, b}});
}

static const ct_term *neg(const ct_term *a) {
    if (!a) return NULL;
    if (a->kind == CT_TERM_NUMBER) return ct_term_number(a->number == 0 ? 0 : -a->number);
    if (a->kind == CT_TERM_NEG) return a->in[0];
    if (a->kind == CT_TERM_SUB) return plain(CT_TERM_SUB, a->in[1], a->in[0]);
    return plain(CT_TERM_NEG, a, NULL);
}

/* of(kind, ...) with the operands that a simplification has made. */
static const ct_term *of(ct_term_kind kind, const ct_term *a, const ct_term *b) {
    return ct_term_of(kind, a, b, NULL);
}

static const ct_term *add(const ct_term *a, const ct_term *b) {
    if (is(a, 0)) return b;
    if (is(b, 0)) return a;
    if (b->kind == CT_TERM_NEG || is_negative(b)) return of(CT_TERM_SUB, a, neg(b));
    if (a->kind == CT_TERM_NEG) return of(CT_TERM_SUB, b, a->in[0]);
    return same(a, b) ? of(CT_TERM_MUL, ct_term_number(2), a) : plain(CT_TERM_ADD, a, b);
}

static const ct_term *sub(const ct_term *a, const ct_term *b) {
    if (is(a, 0)) return neg(b);
    if (is(b, 0)) return a;
    if (b->kind == CT_TERM_NEG || is_negative(b)) return of(CT_TERM_ADD, a, neg(b));
    return same(a, b) ? ct_term_number(0) : plain(CT_TERM_SUB, a, b);
}

static const ct_term *mul(const ct_term *a, const ct_term *b) {
    if (is(a, 0) || is(b, 0)) return ct_term_number(0);
    if (is(a, 1)) return b;
    if (is(b, 1)) return a;
    if (b->kind == CT_TERM_NUMBER) return mul(b, a);
    if (is(a, -1)) return neg(b);
    if (a->kind == CT_TERM_NEG) return neg(of(CT_TERM_MUL, a->in[0], b));
    if (b->kind == CT_TERM_NEG) return neg(of(CT_TERM_MUL, a, b->in[0]));
    if (b->kind == CT_TERM_DIV && is(b->in[0], 1)) return of(CT_TERM_DIV, a, b->in[1]);
    if (b->kind == CT_TERM_MUL && b->in[0]->kind == CT_TERM_NUMBER)
        return of(CT_TERM_MUL, of(CT_TERM_MUL, b->in[0], a), b->in[1]);
    return same(a, b) ? of(CT_TERM_POW, a, ct_term_number(2)) : plain(CT_TERM_MUL, a, b);
}

static const ct_term *divide(const ct_term *a, const ct_term *b) {
    if (is(a, 0) || is(b, 1)) return a;
    if (a->kind == CT_TERM_NEG) return neg(of(CT_TERM_DIV, a->in[0], b));
    return plain(CT_TERM_DIV, a, b);
}

static const ct_term *power(const ct_term *a, const ct_term *b) {
    return is(b, 0) ? ct_term_number(1) : is(b, 1) ? a : plain(CT_TERM_POW, a, b);
}

const ct_term *ct_term_of(ct_term_kind kind, const ct_term *a, const ct_term *b, const ct_term *c) {
    bool unary = kind == CT_TERM_NEG || kind == CT_TERM_TRANSPOSE || kind > CT_TERM_CALL;
    if (!a || (!b && !unary) || (!c && kind == CT_TERM_WHERE)) return NULL;
    bool numbers = a->kind == CT_TERM_NUMBER && b && b->kind == CT_TERM_NUMBER;
    if (numbers && kind >= CT_TERM_ADD && kind <= CT_TERM_MUL)
        return ct_term_number(kind == CT_TERM_ADD   ? a->number + b->number
                              : kind == CT_TERM_SUB ? a->number - b->number
                                                    : a->number * b->number);
    switch (kind) {
    case CT_TERM_ADD: return add(a, b);
    case CT_TERM_SUB: return sub(a, b);
    case CT_TERM_MUL: return mul(a, b);
    case CT_TERM_DIV: return divide(a, b);
    case CT_TERM_NEG: return neg(a);
    case CT_TERM_POW: return power(a, b);
    default: return make((ct_term){.kind = kind, .in = {a, b, c}});
    }
}

/* ---- evaluating --------------------------------------------------------------------------------------------- */

double ct_term_value(const ct_term *term) {
    double a = term->in[0] ? ct_term_value(term->in[0]) : NAN, b = term->in[1] ? ct_term_value(term->in[1]) : NAN;
    switch (term->kind) {
    case CT_TERM_NUMBER: return term->number;
    case CT_TERM_TENSOR: return ct_read_element((ct_dtype)term->tensor->dtype, term->tensor->data, 0);
    case CT_TERM_ADD: return a + b;
    case CT_TERM_SUB: return a - b;
    case CT_TERM_MUL: return a * b;
    case CT_TERM_DIV: return a / b;
    case CT_TERM_NEG: return -a;
    case CT_TERM_POW: return pow(a, b);
    case CT_TERM_WHERE: return a != 0 ? b : ct_term_value(term->in[2]);
    case CT_TERM_EQ: return a == b;
    case CT_TERM_GT: return a > b;
    case CT_TERM_GE: return a >= b;
    case CT_TERM_AND: return a != 0 && b != 0;
    case CT_TERM_OR: return a != 0 || b != 0;
#define FUNCTION(word, text, latex, value)                                                                           \
    case CT_TERM_##word: return value;
        CT_TERM_FUNCTIONS
#undef FUNCTION
    case CT_TERM_COTANGENT:
    case CT_TERM_AT:
    case CT_TERM_TRANSPOSE:
    case CT_TERM_CALL: break;
    }
    return NAN;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

/* How tightly a term holds together; an operand that is looser than its place needs brackets. */
typedef enum level { OR, AND, COMPARISON, SUM, PRODUCT, POWER, UNIT } level;

typedef struct writer {
    ct_text *out;
    const ct_names *names;
    const ct_tensor *f;
} writer;

static level level_of(const ct_term *term, bool latex) {
    switch (term->kind) {
    case CT_TERM_NUMBER: return term->number < 0 ? SUM : UNIT;
    case CT_TERM_ADD:
    case CT_TERM_SUB:
    case CT_TERM_NEG: return SUM;
    case CT_TERM_DIV: return latex ? POWER : PRODUCT;
    case CT_TERM_MUL:
    case CT_TERM_AT: return PRODUCT;
    case CT_TERM_COTANGENT:
    case CT_TERM_POW:
    case CT_TERM_TRANSPOSE: return POWER;
    case CT_TERM_EQ:
    case CT_TERM_GT:
    case CT_TERM_GE: return COMPARISON;
    case CT_TERM_AND: return AND;
    case CT_TERM_OR: return OR;
    default: return UNIT;
    }
}

static void write_term(const writer *w, const ct_term *term);

static void write_at(const writer *w, const ct_term *term, level least) {
    bool latex = w->names->latex, brackets = level_of(term, latex) < least;
    if (brackets) ct_text_add(w->out, latex ? "\\left(" : "(");
    write_term(w, term);
    if (brackets) ct_text_add(w->out, latex ? "\\right)" : ")");
}

static void write_binary(const writer *w, const ct_term *term, level left, const char *sign, level right) {
    write_at(w, term->in[0], left);
    ct_text_add(w->out, "%s", sign);
    write_at(w, term->in[1], right);
}

/* name(a, b, c), each name safe in both forms but for its underscores. */
static void write_call(const writer *w, const ct_term *term, const char *name) {
    bool latex = w->names->latex;
    ct_text_add(w->out, "%s%s", name, latex ? "\\left(" : "(");
    for (int i = 0; i < 3 && term->in[i]; i++) {
        if (i) ct_text_add(w->out, ", ");
        write_at(w, term->in[i], OR);
    }
    ct_text_add(w->out, latex ? "\\right)" : ")");
}

static void write_name(const writer *w, const ct_term *term) {
    ct_text name = {0};
    for (const char *p = term->name; *p; p++) ct_text_add(&name, *p == '_' && w->names->latex ? "\\%c" : "%c", *p);
    ct_text whole = {0};
    ct_text_add(&whole, w->names->latex ? "\\operatorname{%s}" : "%s", name.text ? name.text : "");
    if (name.failed || whole.failed) w->out->failed = true;
    else write_call(w, term, whole.text);
    ct_text_free(&name);
    ct_text_free(&whole);
}

static void write_where(const writer *w, const ct_term *term) {
    if (!w->names->latex) {
        write_call(w, term, "where");
        return;
    }
    ct_text_add(w->out, "\\begin{cases}");
    write_at(w, term->in[1], OR);
    ct_text_add(w->out, " & ");
    write_at(w, term->in[0], OR);
    ct_text_add(w->out, " \\\\ ");
    write_at(w, term->in[2], OR);
    ct_text_add(w->out, " & \\text{otherwise}\\end{cases}");
}

static void write_root(const writer *w, const ct_term *term) {
    ct_text_add(w->out, "\\sqrt{");
    write_at(w, term->in[0], OR);
    ct_text_add(w->out, "}");
}

/* Over a bar in LaTeX; exponents are in braces there. */
static void write_fraction(const writer *w, const ct_term *term) {
    ct_text_add(w->out, "\\frac{");
    write_binary(w, term, OR, "}{", OR);
    ct_text_add(w->out, "}");
}

static void write_power(const writer *w, const ct_term *term) {
    bool latex = w->names->latex;
    write_binary(w, term, UNIT, latex ? "^{" : "^", latex ? OR : UNIT);
    if (latex) ct_text_add(w->out, "}");
}

/* A number comes last: x < 0 for 0 > x. */
static void write_comparison(const writer *w, const ct_term *term, const char *sign, const char *reversed) {
    bool turn = term->in[0]->kind == CT_TERM_NUMBER;
    write_at(w, term->in[turn], SUM);
    ct_text_add(w->out, "%s", turn ? reversed : sign);
    write_at(w, term->in[!turn], SUM);
}

static void write_term(const writer *w, const ct_term *term) {
    bool latex = w->names->latex;
    switch (term->kind) {
    case CT_TERM_NUMBER: ct_add_number(w->out, term->number, latex); break;
    case CT_TERM_TENSOR: ct_add_name(w->out, w->names, term->tensor); break;
    case CT_TERM_COTANGENT: ct_add_derivative(w->out, w->names, w->f, term->tensor, false); break;
    case CT_TERM_ADD: write_binary(w, term, SUM, " + ", SUM); break;
    case CT_TERM_SUB: write_binary(w, term, SUM, " - ", PRODUCT); break;
    case CT_TERM_MUL: write_binary(w, term, PRODUCT, latex ? " \\cdot " : " * ", PRODUCT); break;
    case CT_TERM_DIV:
        if (latex) write_fraction(w, term);
        else write_binary(w, term, PRODUCT, " / ", POWER);
        break;
    case CT_TERM_NEG:
        ct_text_add(w->out, "-");
        write_at(w, term->in[0], PRODUCT);
        break;
    case CT_TERM_POW: write_power(w, term); break;
    case CT_TERM_AT: write_binary(w, term, POWER, latex ? " \\, " : " @ ", POWER); break;
    case CT_TERM_TRANSPOSE:
        write_at(w, term->in[0], UNIT);
        ct_text_add(w->out, latex ? "^{T}" : "^T");
        break;
    case CT_TERM_WHERE: write_where(w, term); break;
    case CT_TERM_EQ: write_binary(w, term, SUM, latex ? " = " : " == ", SUM); break;
    case CT_TERM_GT: write_comparison(w, term, " > ", " < "); break;
    case CT_TERM_GE: write_comparison(w, term, latex ? " \\ge " : " >= ", latex ? " \\le " : " <= "); break;
    case CT_TERM_AND: write_binary(w, term, AND, latex ? " \\land " : " and ", AND); break;
    case CT_TERM_OR: write_binary(w, term, OR, latex ? " \\lor " : " or ", OR); break;
    case CT_TERM_CALL: write_name(w, term); break;
    case CT_TERM_SQRT:
        if (latex) write_root(w, term);
        else write_call(w, term, "sqrt");
        break;
#define FUNCTION(word, text, tex, value) [CT_TERM_##word] = {text, tex},
    default: {
        static const char *const names[][2] = {CT_TERM_FUNCTIONS};
        write_call(w, term, names[term->kind][latex]);
    }
#undef FUNCTION
    }
}

void ct_add_term(ct_text *out, const ct_names *names, const ct_tensor *f, const ct_term *term) {
    if (term) write_term(&(writer){out, names, f}, term);
    else out->failed = true;
}
