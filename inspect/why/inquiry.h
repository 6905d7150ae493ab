/* inspect/: what is known while the cause of a gradient is looked for. */
#ifndef COTANGENT_INSPECT_INQUIRY_H
#define COTANGENT_INSPECT_INQUIRY_H

#include "inspect/derive/derive.h"

typedef struct ct_use {
    ct_tensor *z;
    int k; /* the operand that it uses */
} ct_use;

typedef struct ct_inquiry {
    const char *at;
    ct_graph graph;
    ct_names names;
    ct_paths paths;
    ct_tensor **total; /* [node]: df/d(node) on paths */
    ct_use *uses;      /* of node i along paths: from first_use[i] to first_use[i + 1] */
    size_t *first_use;
    ct_finding finding;
    bool fans_out; /* one element of x goes into several of the tensor that is looked at */
    double share;  /* of the elements in question that the finding is about, at each turn of the way */
    int operand;   /* of the node found, whose values the sentence names; -1 for none */
    ct_range range;
} ct_inquiry;

/* Elements of a tensor that are asked about, from the allocator. */
typedef struct ct_marks {
    int64_t n;     /* elements */
    int64_t count; /* of them marked */
    uint8_t *on;   /* 0: not marked; NULL when there was no memory */
} ct_marks;

/* With none marked; false with an error raised. ct_marks_free() is due in either case. */
bool ct_marks_make(ct_marks *marks, int64_t n);
void ct_marks_free(ct_marks *marks);
void ct_mark(ct_marks *marks, int64_t i);

static inline ct_tensor *ct_total_of(const ct_inquiry *q, const ct_tensor *t) {
    return q->total[ct_graph_index(&q->graph, t)];
}
/* Whether element i of z is computed from element i of the operand, and from no other. */
static inline bool ct_is_aligned(ct_use use) {
    return ct_op_table[use.z->op]->kind == CT_ELEMENTWISE && ct_same_shape(use.z, use.z->in[use.k]);
}
/* The range of operand k's values at these elements of it, for the sentence. */
void ct_note_range(ct_inquiry *q, const ct_tensor *z, int k, const ct_marks *marks);
void ct_narrow_down(ct_inquiry *q, int64_t kept, int64_t asked); /* from now on it is about these elements */
void ct_found(ct_inquiry *q, ct_cause cause, ct_tensor *node);

/* Fill in the finding; false with an error raised. */
bool ct_find_zeros(ct_inquiry *q);
bool ct_find_nonfinite(ct_inquiry *q);

#endif
