/* nn/: the module, and layers of your own. A part of nn.h; include that. */
#ifndef COTANGENT_NN_MODULE_H
#define COTANGENT_NN_MODULE_H

typedef struct ct_module ct_module;

/* Frees the module, its parts and their tensors. NULL is fine; a part of another module is left to its owner. */
CT_API void ct_module_free(ct_module *m);

/* `more` is what the module takes beside x, as its constructor says: a mask, a state; NULL for none. */
CT_API ct_tensor *ct_forward_with_at(const char *at, ct_module *m, ct_tensor *x, void *more);
#define ct_forward(m, x) ct_forward_with_at(CT_PLACE("ct_forward: "), m, x, NULL)
#define ct_forward_with(...) ct_forward_with_at(CT_PLACE("ct_forward_with: "), __VA_ARGS__)

/* Training mode, in which a module begins, or evaluation mode, in which dropout lets everything pass and batch
 * normalisation uses its running statistics; for the module and all of its parts. */
CT_API void ct_set_training(ct_module *m, bool training);
CT_API bool ct_is_training(const ct_module *m); /* of NULL: false */

/* ---- parameters and buffers --------------------------------------------------------------------------------- */
/* Named by their place: "0.weight", "encoder.norm.bias". The name is the tensor's label, which errors and drawings
 * show; ct_label() changes it. Lists live as long as the module, and are empty for NULL. */

CT_API ct_list ct_parameters(const ct_module *m);   /* what is learned, for an optimiser */
CT_API ct_list ct_buffers(const ct_module *m);      /* what belongs to the state but is not: running statistics */
CT_API ct_list ct_module_state(const ct_module *m); /* the former, then the latter: what is saved */

CT_API int ct_module_parameter_count(const ct_module *m);         /* of tensors, not of their elements */
CT_API ct_tensor *ct_module_parameter(const ct_module *m, int i); /* NULL out of range */
CT_API const char *ct_module_parameter_name(const ct_module *m, int i);

/* Frozen parameters get no gradients, and optimisers leave them alone until ct_unfreeze(); between scopes only. What is
 * no parameter is passed over. */
CT_API void ct_freeze(ct_list parameters);
CT_API void ct_unfreeze(ct_list parameters);

/* A table of layers, shapes of parameters and their numbers. False, with an error, when m or out is NULL or `out`
 * cannot be written. */
CT_API bool ct_summary_at(const char *at, const ct_module *m, FILE *out);
#define ct_summary(...) ct_summary_at(CT_PLACE("ct_summary: "), __VA_ARGS__)

/* ---- the tree ----------------------------------------------------------------------------------------------- */

/* Calls visit(module, path, context) for m itself, with the path "", and then for its parts and theirs: "0",
 * "0.norm", "1". */
typedef void ct_visitor(ct_module *m, const char *path, void *context);
CT_API void ct_visit(ct_module *m, ct_visitor *visit, void *context);
CT_API ct_module *ct_part_of(ct_module *m, const char *path); /* "encoder.norm"; NULL when there is none */
CT_API const char *ct_kind_of(const ct_module *m);            /* "ct_linear"; of NULL: NULL */

/* ---- layers of your own ------------------------------------------------------------------------------------- */
/* A layer without parameters is a function: see ct_op_layer(). Any other is a constructor and a ct_module_kind:
 *
 *     static ct_tensor *gain_forward(const char *at, ct_module *m, ct_tensor *x) {
 *         return ct_mul_at(at, x, ct_own_tensor(m, 0));
 *     }
 *     static const ct_module_kind gain = {.name = "gain", .forward = gain_forward};
 *
 *     ct_module *gain_layer(int64_t n) {
 *         ct_module *m = ct_module_new(&gain);
 *         ct_init_parameter(ct_add_parameter(m, "weight", CT_F32, CT_SHAPE(n)), ct_init_constant(1));
 *         return ct_module_finish(m); // NULL if any of this failed
 *     }
 */
typedef struct ct_module_kind {
    const char *name; /* shown in errors, drawings and tables */
    size_t size;      /* bytes of ct_module_data() */
    ct_tensor *(*forward)(const char *at, ct_module *m, ct_tensor *x);
    ct_tensor *(*forward_with)(const char *at, ct_module *m, ct_tensor *x, void *more); /* instead, if it takes more */
    void (*describe)(const ct_module *m, char *text, size_t size); /* "linear(3 -> 2)"; NULL: the name will do */
} ct_module_kind;

/* An empty module of this kind, which must live as long as it does. NULL with an error raised. */
CT_API ct_module *ct_module_new_at(const char *at, const ct_module_kind *kind);
/* Gives it a parameter or a buffer, all zero, or a part, which belongs to it from the call on, also on failure, under a
 * name that nothing else of it has and that has no point in it. All take NULL for m, so that only ct_module_finish()
 * need be checked. NULL with an error raised. */
CT_API ct_tensor *ct_add_parameter_at(const char *at, ct_module *m, const char *name, ct_dtype dtype, ct_shape shape);
CT_API ct_tensor *ct_add_buffer_at(const char *at, ct_module *m, const char *name, ct_dtype dtype, ct_shape shape);
CT_API ct_module *ct_add_part_at(const char *at, ct_module *m, const char *name, ct_module *part);
/* The module; or NULL, and it is freed, when one of the calls above failed. */
CT_API ct_module *ct_module_finish(ct_module *m);
#define ct_module_new(...) ct_module_new_at(CT_PLACE("ct_module_new: "), __VA_ARGS__)
#define ct_add_parameter(...) ct_add_parameter_at(CT_PLACE("ct_add_parameter: "), __VA_ARGS__)
#define ct_add_buffer(...) ct_add_buffer_at(CT_PLACE("ct_add_buffer: "), __VA_ARGS__)
#define ct_add_part(...) ct_add_part_at(CT_PLACE("ct_add_part: "), __VA_ARGS__)

CT_API void *ct_module_data(const ct_module *m);              /* kind->size bytes, zero at first; of NULL: NULL */
CT_API ct_tensor *ct_own_tensor(const ct_module *m, int k);   /* the k-th that was added, parameter or buffer */
CT_API ct_module *ct_own_part(const ct_module *m, int k);     /* the k-th part; NULL out of range */

#endif
