/* Formulas that went through a mutator: nothing crashes, hangs or takes much memory; errors point into the text. */
#include "inspect/internal.h"

#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define QUICK 20000 /* formulas; CT_MUTATIONS in the environment asks for more */
#define LONGEST 400 /* bytes of one */
#define MEMORY ((size_t)1 << 20)

static const char *const seeds[] = {
    "p=x1*w1; q=x2*w2; r=x1*w2; s=x2*w1; a=p+q; b=r+s; a*b",
    "-x1^2 + 2^-w1 - (x1 + w1)*-3",
    "sum(W, axis=0, keep=true) @ [[1, 2], [3, 4], [5, 6.5]]",
    "softmax(W @ V, axis=-1)",
    "mean((W @ [1, -1, 0.5] - [0, 1])^2)",
    "mse_loss(W, V.T, reduction=sum)/6",
    "log_softmax(relu(W)' @ W, 0)",
    "clamp(W, low=2, high=4) + clamp(x1, -inf, 1e3)",
    "[[x1, w1], [x2*2, sin(w2)]] @ [0x1.8p1, 1e-3]",
    "(x1 > 0)*x1 + (w1 <= 0)*w1 == 3",
    "einsum(\"ij,jk->ik\", [W, V])",
    "concat([W, W + 1], axis=0)[0]",
    "where(W > 2, W, 0*W)",
    "reshape(W, [3, 2]).T - V'",
    "conv2d([[[[1,2,3],[4,5,6],[7,8,9]]]], [[[[1,0],[0,1]]]], stride=1, padding=[1, 0])",
    "max_pool2d([[W]], kernel=[2, 3], stride=1)",
    "diff(cumsum(W, axis=1), n=2, axis=-1)",
    "svd(W, part=s) + split(W, 1, axis=0, part=-1)",
    "cross_entropy(W, cast([1, 2], i64))",
    "layer_norm(W, shape=3, eps=1e-5)",
    "tile(W, [2, 2]) - repeat_interleave(tile(W, [1, 2]), 2, axis=0)",
    "\"0.weight\" + λ*layer.bias",
    "grad(x1)*w1 + grad(W)",
    "pad(W, [1, 1, 2, 2], value=pi)",
    "dropout(W, p=0.5) + kron(W, V)",
    "std(W, axis=[0, 1], correction=0)",
    "topk(W, 2, axis=1, largest=false)",
    "roll(flip(W, axis=0), 1, axis=1)",
    "W[:, 1:-1]*V[::2, 0] + W[0, 1]",
};
#define SEEDS ((int)(sizeof seeds / sizeof *seeds))

/* ---- the mutator -------------------------------------------------------------------------------------------- */

static uint64_t state;

/* Deterministic, uniform enough below a small n (Knuth's linear congruential generator, its upper half). */
static int below(int n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int)((state >> 33) % (uint64_t)n);
}

static void insert(char *text, int place, const char *what) {
    size_t length = strlen(text), more = strlen(what);
    if (length + more >= LONGEST) return;
    memmove(text + place + more, text + place, length - (size_t)place + 1);
    memcpy(text + place, what, more);
}

static void mutate(char *text) {
    static const char *const pieces[] = {
        "(",    ")",   "[",     "]",  ",",  ";",  "=",   "==", "'",    ".T",   "^",      "**",
        "-",    "@",   "<",     "\"", "$",  "\n", "λ",   "x1", "W",    "V",    "1e999",  "1e9",
        "0x",   ".",   "2",     "-1", "0",  "pi", "nan", "99", "sum",  "exp",  "axis=1", "9007199254740992",
        "true", "inf", "grad(", "[[", "]]", "+",  "*",   "/",  "\xff", "inv(", "[]",     "1000"};
    int length = (int)strlen(text), place = below(length + 1), n = 1 + below(6);
    char piece[32] = "";
    switch (below(6)) {
    case 0:
        if (place + n <= length) memmove(text + place, text + place + n, (size_t)(length - place - n) + 1);
        return;
    case 1:
        if (place < length) text[place] = (char)(below(8) ? 32 + below(95) : 1 + below(255));
        return;
    case 2:
        snprintf(piece, sizeof piece, "%.*s", n, text + place);
        insert(text, below(length + 1), piece);
        return;
    case 3: /* a part of another one */
        snprintf(piece, sizeof piece, "%.31s", seeds[below(SEEDS)]);
        insert(text, place, piece);
        return;
    case 4:
        if (below(4) == 0) text[place] = '\0';
        return;
    default: insert(text, place, pieces[below((int)(sizeof pieces / sizeof *pieces))]);
    }
}

/* ---- what must hold ------------------------------------------------------------------------------------------ */

static size_t characters(const char *text, size_t bytes) {
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) n += (text[i] & 0xc0) != 0x80;
    return n;
}

/* The column of the error on record; 0 when it names none. */
static size_t error_column(void) {
    const char *in = strstr(ct_error(), " in column ");
    return in ? strtoul(in + strlen(" in column "), NULL, 10) : 0;
}

/* Where a word begins that the text ends with, blanks apart. */
static size_t last_word(const char *text) {
    size_t start = strlen(text);
    while (start && strchr(" \t\r\n", text[start - 1])) start--;
    while (start &&
           (strchr("._", text[start - 1]) || isalnum((unsigned char)text[start - 1]) || text[start - 1] & 0x80))
        start--;
    return characters(text, start) + 1;
}

/* Whatever is before the column of an error is right so far: read alone it is a formula, or one that ends too early
 * or within a word. */
static void check_column(const char *text) {
    char prefix[LONGEST], error[256];
    size_t column = error_column(), bytes = 0;
    snprintf(error, sizeof error, "%s", ct_error());
    ck_assert_msg(column >= 1 && column <= characters(text, strlen(text)) + 1, "'%s': %s", text, error);
    while (text[bytes] && characters(text, bytes + 1) < column) bytes++;
    snprintf(prefix, sizeof prefix, "%.*s", (int)bytes, text);
    ct_error_clear();
    ct_formula *f = ct_formula_parse("test", NULL, prefix);
    ck_assert_msg(f || error_column() == column || error_column() == last_word(prefix), "'%s': %s\n'%s': %s", text,
                  error, prefix, ct_error());
    ct_formula_free(f);
}

/* An unknown name is what stands at the error's column. */
static void check_name(const char *text) {
    const char *name = strstr(ct_error(), "unknown name '");
    size_t column = error_column(), bytes = 0;
    ck_assert_msg(column > 0, "'%s': %s", text, ct_error());
    while (text[bytes] && characters(text, bytes + 1) < column) bytes++;
    if (text[bytes] == '"') bytes++;
    if (name && name[14] != '\'') ck_assert_msg(!strncmp(text + bytes, name + 14, 1), "'%s': %s", text, ct_error());
}

static void evaluate(const char *text, ct_list names) {
    ct_formula *f = ct_formula_parse("test", NULL, text);
    if (!f) {
        ck_assert_int_eq(ct_error_status(), CT_ERR_FORMULA);
        check_column(text);
        return;
    }
    ct_text printed = {0};
    ct_formula_print(&printed, f);
    ct_formula *again = ct_formula_parse("test", NULL, printed.text);
    ck_assert_msg(again != NULL, "'%s' was printed as '%s': %s", text, printed.text, ct_error());
    ct_formula_free(again);
    ct_text_free(&printed);
    int n = ct_formula_names(f);
    ct_tensor *values[LONGEST];
    if (!ct_formula_bind("test", NULL, f, names, values)) {
        ck_assert_int_eq(ct_error_status(), CT_ERR_FORMULA);
        check_name(text);
    } else {
        for (int i = 0; i < n; i++) ck_assert_ptr_nonnull(values[i]);
        ct_tensor *z = ct_formula_eval(NULL, f, values);
        ck_assert_msg(z || *ct_error(), "'%s' failed without an error", text);
    }
    ct_formula_free(f);
}

static ct_list make_names(ct_tensor *t[9]) {
    static const double elements[] = {1, -2, 3, 0.5, 5, 6};
    static const char *const scalars[] = {"x1", "w1", "x2", "w2", "0.weight", "λ", "layer.bias"};
    for (int i = 0; i < 7; i++) t[i] = ct_var(0.7 - i, scalars[i]);
    t[7] = ct_label(ct_requires_grad(ct_from(CT_F64, CT_SHAPE(2, 3), elements)), "W");
    t[8] = ct_label(ct_requires_grad(ct_from(CT_F64, CT_SHAPE(3, 2), elements)), "V");
    return (ct_list){.n = 9, .items = t};
}

START_TEST(mutations) {
    const char *wanted = getenv("CT_MUTATIONS");
    long n = wanted ? strtol(wanted, NULL, 10) : QUICK;
    for (long i = 0; i < n; i++) {
        state = (uint64_t)i;
        char text[LONGEST + 1];
        snprintf(text, sizeof text, "%s", seeds[below(SEEDS)]);
        for (int k = 1 + below(4); k > 0; k--) mutate(text);
        ct_scope s = ct_begin();
        ct_tensor *t[9];
        ct_list names = make_names(t);
        ct_this.limit = MEMORY;
        ct_this.spent = 0;
        evaluate(text, names);
        ct_this.limit = 0;
        ct_error_clear();
        ck_assert(ct_end(s));
    }
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("mutations");
    TCase *c = tcase_create("formulas");
    tcase_set_timeout(c, 600);
    tcase_add_test(c, mutations);
    suite_add_tcase(suite, c);
    return suite;
}
