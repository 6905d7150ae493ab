/* Formulas: the arguments of a call, each read as its parameter's kind wants. */
#include "inspect/formula/formula.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* "clamp(x, low, high)"; what may be left out has a "=" behind it. */
static const char *signature(const ct_call *call, char *buffer, size_t size) {
    size_t n = (size_t)snprintf(buffer, size, "%s(", call->name);
    for (int i = 0; i < call->n && n < size; i++)
        n += (size_t)snprintf(buffer + n, size - n, "%s%s%s", i ? ", " : "", call->parameter[i].name,
                              call->parameter[i].required ? "" : "=");
    if (n < size) snprintf(buffer + n, size - n, ")");
    return buffer;
}

/* Raises that the word is none of those known; the nearest of them, or NULL, is the hint. */
static bool unknown(ct_parser *p, const char *what, ct_span span, const char *nearest) {
    char word[CT_WORD], hint[CT_HINT];
    ct_formula_fail(p, span.column, ct_did_you_mean(nearest, hint), "unknown %s %s", what,
                    ct_quote(p->f, span, word));
    return false;
}

/* The span's text, cut to what fits, for ct_nearest(). */
static const char *word_of(const ct_parser *p, ct_span span, char buffer[CT_WORD]) {
    snprintf(buffer, CT_WORD, "%.*s", (int)(span.end - span.start), p->f->text + span.start);
    return buffer;
}

/* ---- values ------------------------------------------------------------------------------------------------- */

/* The number that comes, whose last token is not yet taken: so that what is wrong with it is told first. */
static bool read_number(ct_parser *p, const char *what, double *out) {
    bool minus = ct_take_symbol(p, "-");
    if (p->token.kind == CT_TOKEN_NAME && ct_is_word(p->f, p->token.span, "inf")) {
        *out = INFINITY;
    } else if (p->token.kind == CT_TOKEN_NUMBER) {
        *out = p->token.number;
    } else {
        return ct_expected(p, what), false;
    }
    if (minus) *out = -*out;
    return true;
}

static bool parse_number(ct_parser *p, const char *what, double *out) {
    if (!read_number(p, what, out)) return false;
    ct_lex(p);
    return !p->failed;
}

#define EXACT 9007199254740992.0 /* 2^53: beyond, not every whole number is a double */

static bool parse_integer(ct_parser *p, const char *what, bool fits_int, double *out) {
    size_t column = p->token.span.column;
    double most = fits_int ? INT_MAX : EXACT;
    if (!read_number(p, what, out)) return false;
    if (!(trunc(*out) == *out && fabs(*out) <= most))
        ct_formula_fail(p, column, NULL, "expected a whole number of at most %.0f", most);
    ct_lex(p);
    return !p->failed;
}

static bool push_integer(ct_parser *p, int64_t value) {
    ct_formula *f = p->f;
    if (!ct_grow((void **)&f->integer, &f->integer_capacity, f->n_integers + 1, sizeof *f->integer))
        return ct_formula_memory(p), false;
    f->integer[f->n_integers++] = value;
    return true;
}

static bool add_integer(ct_parser *p, const char *what, bool fits_int, ct_given *given) {
    double value;
    given->n++;
    return parse_integer(p, what, fits_int, &value) && push_integer(p, (int64_t)value);
}

/* 1 or [1, 2]: at most `most` whole numbers. */
static bool parse_integers(ct_parser *p, const char *what, bool fit_int, size_t most, ct_given *given) {
    given->first = p->f->n_integers;
    if (!ct_at_symbol(p, "[")) return add_integer(p, what, fit_int, given);
    ct_lex(p);
    while (!ct_at_symbol(p, "]")) {
        if (given->n && !ct_take_symbol(p, ",")) return ct_expected(p, "',' or ']'"), false;
        if (given->n == most) return ct_expected(p, "']', there being enough numbers,"), false;
        if (!add_integer(p, what, fit_int, given)) return false;
    }
    ct_lex(p);
    return true;
}

/* "one of mean, sum, none" */
static const char *list_words(const char *const *words, char *buffer, size_t size) {
    size_t n = (size_t)snprintf(buffer, size, "one of");
    for (int i = 0; words[i] && n < size; i++)
        n += (size_t)snprintf(buffer + n, size - n, "%s %s", i ? "," : "", words[i]);
    return buffer;
}

/* One of several words; its number. */
static bool parse_choice(ct_parser *p, const char *const *words, double *out) {
    char word[CT_WORD], list[128];
    int n = 0;
    if (p->token.kind != CT_TOKEN_NAME) return ct_expected(p, list_words(words, list, sizeof list)), false;
    for (; words[n]; n++) {
        if (!ct_is_word(p->f, p->token.span, words[n])) continue;
        *out = n;
        ct_lex(p);
        return true;
    }
    const char *nearest = ct_nearest(word_of(p, p->token.span, word), n, words);
    return nearest ? unknown(p, "choice", p->token.span, nearest)
                   : (ct_expected(p, list_words(words, list, sizeof list)), false);
}

static bool parse_value(ct_parser *p, const ct_parameter *parameter, ct_given *given) {
    static const char *const flags[] = {"false", "true", NULL};
    char number[CT_WORD], whole[CT_WORD];
    snprintf(number, sizeof number, "a number for '%s'", parameter->name);
    snprintf(whole, sizeof whole, "a whole number for '%s'", parameter->name);
    switch (parameter->kind) {
    case CT_PARAMETER_TENSOR: given->n = 1; return (given->first = ct_parse_expression(p)) != CT_NO_TERM;
    case CT_PARAMETER_TENSORS:
        given->first = ct_parse_row(p, &given->n);
        ct_lex(p);
        return !p->failed;
    case CT_PARAMETER_NUMBER: return parse_number(p, number, &given->number);
    case CT_PARAMETER_INT: return parse_integer(p, whole, true, &given->number);
    case CT_PARAMETER_INT64: return parse_integer(p, whole, false, &given->number);
    case CT_PARAMETER_FLAG: return parse_choice(p, flags, &given->number);
    case CT_PARAMETER_AXES: return parse_integers(p, whole, true, CT_MAX_DIMS, given);
    case CT_PARAMETER_SHAPE: return parse_integers(p, whole, false, CT_MAX_DIMS, given);
    case CT_PARAMETER_SIZES: return parse_integers(p, whole, false, SIZE_MAX, given);
    case CT_PARAMETER_PAIR: return parse_integers(p, whole, false, 2, given);
    case CT_PARAMETER_TRIPLE: return parse_integers(p, whole, false, 3, given);
    case CT_PARAMETER_CHOICE: return parse_choice(p, parameter->words, &given->number);
    case CT_PARAMETER_STRING: break;
    }
    if (p->token.kind != CT_TOKEN_STRING) return ct_expected(p, "a text in \"quotes\""), false;
    given->span = p->token.span;
    ct_lex(p);
    return !p->failed;
}

/* ---- calls -------------------------------------------------------------------------------------------------- */

/* The number of the parameter that "name =" names; -1 with an error. */
static int find_parameter(ct_parser *p, const ct_call *call, ct_span span) {
    const char *names[CT_MAX_PARAMETERS];
    char word[CT_WORD], what[CT_WORD];
    for (int i = 0; i < call->n; i++) {
        names[i] = call->parameter[i].name;
        if (ct_is_word(p->f, span, names[i])) return i;
    }
    snprintf(what, sizeof what, "argument of %s()", call->name);
    unknown(p, what, span, ct_nearest_known(word_of(p, span, word), call->n, names));
    return -1;
}

/* Takes "name =" if it is there and finds its parameter, or that of the place, which sets its bit in *seen; -1 with
 * an error. */
static int parse_parameter(ct_parser *p, const ct_call *call, int place, unsigned *seen, bool *by_name) {
    ct_token name = p->token;
    char text[256];
    int which = place;
    if (name.kind == CT_TOKEN_NAME) ct_lex(p);
    *by_name = name.kind == CT_TOKEN_NAME && ct_at_symbol(p, "=");
    if (*by_name) which = find_parameter(p, call, name.span);
    else if (!p->failed) p->token = name;
    if (which > call->n) ct_formula_fail(p, name.span.column, NULL, "expected NAME= as of the argument before");
    if (which == call->n)
        ct_formula_fail(p, name.span.column, signature(call, text, sizeof text), "expected ')', no more arguments,");
    if (p->failed) return -1;
    if (*seen & 1u << which) ct_formula_fail(p, name.span.column, NULL, "a second '%s'", call->parameter[which].name);
    *seen |= 1u << which;
    if (*by_name) ct_lex(p);
    return p->failed ? -1 : which;
}

/* One argument; *given in the pool. */
static size_t parse_argument(ct_parser *p, const ct_call *call, int place, unsigned *seen) {
    ct_formula *f = p->f;
    ct_given given = {.next = CT_NO_TERM};
    given.parameter = parse_parameter(p, call, place, seen, &given.by_name);
    if (given.parameter < 0) return CT_NO_TERM;
    const ct_parameter *parameter = &call->parameter[given.parameter];
    given.span = p->token.span;
    if (!parse_value(p, parameter, &given)) return CT_NO_TERM;
    if (parameter->kind != CT_PARAMETER_STRING) {
        given.span.end = p->token.span.start;
        while (strchr(" \t\r\n", f->text[given.span.end - 1])) given.span.end--;
    }
    if (!ct_grow((void **)&f->given, &f->given_capacity, f->n_given + 1, sizeof *f->given))
        return ct_formula_memory(p);
    f->given[f->n_given] = given;
    return f->n_given++;
}

/* Fails when a parameter without a preset is not among those seen. */
static bool is_complete(ct_parser *p, const ct_call *call, ct_span name, unsigned seen) {
    char text[256];
    for (int i = 0; i < call->n; i++) {
        if (seen & 1u << i || !call->parameter[i].required) continue;
        ct_formula_fail(p, name.column, signature(call, text, sizeof text), "%s() lacks '%s'", call->name,
                        call->parameter[i].name);
        return false;
    }
    return true;
}

size_t ct_parse_call(ct_parser *p, ct_token name) {
    char word[CT_WORD];
    ct_span span = name.span;
    ct_term term = {.kind = CT_TERM_CALL, .written_as_call = true, .span = span, .first = CT_NO_TERM};
    const ct_call *call = ct_find_call(p->f->text + span.start, span.end - span.start);
    size_t last = CT_NO_TERM;
    unsigned seen = 0;
    if (!call) return unknown(p, "function", span, ct_nearest_call(word_of(p, span, word))), CT_NO_TERM;
    ct_lex(p);
    for (int place = 0; !p->failed && !ct_at_symbol(p, ")"); term.n++) {
        if (term.n && !ct_take_symbol(p, ",")) return ct_expected(p, "an operator, ',' or ')'");
        size_t i = parse_argument(p, call, place, &seen);
        if (i == CT_NO_TERM) return CT_NO_TERM;
        if (last == CT_NO_TERM) term.first = i;
        else p->f->given[last].next = i;
        last = i;
        place = p->f->given[i].by_name ? call->n + 1 : place + 1;
    }
    if (p->failed || !is_complete(p, call, span, seen)) return CT_NO_TERM;
    ct_lex(p);
    term.call = call;
    return ct_new_term(p, term);
}

/* ---- subscripts: x[0, 1:-1] --------------------------------------------------------------------------------- */

/* An optional whole number before ":", "," or "]". */
static bool parse_bound(ct_parser *p, double *out) {
    bool absent = ct_at_symbol(p, ":") || ct_at_symbol(p, ",") || ct_at_symbol(p, "]");
    return absent || parse_integer(p, "a whole number or ':'", false, out);
}

/* "1" or "1:8:2", pushed as CT_SUBSCRIPT_INTEGERS: the kind, start, stop and step. */
static bool parse_subscript(ct_parser *p) {
    double start = 0, stop = INFINITY, step = 1;
    if (!ct_at_symbol(p, ":") && !parse_integer(p, "a whole number or ':'", false, &start)) return false;
    bool slice = ct_take_symbol(p, ":");
    if (slice && !parse_bound(p, &stop)) return false;
    if (slice && ct_take_symbol(p, ":") && !parse_bound(p, &step)) return false;
    return push_integer(p, slice ? CT_SUBSCRIPT_SLICE : CT_SUBSCRIPT_AT) && push_integer(p, (int64_t)start) &&
           push_integer(p, isinf(stop) ? CT_END : (int64_t)stop) && push_integer(p, (int64_t)step);
}

size_t ct_parse_subscripts(ct_parser *p, size_t operand) {
    ct_term term = {.kind = CT_TERM_INDEX, .span = p->token.span, .first = operand};
    ct_lex(p);
    term.integers = p->f->n_integers;
    do {
        if (term.n == CT_MAX_DIMS) return ct_expected(p, "']', there being enough subscripts,");
        if (!parse_subscript(p)) return CT_NO_TERM;
        term.n++;
    } while (ct_take_symbol(p, ","));
    term.span.end = p->token.span.end;
    if (!ct_take_symbol(p, "]")) return ct_expected(p, "':', ',' or ']'");
    return ct_new_term(p, term);
}
