/* tensor/: what the rooms to the right may use beside the door: the tensor itself, memory, raising errors. */
#ifndef COTANGENT_TENSOR_INTERNAL_H
#define COTANGENT_TENSOR_INTERNAL_H

#include "tensor/tensor.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>

#define CT_MAX_SCOPES 64
#define CT_ALIGNMENT 64 /* bytes; of element buffers, a cache line and the widest vector */

typedef union ct_element {
    double f64;
    float f32;
    int64_t i64;
    int32_t i32;
    uint8_t u8; /* also bool, as 0 or 1 */
} ct_element;

/* The shape of a tensor of one dimension or more; shared by the tensors computed with the same shape. */
typedef struct ct_extent {
    int64_t size;  /* number of elements */
    int64_t dim[]; /* ndim of them */
} ct_extent;

enum ct_tensor_flags {
    CT_LEAF = 1 << 0,       /* asked for a gradient: accumulates it over passes */
    CT_NEEDS_GRAD = 1 << 1, /* a leaf, or computed from one */
    CT_GRAD_SET = 1 << 2,   /* of a leaf: grad holds a value; otherwise the next write assigns */
    CT_OWNED = 1 << 3,      /* made outside every scope: a module's, an optimiser's or the caller's */
    CT_DEAD = 1 << 4,       /* debug builds: its scope has ended */
    CT_FROZEN = 1 << 5,     /* a parameter that is no leaf for now: see ct_freeze() */
};

/* 80 bytes and 8 an operand: a binary node of scalars is 96 bytes with its value and its gradient. */
struct ct_tensor {
    /* value: tensor/ */
    void *data; /* elements, row-major; &item when 0-d and not an alias */
    union {
        ct_element item;         /* ndim == 0: the value itself */
        const ct_extent *extent; /* ndim > 0 */
    };
    const char *label;       /* NULL when unnamed; owned by the scope */
    const char *at;          /* the caller's "file.c:41"; NULL when unknown */
    struct ct_tensor *prev;  /* the tensor made before this one on this thread, NULL at the end and when CT_OWNED */
    uint32_t id;             /* place in the thread's order of creation; 0 when CT_OWNED */
    uint8_t dtype;           /* ct_dtype */
    uint8_t ndim;            /* 0 to CT_MAX_DIMS */
    uint8_t depth;           /* of the scope that owns it; 0 when CT_OWNED */
    uint8_t flags;           /* ct_tensor_flags */
    /* history: autograd/ */
    void *grad;              /* elements like data; NULL until a pass reaches it; &grad_item when 0-d */
    ct_element grad_item;    /* a 0-d gradient */
    void *attributes;        /* the op's named struct, owned by the scope; NULL when the op has none */
    uint32_t pass;           /* the last backward pass that reached it, see ct_thread.pass */
    uint16_t op;             /* ct_op_id; 0 for constants and leaves */
    uint16_t n_in;           /* operands */
    struct ct_tensor *in[];  /* operands */
};

static inline int64_t ct_size_of(const ct_tensor *t) { return t->ndim ? t->extent->size : 1; }
static inline const int64_t *ct_dims_of(const ct_tensor *t) { return t->ndim ? t->extent->dim : NULL; }
static inline bool ct_is_float(ct_dtype dtype) { return dtype == CT_F32 || dtype == CT_F64; }
bool ct_same_shape(const ct_tensor *x, const ct_tensor *y);
bool ct_shape_equal(const ct_shape *a, const ct_shape *b);

/* ---- memory ------------------------------------------------------------------------------------------------- */

void *ct_alloc(size_t bytes); /* aligned to CT_ALIGNMENT, through the allocator; NULL without an error raised */
void ct_dealloc(void *block, size_t bytes);
/* realloc for arrays that double: *items holds *capacity items of item_size; makes room for `wanted`. */
bool ct_grow(void **items, size_t *capacity, size_t wanted, size_t item_size);
char *ct_strdup(const char *text); /* freed with ct_strfree; NULL when out of memory */
void ct_strfree(char *text);

typedef struct ct_chunk {
    struct ct_chunk *next;
    size_t bytes; /* of the block, this header included */
    size_t used;  /* likewise */
} ct_chunk;

typedef struct ct_arena {
    ct_chunk *first, *current; /* chunks after current are empty, kept for later */
    size_t held;               /* bytes of all chunks */
} ct_arena;

typedef struct ct_arena_mark {
    ct_chunk *chunk;
    size_t used;
} ct_arena_mark;

void *ct_arena_grow(ct_arena *arena, size_t bytes, size_t align);
ct_arena_mark ct_arena_tell(const ct_arena *arena);
void ct_arena_rewind(ct_arena *arena, ct_arena_mark mark);
void ct_arena_free(ct_arena *arena); /* gives every chunk back */

static inline void *ct_arena_alloc(ct_arena *arena, size_t bytes, size_t align) {
    ct_chunk *c = arena->current;
    if (c) {
        size_t start = (c->used + align - 1) & ~(align - 1);
        if (start <= c->bytes && bytes <= c->bytes - start) {
            c->used = start + bytes;
            return (char *)c + start;
        }
    }
    return ct_arena_grow(arena, bytes, align);
}

/* ---- the thread's scopes ------------------------------------------------------------------------------------ */

typedef struct ct_thread {
    int depth;          /* of the innermost scope; 0 when none is open */
    bool hunting;       /* autograd/: see ct_stop_at_nonfinite() */
    size_t limit;       /* bytes that ct_scope_alloc() may give while a formula is evaluated; 0: any number */
    size_t spent;       /* of them */
    ct_tensor *newest;  /* head of the chain of tensors in order of creation */
    uint32_t next_id;
    uint32_t groups;    /* autograd/: begun so far, see ct_begin_group() */
    uint32_t pass;      /* backward passes so far: a node's gradient is current when its own `pass` is equal */
    struct ct_level {   /* [depth]: level 0 is unused */
        ct_arena arena;
        ct_tensor *newest; /* the chain's head when the scope began */
        uint32_t next_id;
        bool no_grad;
        void *replay_plan; /* autograd/: nodes in forward order, made by the first ct_replay() */
        void *claims;      /* inspect/: what is claimed about its tensors */
        struct ct_group_span *newest_group; /* autograd/: of this scope and those around it; NULL when there is none */
        struct ct_group_span *open_group;   /* the innermost that has not ended */
    } level[CT_MAX_SCOPES + 1];
    ct_random_state random;
} ct_thread;

extern _Thread_local ct_thread ct_this;

/* Ends the scope as ct_end() does, but leaves errors to the scopes around it. */
void ct_close(ct_scope scope);

/* A tensor with uninitialised elements in the innermost scope, or owned (freed by ct_free) where none may hold it.
 * NULL with an error raised in the name of `op` when there is no scope or no memory. */
ct_tensor *ct_new_tensor(const char *op, const char *at, ct_dtype dtype, const ct_shape *shape, int n_in);
ct_tensor *ct_new_owned(const char *op, const char *at, ct_dtype dtype, const ct_shape *shape);
/* A tensor of the innermost scope without element buffer (data NULL unless 0-d); the caller sets it. `extent` may be
 * shared with an operand; NULL for 0-d. */
ct_tensor *ct_new_node(const char *op, const char *at, ct_dtype dtype, int ndim, const ct_extent *extent, int n_in);
/* A blank node with room for n_in operands at the tape's end: quickly, as each scalar computed is one. NULL, without
 * an error raised, when there is no scope, no number or no memory left: ct_refuse_node() raises, and returns NULL. */
static inline size_t ct_node_bytes(int n_in) { return sizeof(ct_tensor) + (size_t)n_in * sizeof(ct_tensor *); }
static inline ct_tensor *ct_place_node(const char *at, int n_in) {
    ct_thread *here = &ct_this;
    if (here->next_id == UINT32_MAX || here->depth == 0) return NULL;
    ct_tensor *t = ct_arena_alloc(&here->level[here->depth].arena, ct_node_bytes(n_in), _Alignof(ct_tensor));
    if (!t) return NULL;
    *t = (ct_tensor){
        .at = at,
        .prev = here->newest,
        .id = here->next_id++,
        .depth = (uint8_t)here->depth,
        .n_in = (uint16_t)n_in,
    };
    return here->newest = t;
}
ct_tensor *ct_refuse_node(const char *op, const char *at, int n_in);
ct_extent *ct_new_extent(const ct_shape *shape, int depth); /* NULL when too large or out of memory; no error raised */
/* Memory of the scope at `depth` (the innermost: ct_this.depth); NULL when out of memory, without an error raised. */
void *ct_scope_alloc(int depth, size_t bytes);
void *ct_scope_array(int depth, size_t n, size_t item); /* n items; also NULL when their size overflows */
/* An element buffer like t's for its scope, or from the allocator when t is CT_OWNED. NULL when out of memory. */
void *ct_buffer_like(const ct_tensor *t);
size_t ct_bytes_of(const ct_tensor *t);

double ct_read_element(ct_dtype dtype, const void *data, int64_t i);
double ct_printed(double value); /* as text shows it: a NaN has no sign */
void ct_write_element(ct_dtype dtype, void *data, int64_t i, double value);

/* The least and the largest of some values, NaN when one of them is; begins as CT_NO_RANGE. */
typedef struct ct_range {
    double low, high;
} ct_range;
#define CT_NO_RANGE ((ct_range){INFINITY, -INFINITY})
static inline void ct_range_add(ct_range *range, double value) {
    range->low = value < range->low || isnan(value) ? value : range->low;
    range->high = value > range->high || isnan(value) ? value : range->high;
}

/* ---- errors ------------------------------------------------------------------------------------------------- */

/* Keeps the first cause: "op: message (file.c:41)". `op` and `at` may be NULL. */
void ct_raise(ct_error_code code, const char *op, const char *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A NULL operand: the cause that made it NULL is reported, or that it is NULL when there is no cause on record. */
void ct_raise_null(const char *op, const char *at, int operand);
/* True for a tensor that can be worked with; else raises that it is NULL or, in debug builds, that its scope ended. */
bool ct_refuse_operand(const char *op, const char *at, const ct_tensor *t, int operand); /* the second part; false */
static inline bool ct_usable(const char *op, const char *at, const ct_tensor *t, int operand) {
    return (t && !(t->flags & CT_DEAD)) || ct_refuse_operand(op, at, t, operand);
}
void ct_raise_memory(const char *op, const char *at, size_t bytes);
void ct_raise_no_scope(const char *op, const char *at);
/* For functions that report by a must-check status: raises, and marks as reported, so that a later ct_end() does not
 * report it again. Returns false. */
bool ct_refuse(ct_error_code code, const char *op, const char *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool ct_error_pending(void);           /* raised and not yet reported */
void ct_error_forget_reported(void);   /* an outermost scope begins: old reports are history */
bool ct_error_report(void);  /* ends a must-check function: marks a pending error as reported; true when none was */

/* "x(24,784)", "(24,784)" when unnamed, "NULL"; returns `buffer`. */
#define CT_DESCRIPTION 128
char *ct_describe(const ct_tensor *t, char buffer[CT_DESCRIPTION]);
char *ct_describe_shape(const ct_shape *shape, char buffer[CT_DESCRIPTION]);
ct_shape ct_index_of(const ct_tensor *t, int64_t i); /* of the element that is number i, row-major */
const char *ct_place_name(const char *at);           /* "model.c:41" of "src/model.c:41"; of NULL: NULL */

/* ---- numbers in text ---------------------------------------------------------------------------------------- */

/* They have a point in any country: this thread's locale is C from begin, false with an error raised when that cannot
 * be, to end. */
typedef struct ct_c_locale {
    locale_t c, before;
} ct_c_locale;
bool ct_c_locale_begin(const char *op, const char *at, ct_c_locale *locale);
void ct_c_locale_end(const ct_c_locale *locale);

/* ---- options ------------------------------------------------------------------------------------------------ */

/* Puts the preset in the place of 0, and 0 in that of CT_ZERO. False with an error raised unless the value is then in
 * [low, below), a count in [least, INT32_MAX]. */
bool ct_take_option(const char *op, const char *at, const char *field, double *value, double preset, double low,
                    double below);
bool ct_take_count(const char *op, const char *at, const char *field, int64_t *value, int64_t preset, int64_t least);

/* ---- random, threads ---------------------------------------------------------------------------------------- */

uint64_t ct_random_take_stream(void);
/* n elements of stream `stream`: uniform in [a, b), or normal with mean a and standard deviation b. */
void ct_fill_uniform(ct_dtype dtype, void *data, int64_t n, uint64_t seed, uint64_t stream, double a, double b);
void ct_fill_normal(ct_dtype dtype, void *data, int64_t n, uint64_t seed, uint64_t stream, double a, double b);
uint64_t ct_random_below(uint64_t seed, uint64_t stream, uint64_t counter, uint64_t n); /* uniform in [0, n) */

/* Calls work(context, block) for each block in [0, blocks), on up to ct_threads() threads. Which blocks there are may
 * depend on the number of threads only where any cut has the same bits; their order is open. Nested calls run on the
 * calling thread. */
void ct_parallel(int64_t blocks, void (*work)(void *context, int64_t block), void *context);
unsigned ct_jobs_shared(void); /* how many of them several threads have worked on so far */

#endif
