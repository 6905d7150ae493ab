/* The module: a tree of layers that owns parameters. */
#include "autograd/internal.h"
#include "nn/internal.h"
#include "tensor/checked.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

/* ---- life --------------------------------------------------------------------------------------------------- */

static void free_list(ct_module *first) {
    for (ct_module *m = first, *next; m; m = next) {
        next = m->next;
        m->owned = false;
        ct_module_free(m);
    }
}

void ct_module_free(ct_module *m) {
    if (!m || m->owned) return;
    free_list(m->children);
    for (int i = m->n_inherited; i < m->n_parameters; i++) ct_free(m->parameters[i]);
    ct_dealloc(m, m->bytes);
}

/* One block: the kind's struct, then the array of parameters. */
static ct_module *allocate(const char *at, const ct_layer_kind *kind, int64_t n_parameters) {
    size_t start, list, bytes;
    if (n_parameters > INT_MAX || !ct_checked_round_up(kind->size, _Alignof(ct_tensor *), &start) ||
        !ct_checked_mul((size_t)n_parameters, sizeof(ct_tensor *), &list) || !ct_checked_add(start, list, &bytes))
        return ct_raise(CT_ERR_LIMIT, kind->name, at, "too many parameters"), NULL;
    ct_module *m = ct_alloc(bytes);
    if (!m) return ct_raise_memory(kind->name, at, bytes), NULL;
    memset(m, 0, kind->size);
    m->kind = kind;
    m->training = true;
    m->place = -1;
    m->parameters = (ct_tensor **)((char *)m + start);
    m->bytes = bytes;
    return m;
}

/* "weight" of child 2 is called "2.weight" from now on. */
static bool rename_parameter(const char *at, ct_tensor *parameter, int child) {
    int length = snprintf(NULL, 0, "%d.%s", child, parameter->label);
    size_t bytes = (size_t)length + 1;
    char *name = ct_alloc(bytes);
    if (!name) return ct_raise_memory("ct_label", at, bytes), false;
    snprintf(name, bytes, "%d.%s", child, parameter->label);
    ct_strfree((char *)parameter->label);
    parameter->label = name;
    return true;
}

static bool inherit_parameters(const char *at, ct_module *m) {
    int number = 0;
    for (ct_module *child = m->children; child; child = child->next, number++)
        for (int i = 0; i < child->n_parameters; i++) {
            if (!rename_parameter(at, child->parameters[i], number)) return false;
            m->parameters[m->n_parameters++] = child->parameters[i];
            m->n_inherited++;
        }
    return true;
}

ct_module *ct_module_new(const char *at, const ct_layer_kind *kind, int n_own, int n, ct_module *const *children) {
    ct_module *first = NULL, **link = &first;
    int64_t n_parameters = n_own;
    bool fit = true;
    for (int i = 0; i < n; i++) {
        ct_module *child = children[i];
        if (child && !child->owned) {
            child->owned = true;
            child->place = i;
            *link = child;
            link = &child->next;
            n_parameters += child->n_parameters;
            continue;
        }
        if (child) ct_raise(CT_ERR_ARGUMENT, kind->name, at, "layer %d is part of a module already", i);
        if (!child) ct_raise_null(kind->name, at, i);
        fit = false;
    }
    ct_module *m = fit ? allocate(at, kind, n_parameters) : NULL;
    if (!m) return free_list(first), NULL;
    m->children = first;
    if (inherit_parameters(at, m)) return m;
    ct_module_free(m);
    return NULL;
}

ct_tensor *ct_module_add_parameter(const char *at, ct_module *m, const char *name, ct_dtype dtype, ct_shape shape) {
    assert((char *)(m->parameters + m->n_parameters) < (char *)m + m->bytes);
    ct_tensor *parameter = ct_parameter_at(at, dtype, shape, name);
    if (parameter) m->parameters[m->n_parameters++] = parameter;
    return parameter;
}

/* ---- use ---------------------------------------------------------------------------------------------------- */

/* "2: relu" */
static void name_group(const void *owner, char *text, size_t size) {
    const ct_module *m = owner;
    int length = m->place < 0 ? 0 : snprintf(text, size, "%d: ", m->place);
    if (m->kind->describe) m->kind->describe(m, text + length, size - (size_t)length);
    else snprintf(text + length, size - (size_t)length, "%s", m->kind->name + strlen("ct_"));
}

ct_tensor *ct_forward_at(const char *at, ct_module *m, ct_tensor *x) {
    if (!m) return ct_raise_null("ct_forward", at, 0), NULL;
    ct_group group = ct_begin_group_of(at, name_group, m);
    ct_tensor *y = m->kind->forward(at, m, x);
    ct_end_group_at(at, group);
    return y;
}

void ct_set_training(ct_module *m, bool training) {
    if (!m) return;
    m->training = training;
    for (ct_module *child = m->children; child; child = child->next) ct_set_training(child, training);
}

bool ct_is_training(const ct_module *m) { return m && m->training; }

int ct_module_parameter_count(const ct_module *m) { return m ? m->n_parameters : 0; }

ct_tensor *ct_module_parameter(const ct_module *m, int i) {
    return i >= 0 && i < ct_module_parameter_count(m) ? m->parameters[i] : NULL;
}

const char *ct_module_parameter_name(const ct_module *m, int i) { return ct_label_of(ct_module_parameter(m, i)); }

ct_list ct_parameters(const ct_module *m) {
    return (ct_list){.n = ct_module_parameter_count(m), .items = m ? m->parameters : NULL};
}
