/* Formulas: from tokens to terms. Recursive descent, a function for each level of precedence. */
#include "inspect/formula/formula.h"

#include <math.h>
#include <string.h>

bool ct_enter(ct_parser *p) {
    if (++p->depth <= CT_FORMULA_DEPTH) return true;
    ct_formula_fail(p, p->token.span.column, NULL, "more than %d levels of nesting", CT_FORMULA_DEPTH);
    return false;
}

void ct_leave(ct_parser *p) { p->depth--; }

size_t ct_new_term(ct_parser *p, ct_term term) {
    ct_formula *f = p->f;
    if (p->failed) return CT_NO_TERM;
    if (!ct_grow((void **)&f->term, &f->term_capacity, f->n_terms + 1, sizeof *f->term)) return ct_formula_memory(p);
    term.next = CT_NO_TERM;
    f->term[f->n_terms] = term;
    return f->n_terms++;
}

size_t ct_new_operator(ct_parser *p, const char *name, ct_span span, size_t a, size_t b) {
    ct_formula *f = p->f;
    if (p->failed) return CT_NO_TERM;
    size_t n = b == CT_NO_TERM ? 1 : 2;
    if (!ct_grow((void **)&f->given, &f->given_capacity, f->n_given + 2, sizeof *f->given))
        return ct_formula_memory(p);
    ct_term call = {.kind = CT_TERM_CALL, .span = span, .first = f->n_given, .n = n};
    call.call = ct_find_call(name, strlen(name));
    for (int k = 0; k < (int)n; k++) {
        size_t next = k + 1 < (int)n ? f->n_given + 1 : CT_NO_TERM;
        f->given[f->n_given] = (ct_given){.parameter = k, .first = k ? b : a, .n = 1, .next = next};
        f->n_given++;
    }
    return ct_new_term(p, call);
}

/* ---- names -------------------------------------------------------------------------------------------------- */

static char *copy_word(ct_parser *p, ct_span span) {
    size_t length = span.end - span.start;
    char *copy = ct_alloc(length + 1);
    if (!copy) return ct_formula_memory(p), NULL;
    memcpy(copy, p->f->text + span.start, length);
    copy[length] = '\0';
    return copy;
}

static bool is_constant(const ct_formula *f, ct_span span, double *value) {
    static const struct {
        const char *name;
        double value;
    } constants[] = {{"pi", 3.141592653589793}, {"inf", INFINITY}, {"nan", NAN}};
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (ct_is_word(f, span, constants[i].name)) return *value = constants[i].value, true;
    return false;
}

/* The place in name[] of what is to be given, h or grad(h); CT_NO_TERM with an error. */
static size_t find_name(ct_parser *p, ct_span span, size_t column, bool gradient) {
    ct_formula *f = p->f;
    for (size_t i = 0; i < f->n_names; i++)
        if (f->name[i].gradient == gradient && ct_is_word(f, span, f->name[i].text)) return i;
    if (f->n_names == CT_FORMULA_NAMES)
        return ct_formula_fail(p, column, NULL, "more than %d names", CT_FORMULA_NAMES);
    if (!ct_grow((void **)&f->name, &f->name_capacity, f->n_names + 1, sizeof *f->name)) return ct_formula_memory(p);
    char *text = copy_word(p, span);
    if (!text) return CT_NO_TERM;
    f->name[f->n_names] = (ct_word){.text = text, .column = column, .gradient = gradient};
    return f->n_names++;
}

/* What an earlier statement has named, the latest first; or a name that is to be given. */
static size_t parse_name(ct_parser *p, ct_token name) {
    ct_formula *f = p->f;
    ct_term term = {.kind = CT_TERM_NAME, .span = name.span};
    if (name.kind == CT_TOKEN_NAME && is_constant(f, name.span, &term.number)) {
        term.kind = CT_TERM_NUMBER;
        return ct_new_term(p, term);
    }
    for (size_t i = f->n_statements; i-- > 0;) {
        if (!f->statement[i].name || !ct_is_word(f, name.span, f->statement[i].name)) continue;
        term.kind = CT_TERM_LOCAL;
        term.first = f->statement[i].term;
        return ct_new_term(p, term);
    }
    term.first = find_name(p, name.span, name.span.column, false);
    return ct_new_term(p, term);
}

/* "(h)" after grad: the gradient of h, which is to be given. */
static size_t parse_gradient(ct_parser *p, ct_token grad) {
    ct_term term = {.kind = CT_TERM_NAME, .span = grad.span};
    ct_lex(p);
    ct_token name = p->token;
    if (name.kind != CT_TOKEN_NAME && name.kind != CT_TOKEN_STRING) return ct_expected(p, "a name");
    ct_lex(p);
    term.span.end = p->token.span.end;
    if (!ct_take_symbol(p, ")")) return ct_expected(p, "')'");
    term.first = find_name(p, name.span, grad.span.column, true);
    return ct_new_term(p, term);
}

/* ---- rows: [1, 2] ------------------------------------------------------------------------------------------- */

size_t ct_parse_row(ct_parser *p, size_t *n) {
    size_t first = CT_NO_TERM, last = CT_NO_TERM;
    *n = 0;
    if (!ct_take_symbol(p, "[")) return ct_expected(p, "'['");
    while (!ct_at_symbol(p, "]")) {
        if (*n && !ct_take_symbol(p, ",")) return ct_expected(p, "',' or ']'");
        size_t item = ct_parse_expression(p);
        if (item == CT_NO_TERM) return CT_NO_TERM;
        if (last == CT_NO_TERM) first = item;
        else p->f->term[last].next = item;
        last = item;
        (*n)++;
    }
    if (*n > p->f->longest) p->f->longest = *n;
    return first;
}

/* The shape of a number or constant: integer[shape] axes, then their extents. */
static int64_t axes_of(const ct_formula *f, const ct_term *t) {
    return t->kind == CT_TERM_NUMBER ? 0 : f->integer[t->integers];
}

static bool same_shape(const ct_formula *f, const ct_term *a, const ct_term *b) {
    int64_t n = axes_of(f, a);
    if (n != axes_of(f, b)) return false;
    return n == 0 || !memcmp(&f->integer[a->integers], &f->integer[b->integers], (size_t)(n + 1) * sizeof(int64_t));
}

/* Whether the row's items are numbers or constants, of one shape; fails when of several. */
static bool is_literal(ct_parser *p, size_t first) {
    const ct_term *term = p->f->term;
    for (size_t i = first; i != CT_NO_TERM; i = term[i].next)
        if (term[i].kind != CT_TERM_NUMBER && term[i].kind != CT_TERM_CONSTANT) return false;
    for (size_t i = first; i != CT_NO_TERM; i = term[i].next) {
        if (same_shape(p->f, &term[i], &term[first])) continue;
        ct_formula_fail(p, term[i].span.column, NULL, "this row is not as long as the first one, or not as deep,");
        return false;
    }
    return true;
}

/* Makes one constant of a row of numbers or constants. These are the newest terms and literals, so the elements lie
 * in order already. */
static size_t fold(ct_parser *p, ct_span span, size_t first, size_t n) {
    ct_formula *f = p->f;
    size_t newest = first == CT_NO_TERM ? f->n_terms : first;
    int64_t axes = n ? axes_of(f, &f->term[newest]) : 0, extents[CT_MAX_DIMS];
    ct_term row = {.kind = CT_TERM_CONSTANT, .span = span, .first = f->n_literals, .n = n, .integers = f->n_integers};
    if (axes == CT_MAX_DIMS)
        return ct_formula_fail(p, span.column, NULL, "more than %d axes of a constant", CT_MAX_DIMS);
    if (axes) {
        memcpy(extents, &f->integer[f->term[newest].integers + 1], (size_t)axes * sizeof *extents);
        row.first = f->term[newest].first;
        row.integers = f->term[newest].integers;
    }
    if (!ct_grow((void **)&f->integer, &f->integer_capacity, row.integers + (size_t)axes + 2, sizeof *f->integer) ||
        !ct_grow((void **)&f->literal, &f->literal_capacity, f->n_literals + n, sizeof *f->literal))
        return ct_formula_memory(p);
    if (!axes)
        for (size_t i = 0; i < n; i++) f->literal[f->n_literals++] = f->term[newest + i].number;
    f->integer[row.integers] = axes + 1;
    f->integer[row.integers + 1] = (int64_t)n;
    if (axes) memcpy(&f->integer[row.integers + 2], extents, (size_t)axes * sizeof *extents);
    f->n_integers = row.integers + (size_t)axes + 2;
    f->n_terms = newest;
    return ct_new_term(p, row);
}

static size_t parse_list(ct_parser *p) {
    ct_span span = p->token.span;
    size_t n, first = ct_parse_row(p, &n);
    if (p->failed) return CT_NO_TERM;
    span.end = p->token.span.end;
    size_t row = is_literal(p, first)
                     ? fold(p, span, first, n)
                     : ct_new_term(p, (ct_term){.kind = CT_TERM_STACK, .span = span, .first = first, .n = n});
    ct_lex(p);
    return p->failed ? CT_NO_TERM : row;
}

/* ---- expressions -------------------------------------------------------------------------------------------- */

static size_t parse_atom(ct_parser *p) {
    ct_token t = p->token;
    if (t.kind == CT_TOKEN_NUMBER) {
        ct_lex(p);
        return ct_new_term(p, (ct_term){.kind = CT_TERM_NUMBER, .span = t.span, .number = t.number});
    }
    if (t.kind == CT_TOKEN_NAME || t.kind == CT_TOKEN_STRING) {
        ct_lex(p);
        if (t.kind == CT_TOKEN_STRING || !ct_at_symbol(p, "(")) return parse_name(p, t);
        return ct_is_word(p->f, t.span, "grad") ? parse_gradient(p, t) : ct_parse_call(p, t);
    }
    if (ct_at_symbol(p, "[")) return parse_list(p);
    if (!ct_take_symbol(p, "(")) return ct_expected(p, "a number, a name, '(' or '['");
    size_t inner = ct_parse_expression(p);
    if (!p->failed && !ct_take_symbol(p, ")")) return ct_expected(p, "an operator or ')'");
    return inner;
}

static size_t parse_postfix(ct_parser *p) {
    size_t a = parse_atom(p);
    while (!p->failed) {
        ct_span span = p->token.span;
        if (ct_at_symbol(p, "[")) {
            a = ct_parse_subscripts(p, a);
        } else if (ct_take_symbol(p, "'") || ct_take_symbol(p, ".T")) {
            a = ct_new_operator(p, "t", span, a, CT_NO_TERM);
        } else {
            return a;
        }
    }
    return CT_NO_TERM;
}

static size_t parse_unary(ct_parser *p);

/* The exponent may have a sign, and powers go from right to left. */
static size_t parse_power(ct_parser *p) {
    size_t a = parse_postfix(p);
    ct_span span = p->token.span;
    if (p->failed || (!ct_take_symbol(p, "^") && !ct_take_symbol(p, "**"))) return a;
    return ct_new_operator(p, "pow", span, a, parse_unary(p));
}

/* The minus of a number makes a negative number, that of anything else an operation. */
static size_t parse_unary(ct_parser *p) {
    ct_span span = p->token.span;
    bool minus = ct_at_symbol(p, "-");
    size_t a = CT_NO_TERM;
    if (!ct_enter(p)) return CT_NO_TERM;
    if (minus || ct_at_symbol(p, "+")) {
        ct_lex(p);
        a = parse_unary(p);
    } else {
        a = parse_power(p);
    }
    ct_leave(p);
    if (!minus || p->failed) return a;
    ct_term *t = &p->f->term[a];
    if (t->kind != CT_TERM_NUMBER) return ct_new_operator(p, "neg", span, a, CT_NO_TERM);
    t->number = -t->number;
    return a;
}

typedef struct level {
    const struct { const char *symbol, *op; } operators[7];
} level;

static const level products = {{{"*", "mul"}, {"/", "div"}, {"@", "matmul"}, {NULL, NULL}}};
static const level sums = {{{"+", "add"}, {"-", "sub"}, {NULL, NULL}}};
static const level comparisons = {
    {{"==", "eq"}, {"!=", "ne"}, {"<", "lt"}, {"<=", "le"}, {">", "gt"}, {">=", "ge"}, {NULL, NULL}}};

/* The op of the operator that comes next, if it belongs to this level; NULL otherwise. */
static const char *operator_of(const ct_parser *p, const level *l) {
    for (int i = 0; i < 7 && l->operators[i].symbol; i++)
        if (ct_at_symbol(p, l->operators[i].symbol)) return l->operators[i].op;
    return NULL;
}

/* Operands joined by the operators of one level, from left to right. */
static size_t parse_level(ct_parser *p, const level *l, size_t (*parse_operand)(ct_parser *)) {
    size_t a = parse_operand(p);
    for (const char *op; !p->failed && (op = operator_of(p, l)) != NULL;) {
        ct_span span = p->token.span;
        ct_lex(p);
        a = ct_new_operator(p, op, span, a, parse_operand(p));
        if (l == &comparisons && operator_of(p, l)) return ct_expected(p, "one comparison only");
    }
    return a;
}

static size_t parse_product(ct_parser *p) { return parse_level(p, &products, parse_unary); }
static size_t parse_sum(ct_parser *p) { return parse_level(p, &sums, parse_product); }

size_t ct_parse_expression(ct_parser *p) { return parse_level(p, &comparisons, parse_sum); }

/* ---- statements --------------------------------------------------------------------------------------------- */

/* "name =" before an expression. */
static bool parse_assignment(ct_parser *p, ct_statement *statement) {
    ct_token name = p->token, after = name;
    double value;
    if (name.kind != CT_TOKEN_NAME && name.kind != CT_TOKEN_STRING) return true;
    ct_lex(p);
    after = p->token;
    if (!ct_at_symbol(p, "=")) {
        p->token = name;
        return true;
    }
    if (name.kind == CT_TOKEN_NAME && is_constant(p->f, name.span, &value)) {
        char word[CT_WORD];
        ct_formula_fail(p, name.span.column, NULL, "%s is a constant: another name is expected",
                        ct_quote(p->f, name.span, word));
        return false;
    }
    p->token = after;
    ct_lex(p);
    statement->name = copy_word(p, name.span);
    statement->quoted = name.kind == CT_TOKEN_STRING;
    return statement->name != NULL;
}

static bool parse_statement(ct_parser *p) {
    ct_formula *f = p->f;
    if (f->n_statements == CT_FORMULA_NAMES)
        return ct_formula_fail(p, p->token.span.column, NULL, "more than %d statements", CT_FORMULA_NAMES), false;
    if (!ct_grow((void **)&f->statement, &f->statement_capacity, f->n_statements + 1, sizeof *f->statement))
        return ct_formula_memory(p), false;
    ct_statement *statement = &f->statement[f->n_statements];
    *statement = (ct_statement){0};
    bool ok = parse_assignment(p, statement);
    size_t term = ok ? ct_parse_expression(p) : CT_NO_TERM;
    statement->term = term;
    f->n_statements++;
    return !p->failed;
}

static bool parse_statements(ct_parser *p) {
    do {
        if (p->f->n_statements && p->token.kind == CT_TOKEN_END) break;
        if (!parse_statement(p)) return false;
    } while (ct_take_symbol(p, ";"));
    if (p->failed) return false;
    if (p->token.kind != CT_TOKEN_END) ct_expected(p, "an operator, ';' or the end");
    return !p->failed;
}

ct_formula *ct_formula_parse(const char *op, const char *at, const char *text) {
    if (!text || strlen(text) > CT_FORMULA_BYTES) {
        if (!text) ct_raise(CT_ERR_NULL, op, at, "the formula is NULL");
        else ct_raise(CT_ERR_LIMIT, op, at, "the formula has more than %zu bytes", CT_FORMULA_BYTES);
        return NULL;
    }
    ct_parser p = {.op = op, .at = at, .f = ct_alloc(sizeof *p.f), .token = {.after_column = 1}};
    if (!p.f) return ct_formula_memory(&p), NULL;
    *p.f = (ct_formula){.text = ct_strdup(text)};
    if (!p.f->text) ct_formula_memory(&p);
    if (!p.failed) ct_lex(&p);
    if (!p.failed && parse_statements(&p)) return p.f;
    ct_formula_free(p.f);
    return NULL;
}

void ct_formula_free(ct_formula *f) {
    if (!f) return;
    for (size_t i = 0; i < f->n_names; i++) ct_strfree(f->name[i].text);
    for (size_t i = 0; i < f->n_statements; i++) ct_strfree(f->statement[i].name);
    ct_dealloc(f->term, f->term_capacity * sizeof *f->term);
    ct_dealloc(f->given, f->given_capacity * sizeof *f->given);
    ct_dealloc(f->literal, f->literal_capacity * sizeof *f->literal);
    ct_dealloc(f->integer, f->integer_capacity * sizeof *f->integer);
    ct_dealloc(f->name, f->name_capacity * sizeof *f->name);
    ct_dealloc(f->statement, f->statement_capacity * sizeof *f->statement);
    ct_strfree(f->text);
    ct_dealloc(f, sizeof *f);
}

int ct_formula_names(const ct_formula *f) { return (int)f->n_names; }
const char *ct_formula_name(const ct_formula *f, int i) { return f->name[i].text; }
bool ct_formula_name_is_gradient(const ct_formula *f, int i) { return f->name[i].gradient; }
