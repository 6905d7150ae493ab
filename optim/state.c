/* State of optimisers and schedules: labelled tensors, made once, saved and loaded by their labels. */
#include "optim/internal.h"

#include <string.h>

ct_tensor *ct_state_add(const char *op, const char *at, ct_state *state, const char *name, int place, ct_dtype dtype,
                        ct_shape shape, double initial) {
    char label[CT_DESCRIPTION];
    if (place < 0) snprintf(label, sizeof label, "%s", name);
    else snprintf(label, sizeof label, "%s.%d", name, place);
    if (!ct_grow((void **)&state->items, &state->capacity, (size_t)state->n + 1, sizeof *state->items))
        return ct_raise_memory(op, at, (size_t)state->n * sizeof *state->items), NULL;
    ct_tensor *t = ct_new_owned(op, at, dtype, &shape);
    if (!t || !ct_label_at(at, t, label)) return ct_free(t), NULL;
    for (int64_t i = 0; i < ct_size_of(t); i++) ct_write_element(dtype, t->data, i, initial);
    state->items[state->n++] = t;
    return t;
}

void ct_state_cut(ct_state *state, int n) {
    while (state->n > n) ct_free(state->items[--state->n]);
}

void ct_state_free(ct_state *state) {
    ct_state_cut(state, 0);
    ct_dealloc(state->items, state->capacity * sizeof *state->items); /* was allocated, so it fits */
    *state = (ct_state){0};
}

/* Of the label of `t`, where `hint` may be its place; NULL when there is none. */
static const ct_tensor *find(ct_list list, const ct_tensor *t, int hint) {
    for (int i = 0; i < list.n; i++) {
        const ct_tensor *other = list.items[(hint + i) % list.n];
        if (other && other->label && strcmp(other->label, t->label) == 0) return other;
    }
    return NULL;
}

bool ct_state_load(const char *op, const char *at, const ct_state *state, ct_list from) {
    char ours[CT_DESCRIPTION], theirs[CT_DESCRIPTION];
    if (from.n != state->n)
        return ct_raise(CT_ERR_ARGUMENT, op, at, "%d tensors for a state of %d", from.n, state->n), false;
    if (from.n > 0 && !from.items) return ct_raise_null(op, at, 1), false;
    for (int i = 0; i < state->n; i++) {
        const ct_tensor *t = state->items[i], *other = find(from, t, i);
        if (!other) return ct_raise(CT_ERR_ARGUMENT, op, at, "there is no \"%s\"", t->label), false;
        if (other->dtype != t->dtype || !ct_same_shape(other, t))
            return ct_raise(CT_ERR_SHAPE, op, at, "%s %s is wanted, not %s %s", ct_dtype_name((ct_dtype)t->dtype),
                            ct_describe(t, ours), ct_dtype_name((ct_dtype)other->dtype), ct_describe(other, theirs)),
                   false;
    }
    for (int i = 0; i < state->n; i++)
        memcpy(state->items[i]->data, find(from, state->items[i], i)->data, ct_bytes_of(state->items[i]));
    return true;
}
