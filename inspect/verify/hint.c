/* Common mistakes, told by what they make of a gradient. */
#include "inspect/verify/verify.h"

#include <math.h>
#include <stdarg.h>

#undef CT_PLACE
#define CT_PLACE(call) v->at

#define ALIKE 1e-6 /* of the largest element: looser than a verdict, since it only names what was found wrong */
#define ALIKE_F32 1e-3

const char *ct_claim_text(const ct_claim *claim, const char *format, ...) {
    char text[1024];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(text, sizeof text, format, args);
    char *copy = length < 0 ? NULL : ct_scope_alloc(claim->depth, (size_t)length + 1);
    if (copy) vsnprintf(copy, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return copy;
}

/* A wrong claim, and what it should be. */
typedef struct mistake {
    const ct_verifier *v;
    const ct_site *site;
    const double *truth;
    const double *says; /* the claim, were those nearer to f right */
    double close; /* elements that are so near to each other are alike */
} mistake;

/* Whether x is `factor` times y. */
static bool alike(const mistake *m, const double *x, const double *y, double factor) {
    for (int64_t e = 0; e < m->site->n; e++)
        if (!(fabs(x[e] - factor * y[e]) <= m->close)) return false;
    return true;
}

/* The same for a tensor of the shape that is wanted; errors are no matter here. */
static bool tensor_alike(const mistake *m, const ct_tensor *t) {
    const double *x = t && ct_same_shape(t, m->site->claim->tensor) ? ct_claim_elements(m->v, t, m->site->n) : NULL;
    return x && alike(m, x, m->truth, 1);
}

static bool is_matrix(const ct_tensor *t) { return t->ndim == 2; }

static const char *shape_hint(const mistake *m) {
    const ct_verifier *v = m->v;
    const ct_tensor *t = m->site->claim->tensor;
    ct_tensor *other = m->site->alone;
    char text[2][CT_DESCRIPTION];
    ct_shape shape[] = {ct_shape_of(other), ct_shape_of(t)};
    if (is_matrix(t) && is_matrix(other) && tensor_alike(m, ct_t(other))) return "it is transposed";
    ct_shape both;
    bool broadcasts = ct_broadcast_shapes(2, (ct_tensor *[]){other, m->site->claim->tensor}, &both) &&
                      ct_shape_equal(&both, &shape[0]);
    if (broadcasts && tensor_alike(m, ct_sum_to(v->at, other, t)))
        return "the sum over the axes that broadcasting repeats is missing";
    return ct_claim_text(m->site->claim, "it has the shape %s instead of %s", ct_describe_shape(&shape[0], text[0]),
                         ct_describe_shape(&shape[1], text[1]));
}

/* Whether some tensor of the graph has an axis of this extent, or so many elements. */
static bool is_extent(const ct_graph *graph, double n) {
    for (size_t i = 0; i < graph->n; i++) {
        const ct_tensor *t = graph->node[i];
        if ((double)ct_size_of(t) == n) return true;
        for (int axis = 0; axis < t->ndim; axis++)
            if ((double)t->extent->dim[axis] == n) return true;
    }
    return false;
}

/* Whether the gradient has elements of several magnitudes: any two numbers have some quotient. */
static bool is_varied(const mistake *m, double most) {
    for (int64_t e = 0; e < m->site->n; e++)
        if (fabs(fabs(m->truth[e]) - fabs(most)) > 1e-3 * fabs(most)) return true;
    return false;
}

static const char *factor_hint(const mistake *m) {
    int64_t most = 0;
    for (int64_t e = 1; e < m->site->n; e++)
        if (fabs(m->truth[e]) > fabs(m->truth[most])) most = e;
    double factor = m->says[most] / m->truth[most];
    if (!isfinite(factor) || !alike(m, m->says, m->truth, factor)) return NULL;
    if (factor == 0) return "it is zero";
    if (fabs(factor + 1) <= ALIKE) return "its sign is wrong";
    bool larger = fabs(factor) > 1;
    double times = larger ? factor : 1 / factor, n = round(fabs(times));
    bool mean = n > 1 && fabs(fabs(times) - n) <= 1e-4 * n && is_extent(&m->v->graph, n);
    if (mean && larger)
        return ct_claim_text(m->site->claim, "it is %.6g times what it should be: a 1/n is missing", times);
    if (mean) return ct_claim_text(m->site->claim, "it is 1/%.6g of what it should be: a 1/n too many", times);
    bool telling = fabs(fabs(times) - n) <= 1e-9 * n || is_varied(m, m->truth[most]);
    return telling ? ct_claim_text(m->site->claim, "it is %.8g times what it should be", factor) : NULL;
}

/* Elements that differ, each being zero in one of the two: a mask. */
static const char *mask_hint(const mistake *m) {
    int64_t missing = 0, surplus = 0;
    for (int64_t e = 0; e < m->site->n; e++) {
        double claimed = m->says[e], truth = m->truth[e];
        if (fabs(claimed - truth) <= m->close) continue;
        if (claimed != 0 && truth != 0) return NULL;
        missing += claimed == 0;
        surplus += truth == 0;
    }
    return missing && surplus ? "a mask is on the wrong side: it is zero where it should not be, and vice versa"
           : missing          ? "it is zero in elements where it should not be"
           : surplus          ? "a mask is missing: it is not zero where it should be"
                              : NULL;
}

/* Whether one row of a cotangent that is to be summed over its rows is all that is claimed. */
static bool is_row(const mistake *m, const ct_tensor *part) {
    int64_t n = ct_size_of(part);
    const double *rows = n > m->site->n && n % m->site->n == 0 ? ct_claim_elements(m->v, part, n) : NULL;
    for (int64_t e = 0; rows && e < n; e += m->site->n)
        if (alike(m, rows + e, m->says, 1)) return true;
    return false;
}

/* What comes through operand k of z alone. */
static const char *part_hint(const mistake *m, ct_tensor *z, int k) {
    const ct_verifier *v = m->v;
    const ct_op_parts *parts = ct_op_table[z->op]->parts;
    ct_tensor *g = parts->vjp ? ct_grad(v->f, z) : NULL, *part = g ? parts->vjp(v->at, z, g, k) : NULL;
    const ct_tensor *whole = part ? ct_sum_to(v->at, part, z->in[k]) : NULL;
    const double *elements = whole ? ct_claim_elements(v, whole, m->site->n) : NULL;
    if (!elements) return NULL;
    if (is_row(m, part)) return "it is one row alone: the sum over the axes that broadcasting repeats is missing";
    if (!alike(m, elements, m->says, 1)) return NULL;
    return ct_claim_text(m->site->claim, "it is the part through %.64s alone: another use is forgotten",
                         z->label ? z->label : ct_op_table[z->op]->name);
}

static const char *use_hint(const mistake *m) {
    const char *hint = NULL;
    for (size_t i = m->site->index + 1; i < m->v->graph.n && !hint; i++) {
        ct_tensor *z = m->v->graph.node[i];
        for (int k = 0; k < z->n_in && !hint; k++)
            if (z->in[k] == m->site->claim->tensor) hint = part_hint(m, z, k);
    }
    return hint;
}

const char *ct_claim_hint(const ct_verifier *v, const ct_site *site, const double *truth) {
    mistake m = {.v = v, .site = site, .truth = truth};
    double most = 0;
    for (int64_t e = 0; e < site->n; e++)
        if (isfinite(truth[e])) most = fmax(most, fabs(truth[e]));
    m.close = most * (site->eps > 1e-10 ? ALIKE_F32 : ALIKE);
    if (!site->claimed) return shape_hint(&m);
    m.says = site->n ? ct_claim_elements(v, site->alone, site->n) : NULL;
    if (!m.says) return NULL;
    for (int64_t e = 0; e < site->n; e++)
        if (!isfinite(m.says[e])) return "it is not finite";
    const char *hint = factor_hint(&m);
    if (hint) return hint;
    if (is_matrix(site->claim->tensor) && tensor_alike(&m, ct_t(site->alone))) return "it is transposed";
    hint = use_hint(&m);
    return hint ? hint : mask_hint(&m);
}
