/* tensor/: values. Dtypes, shapes, scopes that own memory, errors, random numbers, threads.
 *
 * Conventions of every room:
 *   - Values are row-major and contiguous, of up to CT_MAX_DIMS dimensions; a 0-d tensor is a scalar.
 *   - A function that makes a tensor returns NULL on failure and when an operand is NULL, so expressions nest and
 *     are checked once: the first cause is kept per thread and surfaces at ct_end().
 *   - Whatever is computed belongs to the innermost open scope and dies with it; see ct_begin().
 *   - Most calls are macros that put their name and the caller's place in front of the arguments of a function
 *     NAME_at, which errors show: CT_PLACE("ct_add: ").
 */
#ifndef COTANGENT_TENSOR_H
#define COTANGENT_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
#include <initializer_list>
extern "C" {
#endif

#if defined(__GNUC__)
#define CT_API __attribute__((visibility("default")))
#define CT_MUST_CHECK __attribute__((warn_unused_result))
#else
#define CT_API
#define CT_MUST_CHECK
#endif

#define CT_STRING_(x) #x
#define CT_STRING(x) CT_STRING_(x)
/* The place of a call, as "file.c:41"; errors and drawings show it. With the name of the function before it,
 * CT_PLACE("ct_mse: "), errors from whatever that is made of begin with the name. */
#define CT_PLACE(call) call __FILE__ ":" CT_STRING(__LINE__)
#define CT_HERE CT_PLACE("")

#define CT_MAX_DIMS 8

/* The value of an option that is to be zero itself, where zero stands for a preset: {.patience = CT_ZERO}. */
#define CT_ZERO INT32_MIN

/* ---- dtypes and shapes -------------------------------------------------------------------------------------- */

/* Derivatives exist for the two floating dtypes; the others hold masks, images, labels and indices. */
typedef enum ct_dtype { CT_BOOL, CT_U8, CT_I32, CT_I64, CT_F32, CT_F64, CT_DTYPE_COUNT } ct_dtype;

CT_API const char *ct_dtype_name(ct_dtype dtype); /* "f32" */
CT_API size_t ct_dtype_size(ct_dtype dtype);      /* bytes of one element */

typedef struct ct_shape {
    int ndim; /* 0 to CT_MAX_DIMS; 0 is a scalar */
    int64_t dim[CT_MAX_DIMS];
} ct_shape;

/* CT_SHAPE(2, 3) is a matrix of two rows; CT_SCALAR is the shape of a 0-d tensor. */
#define CT_SHAPE(...)                                                                                                \
    ((ct_shape){.ndim = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .dim = {__VA_ARGS__}})
#define CT_SCALAR ((ct_shape){.ndim = 0, .dim = {0}})

/* An opaque handle to a value and, for computed values, to how it was computed. */
typedef struct ct_tensor ct_tensor;

/* An array among the arguments of a call. It lasts to the end of the block around it, in C++ of the statement. */
#ifdef __cplusplus
#define CT_ARRAY_(type, ...) (std::initializer_list<type>{__VA_ARGS__}.begin())
#else
#define CT_ARRAY_(type, ...) ((type[]){__VA_ARGS__})
#endif

/* Several tensors as one argument: CT_LIST(a, b, c). */
typedef struct ct_list {
    int n;
    ct_tensor *const *items;
} ct_list;
#define CT_LIST(...)                                                                                                 \
    ((ct_list){.n = (int)(sizeof((ct_tensor *[]){__VA_ARGS__}) / sizeof(ct_tensor *)),                               \
               .items = CT_ARRAY_(ct_tensor *, __VA_ARGS__)})

/* ---- scopes ------------------------------------------------------------------------------------------------- */

typedef struct ct_scope {
    int depth; /* 1 for the outermost */
} ct_scope;

/* Opens a scope on this thread: all that is computed until the matching ct_end() belongs to it. Scopes nest, at most
 * 64 deep, and memory is kept for the next scope of the same depth, so a loop's second turn allocates nothing. */
CT_API ct_scope ct_begin(void);

/* Ends the scope and those left open inside it; their tensors are gone, which a library built for debugging notices
 * when one of them is used. True if nothing went wrong since the last report; otherwise false, and ct_error() says
 * what did. */
CT_API CT_MUST_CHECK bool ct_end(ct_scope scope);

/* A copy of `t` (value and label, without history) that belongs to the scope around the innermost one. From the
 * outermost scope it passes to the caller, who frees it with ct_free(). */
CT_API ct_tensor *ct_keep_at(const char *at, ct_tensor *t);
#define ct_keep(...) ct_keep_at(CT_PLACE("ct_keep: "), __VA_ARGS__)
CT_API void ct_free(ct_tensor *t); /* of a tensor carried out of the outermost scope; NULL is fine */

/* Gives the memory kept for further scopes on this thread back to the allocator; no scope may be open. A thread's
 * end does it too. */
CT_API void ct_release_memory(void);

/* ---- errors ------------------------------------------------------------------------------------------------- */

typedef enum ct_error_code {
#define CT_ERROR(code, text) code,
#include "errors.def"
#undef CT_ERROR
    CT_ERROR_CODE_COUNT
} ct_error_code;

/* The first cause since the last report on this thread: "ct_matmul: x(24,784) @ W(128,64): inner dimensions 784 and
 * 128 differ (model.c:41)"; "" when there is none. Valid until the next error or outermost ct_begin(). */
CT_API const char *ct_error(void);
CT_API ct_error_code ct_error_status(void);              /* its code; CT_OK when there is none */
CT_API const char *ct_error_name(ct_error_code code);    /* "CT_ERR_SHAPE" */
CT_API const char *ct_error_meaning(ct_error_code code); /* "shapes do not fit" */
CT_API void ct_error_clear(void);                        /* forgets the error; ct_end() will not report it */

/* Of n known words the one most like a misspelt `word`, for messages: "did you mean 'sigmoid'?"; NULL when none is
 * near. NULLs among the known are passed over. */
CT_API const char *ct_nearest(const char *word, int n, const char *const *known);

/* ---- making tensors ----------------------------------------------------------------------------------------- */
/* All belong to the innermost scope and are constants: see ct_var() and ct_requires_grad() for leaves. */

CT_API ct_tensor *ct_scalar_at(const char *at, double value); /* 0-d f64 */
CT_API ct_tensor *ct_full_at(const char *at, ct_dtype dtype, ct_shape shape, double value);
CT_API ct_tensor *ct_from_at(const char *at, ct_dtype dtype, ct_shape shape, const void *elements); /* copies */
/* Aliases the caller's elements, which must outlive the scope; for data that is large or changes between replays.
 * Elements that begin at a multiple of 64 bytes, as aligned_alloc() gives them, are multiplied up to a fifth faster. */
CT_API ct_tensor *ct_wrap_at(const char *at, ct_dtype dtype, ct_shape shape, void *elements);
CT_API ct_tensor *ct_arange_at(const char *at, ct_dtype dtype, int64_t n); /* 0, 1, ... n-1 */
/* From low, included, to high, excluded. */
CT_API ct_tensor *ct_uniform_at(const char *at, ct_dtype dtype, ct_shape shape, double low, double high);
CT_API ct_tensor *ct_normal_at(const char *at, ct_dtype dtype, ct_shape shape, double mean, double std);
#define ct_scalar(...) ct_scalar_at(CT_PLACE("ct_scalar: "), __VA_ARGS__)
#define ct_full(...) ct_full_at(CT_PLACE("ct_full: "), __VA_ARGS__)
#define ct_zeros(dtype, ...) ct_full_at(CT_PLACE("ct_zeros: "), dtype, __VA_ARGS__, 0)
#define ct_ones(dtype, ...) ct_full_at(CT_PLACE("ct_ones: "), dtype, __VA_ARGS__, 1)
#define ct_from(...) ct_from_at(CT_PLACE("ct_from: "), __VA_ARGS__)
#define ct_wrap(...) ct_wrap_at(CT_PLACE("ct_wrap: "), __VA_ARGS__)
#define ct_arange(...) ct_arange_at(CT_PLACE("ct_arange: "), __VA_ARGS__)
#define ct_uniform(...) ct_uniform_at(CT_PLACE("ct_uniform: "), __VA_ARGS__)
#define ct_normal(...) ct_normal_at(CT_PLACE("ct_normal: "), __VA_ARGS__)

/* Names `t` in errors, claims and drawings; the text is copied. Returns `t`, so it nests. */
CT_API ct_tensor *ct_label_at(const char *at, ct_tensor *t, const char *label);
#define ct_label(...) ct_label_at(CT_PLACE("ct_label: "), __VA_ARGS__)

/* ---- reading tensors ---------------------------------------------------------------------------------------- */
/* Of NULL: no error is added; the neutral value in brackets comes back. */

CT_API ct_dtype ct_dtype_of(const ct_tensor *t);    /* (CT_F64) */
CT_API ct_shape ct_shape_of(const ct_tensor *t);    /* (0-d) */
CT_API int64_t ct_size(const ct_tensor *t);         /* number of elements (0) */
CT_API const char *ct_label_of(const ct_tensor *t); /* (NULL, also when unnamed) */
CT_API const void *ct_data(const ct_tensor *t);     /* elements, row-major (NULL); valid as long as the tensor */
CT_API double ct_item_at(const char *at, const ct_tensor *t);               /* the only element (NaN, with an error) */
CT_API double ct_get_at(const char *at, const ct_tensor *t, ct_shape index); /* ct_get(t, CT_SHAPE(i, j)) */
#define ct_item(...) ct_item_at(CT_PLACE("ct_item: "), __VA_ARGS__)
#define ct_get(...) ct_get_at(CT_PLACE("ct_get: "), __VA_ARGS__)

/* Overwrites the elements of a constant or leaf with ct_size(t) elements of its dtype; what was computed from them
 * keeps its value until ct_replay(). False, with an error, for a computed tensor. */
CT_API bool ct_set_at(const char *at, ct_tensor *t, const void *elements);
#define ct_set(...) ct_set_at(CT_PLACE("ct_set: "), __VA_ARGS__)

/* Writes the value as nested brackets, summarised with "..." beyond 6 entries an axis, and a newline. */
CT_API void ct_print(const ct_tensor *t, FILE *out);

/* ---- random numbers ----------------------------------------------------------------------------------------- */

/* Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), counter based: every draw of
 * a tensor takes the next stream, so a seed means the same numbers on any number of threads. Per thread. */
typedef struct ct_random_state {
    uint64_t seed;
    uint64_t stream; /* the next to be taken */
} ct_random_state;
CT_API void ct_seed(uint64_t seed); /* starts at stream 0; a thread begins with seed 0 */
CT_API ct_random_state ct_random(void);
CT_API void ct_random_restore(ct_random_state state);

/* ---- memory and threads ------------------------------------------------------------------------------------- */

typedef struct ct_allocator {
    void *(*alloc)(void *context, size_t bytes); /* aligned to 64 bytes; NULL when there is none */
    void (*release)(void *context, void *block, size_t bytes);
    void *context; /* the caller's; handed back in each call */
} ct_allocator;

/* Replaces the allocator of the whole library, for all threads; NULL restores the C library's. Call it before the
 * first tensor or module is made, or after all are gone and ct_release_memory() was called. */
CT_API void ct_set_allocator(const ct_allocator *allocator);

/* How many threads share a large kernel; results are the same bits for any number. At first CT_NUM_THREADS, else the
 * number of processors; n < 1 is taken as 1, n > 64 as 64. */
CT_API void ct_set_threads(int n);
CT_API int ct_threads(void);

#ifdef __cplusplus
}
#endif
#endif
