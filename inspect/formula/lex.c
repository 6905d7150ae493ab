/* Formulas: from characters to tokens, and errors that point at one. */
#include "inspect/formula/formula.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 100 /* bytes of a text that an error shows */

/* ---- tokens ------------------------------------------------------------------------------------------------- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* A byte of UTF-8 within a character. */
static bool goes_on(char c) { return (c & 0xc0) == 0x80; }

/* Bytes of UTF-8 beyond ASCII count as letters: names may be Greek. */
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80); }

static bool is_hex(const char *s) {
    return s[0] == '0' && (s[1] == 'x' || s[1] == 'X') &&
           (isxdigit((unsigned char)s[2]) || (s[2] == '.' && isxdigit((unsigned char)s[3])));
}

/* The bytes of the number at s, as strtod() has it in the C locale; 0 when there is none. */
static size_t number_length(const char *s) {
    bool hex = is_hex(s);
    const char *c = hex ? s + 2 : s, *exponent;
    size_t digits = 0;
    for (bool point = false; (hex ? isxdigit((unsigned char)*c) : is_digit(*c)) || (*c == '.' && !point); c++) {
        if (*c == '.') {
            if (!strncmp(c, ".T", 2)) break; /* 2.T is a transpose */
            point = true;
        } else {
            digits++;
        }
    }
    if (!digits) return 0;
    if ((*c | 0x20) == (hex ? 'p' : 'e')) {
        exponent = c + 1 + (c[1] == '+' || c[1] == '-');
        if (is_digit(*exponent))
            for (c = exponent; is_digit(*c);) c++;
    }
    return (size_t)(c - s);
}

static bool read_number(ct_parser *p, const char *s, double *out) {
    ct_c_locale locale;
    if (!ct_c_locale_begin(p->op, p->at, &locale)) return false;
    *out = strtod(s, NULL);
    ct_c_locale_end(&locale);
    return true;
}

/* Letters, digits and _, and more of them after a point: but ".T" is a transpose. */
static size_t name_length(const char *s) {
    const char *c = s;
    for (;;) {
        while (is_letter(*c) || is_digit(*c)) c++;
        bool transpose = c[0] == '.' && c[1] == 'T' && !is_letter(c[2]) && !is_digit(c[2]) && c[2] != '.';
        if (c[0] != '.' || transpose || (!is_letter(c[1]) && !is_digit(c[1]))) return (size_t)(c - s);
        c++;
    }
}

static size_t symbol_length(const char *s) {
    static const char *const symbols[] = {"**", "==", "!=", "<=", ">=", ".T"};
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (!strncmp(s, symbols[i], 2)) return 2;
    return strchr("+-*/^@()[],;:='<>", *s) ? 1 : 0;
}

/* Columns count characters: a byte that goes on with one is none. */
static size_t columns(const char *s, size_t bytes) {
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) n += !goes_on(s[i]);
    return n;
}

static void lex_string(ct_parser *p, const char *s, ct_token *t) {
    const char *end = strchr(s + 1, '"');
    if (!end) {
        ct_formula_fail(p, t->span.column, NULL, "the '\"' is not closed");
        return;
    }
    t->kind = CT_TOKEN_STRING;
    t->span.start++;
    t->span.end = t->span.start + (size_t)(end - s) - 1;
    t->after = t->span.end + 1;
}

static void lex_at(ct_parser *p, const char *s, ct_token *t) {
    size_t n;
    if (*s == '\0') {
        t->kind = CT_TOKEN_END;
        n = 0;
    } else if ((n = number_length(s)) > 0) {
        t->kind = CT_TOKEN_NUMBER;
        p->failed |= !read_number(p, s, &t->number);
    } else if (is_letter(*s) && !goes_on(*s)) {
        t->kind = CT_TOKEN_NAME;
        n = name_length(s);
    } else if (*s == '"') {
        lex_string(p, s, t);
        return;
    } else if ((n = symbol_length(s)) > 0) {
        t->kind = CT_TOKEN_SYMBOL;
    } else {
        ct_formula_fail(p, t->span.column, NULL,
                        isprint((unsigned char)*s) ? "unexpected '%c'" : "unexpected byte %#x", (unsigned char)*s);
        t->kind = CT_TOKEN_END;
    }
    t->span.end = t->after = t->span.start + n;
}

void ct_lex(ct_parser *p) {
    const char *text = p->f->text;
    ct_token *t = &p->token;
    size_t start = t->after + strspn(text + t->after, " \t\r\n");
    size_t column = t->after_column + start - t->after;
    *t = (ct_token){.kind = CT_TOKEN_END, .span = {start, start, column}, .after = start};
    if (!p->failed) lex_at(p, text + start, t);
    t->after_column = column + columns(text + start, t->after - start);
}

bool ct_is_word(const ct_formula *f, ct_span span, const char *word) {
    return strlen(word) == span.end - span.start && !strncmp(f->text + span.start, word, span.end - span.start);
}

bool ct_at_symbol(const ct_parser *p, const char *symbol) {
    return p->token.kind == CT_TOKEN_SYMBOL && ct_is_word(p->f, p->token.span, symbol);
}

bool ct_take_symbol(ct_parser *p, const char *symbol) {
    if (!ct_at_symbol(p, symbol)) return false;
    ct_lex(p);
    return true;
}

/* ---- errors ------------------------------------------------------------------------------------------------- */

const char *ct_quote(const ct_formula *f, ct_span span, char buffer[CT_WORD]) {
    int length = (int)(span.end - span.start), most = CT_WORD - 6;
    while (length > most && goes_on(f->text[span.start + (size_t)most])) most--; /* not within a character */
    snprintf(buffer, CT_WORD, "'%.*s%s'", length > most ? most : length, f->text + span.start,
             length > most ? "..." : "");
    return buffer;
}

/* The text and a caret below the column, when it is one line that fits. */
static void point_at(const char *text, size_t column, char *out, size_t size) {
    *out = '\0';
    if (strlen(text) > SHOWN || strpbrk(text, "\n\r\t")) return;
    snprintf(out, size, "\n    %s\n    %*s", text, (int)column, "^");
}

size_t ct_formula_fail(ct_parser *p, size_t column, const char *hint, const char *format, ...) {
    char message[256], lines[2 * SHOWN + 32];
    if (p->failed) return CT_NO_TERM;
    p->failed = true;
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    point_at(p->f->text, column, lines, sizeof lines);
    ct_raise(CT_ERR_FORMULA, p->op, p->at, "%s in column %zu%s%s%s", message, column, hint ? ": " : "",
             hint ? hint : "", lines);
    return CT_NO_TERM;
}

const char *ct_did_you_mean(const char *nearest, char hint[CT_HINT]) {
    if (nearest) snprintf(hint, CT_HINT, "did you mean '%s'?", nearest);
    return nearest ? hint : NULL;
}

size_t ct_expected(ct_parser *p, const char *what) {
    char word[CT_WORD], hint[CT_HINT];
    bool factor = p->token.kind == CT_TOKEN_NUMBER || p->token.kind == CT_TOKEN_NAME || ct_at_symbol(p, "(");
    bool product = factor && strstr(what, "an operator"); /* "2x", "sin x" */
    if (p->token.kind == CT_TOKEN_END) {
        snprintf(hint, sizeof hint, "the formula ends");
    } else {
        snprintf(hint, sizeof hint, "found %s%s", ct_quote(p->f, p->token.span, word),
                 product ? "; products are written a*b, calls f(a)" : "");
    }
    return ct_formula_fail(p, p->token.span.column, hint, "expected %s", what);
}

size_t ct_formula_memory(ct_parser *p) {
    if (!p->failed) ct_raise(CT_ERR_MEMORY, p->op, p->at, "out of memory");
    p->failed = true;
    return CT_NO_TERM;
}
