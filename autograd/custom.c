/* Ops registered while the program runs, and the questions about all ops. */
#include "autograd/internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static pthread_mutex_t registering = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int known = CT_OP_COUNT; /* slots of ct_op_table below it are filled; written under the lock */

int ct_op_count(void) { return atomic_load(&known) - 1; }

const ct_op *ct_nth_op(int n) { return n >= 1 && n <= ct_op_count() ? ct_op_table[n] : NULL; }

static const ct_op *find(const char *name) {
    for (int n = ct_op_count(); n >= 1; n--)
        if (!strcmp(ct_op_table[n]->name, name)) return ct_op_table[n];
    return NULL;
}

bool ct_op_supports(const char *name, ct_support what) {
    const ct_op *op = name ? find(name) : NULL;
    return op && (what == CT_FORWARD || op->kind != CT_NOT_DIFFERENTIABLE);
}

/* ---- registering -------------------------------------------------------------------------------------------- */

/* What is missing in a definition, in words; NULL when it is complete. */
static const char *flaw(const ct_op *op) {
    if (!op->name || !op->formula) return "has no name or no formula";
    if (op->arity == 0) return "has no operands";
    if (op->kind < CT_LINEAR || op->kind > CT_NOT_DIFFERENTIABLE) return "is of a kind that only built-in ops have";
    if (op->kind == CT_BILINEAR && op->arity != 2) return "is bilinear, but not in two operands";
    if (!op->parts || !op->parts->shape || !op->parts->forward) return "has no shape() or no forward()";
    if (op->kind != CT_NOT_DIFFERENTIABLE && !op->parts->vjp) return "has no vjp(), and is not CT_NOT_DIFFERENTIABLE";
    if (op->parts->backwards && op->arity > CT_MAX_BACKWARDS) return "has backwards() and too many operands for it";
    return NULL;
}

/* The slot that the op got; 0 when there is one of this name, CT_OP_SLOTS when all are taken. */
static int take_slot(const ct_op *op) {
    pthread_mutex_lock(&registering);
    int slot = find(op->name) ? 0 : atomic_load(&known);
    if (slot && slot < CT_OP_SLOTS) {
        ct_op_table[slot] = op;
        atomic_store(&known, slot + 1);
    }
    pthread_mutex_unlock(&registering);
    return slot;
}

int ct_register_op_at(const char *at, const ct_op *op) {
    const char *own = "ct_register_op";
    if (!op) return ct_raise_null(own, at, 0), 0;
    const char *wrong = flaw(op), *name = op->name ? op->name : "the op";
    if (wrong) return ct_raise(CT_ERR_ARGUMENT, own, at, "%s %s", name, wrong), 0;
    int slot = take_slot(op);
    if (slot == 0) ct_raise(CT_ERR_ARGUMENT, own, at, "there is an op %s already", name);
    if (slot < CT_OP_SLOTS) return slot;
    ct_raise(CT_ERR_LIMIT, own, at, "%s is more than the %d ops that there can be", name, CT_MAX_OWN_OPS);
    return 0;
}

/* ---- using them --------------------------------------------------------------------------------------------- */

ct_tensor *ct_apply_at(const char *at, int op, ct_list operands, const void *attributes, size_t size) {
    const ct_op *row = ct_nth_op(op);
    if (!row || op < CT_OP_COUNT)
        return ct_raise(CT_ERR_ARGUMENT, "ct_apply", at, "%d is not the number of a registered op", op), NULL;
    bool fits = row->arity == CT_ANY_NUMBER ? operands.n >= 1 && operands.n < CT_ANY_NUMBER : operands.n == row->arity;
    if (!fits) return ct_raise(CT_ERR_ARGUMENT, row->name, at, "%d operands are not what it takes", operands.n), NULL;
    return ct_record(at, (ct_op_id)op, operands.items, operands.n, attributes, attributes ? size : 0);
}

void *ct_result(ct_tensor *z) { return z ? z->data : NULL; }
void *ct_attributes(const ct_tensor *z) { return z ? z->attributes : NULL; }
