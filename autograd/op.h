/* autograd/: what an operation is, and operations of your own. A part of autograd.h; include that. */
#ifndef COTANGENT_OP_H
#define COTANGENT_OP_H

#define CT_ANY_NUMBER 0xffff
#define CT_MAX_OWN_OPS 256
#define CT_MAX_BACKWARDS 4 /* operands of an op with backwards() */

/* What forward mode and the checks follow from. */
typedef enum ct_op_kind {
    CT_ELEMENTWISE,        /* built-in: the rule applied to the tangent is the forward mode */
    CT_LINEAR,             /* in the first operand, or in all of a concat: forward mode applies the op to the tangent */
    CT_BILINEAR,           /* in both operands: once per operand */
    CT_GENERAL,            /* forward mode by differentiating the vjp by its cotangent */
    CT_NOT_DIFFERENTIABLE, /* results are bool or integer, or meant as constants */
} ct_op_kind;

/* One case of the gradient sweep: an op's result, recorded from leaves. */
typedef struct ct_sample {
    ct_tensor *z;       /* NULL: there is no such case */
    ct_tensor *leaf[3]; /* the differentiable operands, by operand number; NULL for others */
} ct_sample;

/* An attribute of an op as drawings show it, "axis=0": a member of the struct that the op is recorded with. */
typedef enum ct_field_type {
    CT_FIELD_INT,
    CT_FIELD_I64,
    CT_FIELD_BOOL,  /* shown when true */
    CT_FIELD_F64,
    CT_FIELD_DTYPE,
    CT_FIELD_SHAPE, /* shown when it has dimensions */
    CT_FIELD_AXES,  /* shown when it is not all axes */
    CT_FIELD_PAIR,  /* int64_t[2], one for each axis of an image; shown when it is not 0 */
} ct_field_type;

typedef struct ct_field {
    const char *name; /* NULL ends a list */
    ct_field_type type;
    size_t offset;
} ct_field;
#define CT_FIELDS(...) ((const ct_field[]){__VA_ARGS__, {NULL, CT_FIELD_INT, 0}})
#define CT_FIELD(type, name, member) {name, CT_FIELD_TYPE_(((type *)0)->member), offsetof(type, member)}
#define CT_FIELD_TYPE_(value)                                                                                        \
    _Generic(value, int: CT_FIELD_INT, int64_t: CT_FIELD_I64, bool: CT_FIELD_BOOL, double: CT_FIELD_F64,             \
             ct_dtype: CT_FIELD_DTYPE, ct_shape: CT_FIELD_SHAPE, ct_axes: CT_FIELD_AXES, int64_t *: CT_FIELD_PAIR)

/* What an op does. z is the result with its operands; see ct_operand(), ct_result() and ct_attributes(). */
typedef struct ct_op_parts {
    /* Checks operands and attributes, sets *shape and *dtype; raises with ct_op_fail() otherwise. NULL: elementwise.
     * May fill attributes that forward and backward use, and sets z->data when z aliases its operand. */
    bool (*shape)(ct_tensor *z, ct_shape *shape, ct_dtype *dtype);
    void (*forward)(ct_tensor *z); /* z's buffer is there; cannot fail once shape() has passed. NULL: elementwise */
    /* The cotangent of operand k as nodes, g being z's; may still have a shape that broadcast from the operand's.
     * NULL without an error: zero. */
    ct_tensor *(*vjp)(const char *at, ct_tensor *z, ct_tensor *g, int k);
    /* Optional, where operands share work: those of all operands k with wanted[k], in the operands' shapes. */
    bool (*vjps)(const char *at, ct_tensor *z, ct_tensor *g, const bool *wanted, ct_tensor **gx);
    /* Optional, over numbers: gx = or (add) += the cotangent of operand k, all in the operand's shape. */
    void (*backward)(ct_tensor *z, int k, const void *g, void *gx, bool add);
    /* Optional, over numbers, where operands share work: gx[k] = or (add[k]) += the cotangents of all operands k with a
     * gx[k]. What it takes of the innermost scope is given back afterwards. False with an error raised. */
    bool (*backwards)(ct_tensor *z, const void *g, void *const *gx, const bool *add);
    /* Optional, else by kind: the tangent of z, tangents[k] being NULL where operand k has none. */
    ct_tensor *(*jvp)(const char *at, ct_tensor *z, ct_tensor *const *tangents);
    /* Case `i` of the sweep in `dtype`, z NULL when i is past the last. NULL: elementwise, drawn by domain. */
    ct_sample (*samples)(int i, ct_dtype dtype);
    const ct_field *fields; /* optional: the attributes to be shown, CT_FIELDS(CT_FIELD(my_attributes, "axis", axis)) */
} ct_op_parts;

typedef struct ct_op {
    const char *name;    /* "ct_matmul" */
    const char *formula; /* "x @ y", operands x, y, w */
    const char *doc;
    uint16_t arity; /* operands, or CT_ANY_NUMBER */
    ct_op_kind kind;
    int domain; /* built-in elementwise ops: of the operands in the sweep */
    const ct_op_parts *parts;
} ct_op;

/* Adds an op of any kind but CT_ELEMENTWISE, with shape and forward, and vjp unless CT_NOT_DIFFERENTIABLE; it is kept
 * by reference. From then on it is recorded, differentiated, drawn and enumerated like the others. Its number, for all
 * threads; 0 with an error raised. */
CT_API int ct_register_op_at(const char *at, const ct_op *op);
#define ct_register_op(...) ct_register_op_at(CT_PLACE("ct_register_op: "), __VA_ARGS__)

/* Records a registered op. `attributes` (size bytes, copied; NULL when 0) are what ct_attributes() gives its parts. */
CT_API ct_tensor *ct_apply_at(const char *at, int op, ct_list operands, const void *attributes, size_t size);
#define ct_apply(...) ct_apply_at(CT_PLACE("ct_apply: "), __VA_ARGS__)

/* For the parts of an op. */
CT_API void *ct_result(ct_tensor *z);           /* the elements that forward() writes */
CT_API void *ct_attributes(const ct_tensor *z); /* NULL when there are none */
/* Raises in z's name with its operands written into the formula: "ct_matmul: x(24,784) @ W(128,64): ...". */
CT_API bool ct_op_fail(const ct_tensor *z, ct_error_code code, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* ---- the table of all ops ------------------------------------------------------------------------------------- */

CT_API int ct_op_count(void);         /* of ops now; numbers are 1 to it */
CT_API const ct_op *ct_nth_op(int n); /* NULL outside */

typedef enum ct_support { CT_FORWARD, CT_BACKWARD, CT_SECOND_ORDER, CT_FORWARD_MODE } ct_support;

/* Whether the op of this name ("ct_matmul") has a derivative of that sort; false for an unknown name. */
CT_API bool ct_op_supports(const char *name, ct_support what);

#endif
