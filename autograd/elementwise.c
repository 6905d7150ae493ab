/* Drives the loops of elementwise_kernels.c: broadcasts operands, cuts the work in blocks, adds to gradients. */
#include "autograd/elementwise_kernels.h"

#include <string.h>

#define BLOCK 1024                /* elements of a broadcast operand written out at a time; fits the first cache */
#define BLOCKS_PER_SHARE 16       /* blocks that one thread takes at once */
#define SHARE (BLOCK * BLOCKS_PER_SHARE)
/* A large operand that has no others beside it to keep the memory busy: */
#define LARGE (1 << 18)
#define PIECE 256                 /* elements that are worked on while those */
#define AHEAD 512                 /* further on are asked for; else memory and arithmetic take turns */

/* An operand as the loops read it: in the index space of the result. */
typedef struct view {
    const char *data;
    size_t item;                  /* bytes of an element */
    bool whole;                   /* has the result's shape: element i of the result reads element i */
    int n;                        /* axes of the result, adjacent ones joined where possible; 0: one constant */
    int64_t dim[CT_MAX_DIMS];     /* their extents */
    int64_t stride[CT_MAX_DIMS];  /* in elements; 0 where broadcast */
} view;

/* One loop over all elements of `shape`. */
typedef struct span {
    ct_loop *loop;
    ct_loop *add;  /* the result is added to out by this; NULL: written to out */
    const double *p;
    view in[CT_MAX_ELEMENTWISE + 2];
    int n_in;
    char *out;
    size_t out_item;
    int64_t size;
} span;

/* Walks the axes from the last, joining those that are both broadcast or both contiguous. */
static view view_of(const ct_tensor *x, const ct_tensor *z) {
    view v = {.data = x->data, .item = ct_dtype_size((ct_dtype)x->dtype), .whole = ct_same_shape(x, z)};
    if (v.whole || ct_size_of(z) == 0) return v; /* nothing is read of what is empty; its extents may be too large */
    int64_t stride = 1, dim[CT_MAX_DIMS], step[CT_MAX_DIMS];
    int n = 0;
    for (int i = 1; i <= z->ndim; i++) { /* i-th axis from the back */
        int64_t extent = z->extent->dim[z->ndim - i];
        int64_t own = i <= x->ndim ? x->extent->dim[x->ndim - i] : 1;
        if (extent == 1) continue;
        int64_t s = own == 1 ? 0 : stride;
        if (n && (s == 0) == (step[n - 1] == 0)) {
            dim[n - 1] *= extent;
        } else {
            dim[n] = extent;
            step[n++] = s;
        }
        stride *= own;
    }
    v.n = n == 1 && step[0] == 0 ? 0 : n;
    for (int i = 0; i < v.n; i++) v.dim[i] = dim[n - 1 - i], v.stride[i] = step[n - 1 - i];
    return v;
}

/* Fills n elements with one value, a line of the cache at a time. */
static void repeat(char *buffer, const char *value, size_t item, int64_t n) {
    char line[CT_ALIGNMENT];
    size_t bytes = (size_t)n * item, done = 0;
    for (size_t i = 0; i < sizeof line; i += item) memcpy(line + i, value, item);
    for (; done + sizeof line <= bytes; done += sizeof line) memcpy(buffer + done, line, sizeof line);
    memcpy(buffer + done, line, bytes - done);
}

/* Elements [start, start + n) of the view, n at most BLOCK: where they lie, or written out into the buffer, which holds
 * a constant already. */
static const void *fetch(const view *v, int64_t start, int64_t n, char *buffer) {
    if (v->whole) return v->data + start * (int64_t)v->item;
    if (v->n == 0) return buffer;
    int64_t run = v->dim[v->n - 1];
    for (int64_t done = 0; done < n;) {
        int64_t rest = (start + done) / run, at = (start + done) % run, offset = 0;
        for (int i = v->n - 2; i >= 0; i--) {
            offset += rest % v->dim[i] * v->stride[i];
            rest /= v->dim[i];
        }
        bool constant = v->stride[v->n - 1] == 0;
        const char *from = v->data + (offset + (constant ? 0 : at)) * (int64_t)v->item;
        int64_t piece = run - at < n - done ? run - at : n - done;
        if (piece == n && !constant) return from;
        char *to = buffer + done * (int64_t)v->item;
        if (constant)
            repeat(to, from, v->item, piece);
        else
            memcpy(to, from, (size_t)piece * v->item);
        done += piece;
    }
    return buffer;
}

typedef char block[BLOCK * sizeof(double)];

static void run_block(const span *s, int64_t start, int64_t n, block *buffers) {
    _Alignas(CT_ALIGNMENT) block result;
    const void *in[CT_MAX_ELEMENTWISE + 2];
    for (int k = 0; k < s->n_in; k++) in[k] = fetch(&s->in[k], start, n, buffers[k]);
    void *out = s->out + start * (int64_t)s->out_item;
    if (!s->add) {
        s->loop(n, in, out, s->p);
    } else {
        s->loop(n, in, result, s->p);
        s->add(n, (const void *const[]){result}, out, NULL);
    }
}

/* Has n elements from `start` brought into the first cache; there may be none. */
static void ask(const view *v, int64_t start, int64_t n) {
    const char *data = v->data + start * (int64_t)v->item;
    for (int64_t byte = 0; byte < n * (int64_t)v->item; byte += CT_ALIGNMENT) __builtin_prefetch(data + byte);
}

static void run_share(void *context, int64_t share) {
    const span *s = context;
    _Alignas(CT_ALIGNMENT) block buffers[CT_MAX_ELEMENTWISE + 2];
    int64_t first = share * SHARE, end = first + SHARE < s->size ? first + SHARE : s->size;
    for (int k = 0; k < s->n_in; k++)
        if (!s->in[k].whole && s->in[k].n == 0)
            repeat(buffers[k], s->in[k].data, s->in[k].item, end - first < BLOCK ? end - first : BLOCK);
    const bool lone = s->n_in == 1 && s->in[0].whole && s->size >= LARGE;
    const int64_t step = lone ? PIECE : BLOCK;
    for (int64_t start = first; start < end; start += step) {
        if (lone) ask(&s->in[0], start + AHEAD, PIECE);
        run_block(s, start, end - start < step ? end - start : step, buffers);
    }
}

static void run(const span *s) {
    int64_t shares = (s->size + SHARE - 1) / SHARE;
    if (shares > 1)
        ct_parallel(shares, run_share, (void *)s);
    else if (shares == 1) /* operands of nothing are not read */
        run_share((void *)s, 0);
}

/* The loops of z, which is not 0-d. */
static const ct_elementwise_row *row_of(const ct_tensor *z) {
    const ct_elementwise_table *table = ct_elementwise();
    if (z->op == CT_OP_ct_pow && ct_size_of(z->in[1]) == 1) {
        const double exponent = ct_read_element((ct_dtype)z->dtype, z->in[1]->data, 0);
        if (exponent == 2 || exponent == 3) return &table->power[exponent == 3];
    }
    return &table->row[z->op];
}

void ct_elementwise_forward(ct_tensor *z) {
    if (z->ndim == 0) { /* operands are 0-d too */
        ct_compute_scalar(z);
        return;
    }
    ct_loop *loop = row_of(z)->forward[z->in[0]->dtype];
    span s = {.loop = loop, .p = z->attributes, .n_in = z->n_in, .out = z->data, .size = ct_size_of(z)};
    s.out_item = ct_dtype_size((ct_dtype)z->dtype);
    for (int k = 0; k < z->n_in; k++) s.in[k] = view_of(z->in[k], z);
    run(&s);
}

void ct_elementwise_backward(ct_tensor *z, int k, const void *g, void *gx, bool add) {
    const ct_elementwise_table *table = ct_elementwise();
    ct_loop *loop = row_of(z)->backward[z->dtype][k];
    int n = z->n_in;
    span s = {.loop = loop, .p = z->attributes, .n_in = n + 2, .out = gx, .size = ct_size_of(z)};
    if (add) s.add = table->add[z->dtype];
    s.out_item = ct_dtype_size((ct_dtype)z->dtype);
    for (int i = 0; i < n; i++) s.in[i] = view_of(z->in[i], z);
    s.in[n] = (view){.data = z->data, .item = s.out_item, .whole = true};
    s.in[n + 1] = (view){.data = g, .item = s.out_item, .whole = true};
    run(&s);
}

void ct_elementwise_into(ct_loop *loop, int n, const ct_tensor *const *in, const ct_tensor *like, void *out, bool add) {
    span s = {.loop = loop, .n_in = n, .out = out, .size = ct_size_of(like)};
    if (add) s.add = ct_elementwise()->add[like->dtype];
    s.out_item = ct_dtype_size((ct_dtype)like->dtype);
    for (int i = 0; i < n; i++) s.in[i] = view_of(in[i], like);
    run(&s);
}

void ct_run_loop(ct_loop *loop, ct_dtype dtype, int64_t n, int n_in, const void *const *in, void *out) {
    size_t item = ct_dtype_size(dtype);
    span s = {.loop = loop, .n_in = n_in, .out = out, .out_item = item, .size = n};
    for (int i = 0; i < n_in; i++) s.in[i] = (view){.data = in[i], .item = item, .whole = true};
    run(&s);
}

void ct_add_into(ct_dtype dtype, int64_t n, const void *g, void *out) {
    ct_run_loop(ct_elementwise()->add[dtype], dtype, n, 1, &g, out);
}
