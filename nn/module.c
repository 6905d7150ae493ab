/* The module: a tree of layers that owns parameters and buffers. */
#include "autograd/internal.h"
#include "nn/internal.h"
#include "tensor/checked.h"

#include <inttypes.h>
#include <string.h>

/* ---- life --------------------------------------------------------------------------------------------------- */

ct_module *ct_module_new_at(const char *at, const ct_module_kind *kind) {
    size_t start, bytes;
    if (!kind || !kind->name || (!kind->forward && !kind->forward_with))
        return ct_raise(CT_ERR_NULL, "ct_module_new", at, "a kind has a name and forward()"), NULL;
    if (!ct_checked_round_up(sizeof(ct_module), CT_ALIGNMENT, &start) || !ct_checked_add(start, kind->size, &bytes))
        return ct_raise(CT_ERR_LIMIT, kind->name, at, "its data are too large"), NULL;
    ct_module *m = ct_alloc(bytes);
    if (!m) return ct_raise_memory(kind->name, at, bytes), NULL;
    memset(m, 0, bytes);
    m->kind = kind;
    m->data = (char *)m + start;
    m->training = true;
    m->bytes = bytes;
    return m;
}

void ct_module_free(ct_module *m) {
    if (!m || m->owned) return;
    for (ct_module *part = m->parts, *next; part; part = next) {
        next = part->next;
        part->owned = false;
        ct_module_free(part);
    }
    for (int i = 0; i < m->own.n; i++) ct_free(m->own.items[i]);
    ct_dealloc(m->own.items, m->own.capacity * sizeof(ct_tensor *)); /* these were allocated, so they fit */
    ct_dealloc(m->all.items, m->all.capacity * sizeof(ct_tensor *));
    ct_strfree(m->name);
    ct_dealloc(m, m->bytes);
}

ct_module *ct_module_finish(ct_module *m) {
    if (!m || !m->failed) return m;
    ct_module_free(m);
    return NULL;
}

/* ---- adding tensors and parts ------------------------------------------------------------------------------- */

static bool is_taken(const ct_module *m, const char *name) {
    for (int i = 0; i < m->own.n; i++)
        if (!strcmp(m->own.items[i]->label, name)) return true;
    for (const ct_module *part = m->parts; part; part = part->next)
        if (!strcmp(part->name, name)) return true;
    return false;
}

/* False, with an error raised, when m is NULL or part of another module, whose lists are made, or the name is not one
 * for it, which is part of paths. */
static bool may_add(const char *op, const char *at, ct_module *m, const char *name) {
    if (!m) return ct_raise_null(op, at, 0), false;
    if (m->owned) ct_raise(CT_ERR_ARGUMENT, op, at, "%s is part of a module already", m->kind->name);
    else if (!name) ct_raise(CT_ERR_NULL, op, at, "the name is NULL");
    else if (!*name || strchr(name, '.')) ct_raise(CT_ERR_ARGUMENT, op, at, "\"%.60s\" is no name", name);
    else if (is_taken(m, name)) ct_raise(CT_ERR_ARGUMENT, op, at, "there is a \"%.60s\" already", name);
    else return true;
    return !(m->failed = true);
}

static bool make_room(const char *at, ct_module *m, int n) {
    size_t wanted = (size_t)m->all.n_parameters + (size_t)m->all.n_buffers + (size_t)n;
    if (ct_grow((void **)&m->all.items, &m->all.capacity, wanted, sizeof(ct_tensor *))) return true;
    return ct_raise_memory(m->kind->name, at, wanted * sizeof(ct_tensor *)), false;
}

/* There is room. */
static void list_parameter(ct_module *m, ct_tensor *t) {
    ct_tensor **place = m->all.items + m->all.n_parameters++;
    memmove(place + 1, place, (size_t)m->all.n_buffers * sizeof *place);
    *place = t;
}

static void list_buffer(ct_module *m, ct_tensor *t) {
    m->all.items[m->all.n_parameters + m->all.n_buffers++] = t;
}

/* Takes over t, which may be NULL. */
static ct_tensor *add_tensor(const char *at, ct_module *m, ct_tensor *t, void (*list)(ct_module *m, ct_tensor *t)) {
    bool ok = t && make_room(at, m, 1);
    if (ok && !ct_grow((void **)&m->own.items, &m->own.capacity, (size_t)m->own.n + 1, sizeof(ct_tensor *)))
        ok = (ct_raise_memory(m->kind->name, at, (size_t)m->own.n * sizeof(ct_tensor *)), false);
    if (!ok) return ct_free(t), m->failed = true, NULL;
    m->own.items[m->own.n++] = t;
    list(m, t);
    return t;
}

ct_tensor *ct_add_parameter_at(const char *at, ct_module *m, const char *name, ct_dtype dtype, ct_shape shape) {
    if (!may_add("ct_add_parameter", at, m, name)) return NULL;
    return add_tensor(at, m, ct_parameter_at(at, dtype, shape, name), list_parameter);
}

ct_tensor *ct_add_buffer_at(const char *at, ct_module *m, const char *name, ct_dtype dtype, ct_shape shape) {
    if (!may_add("ct_add_buffer", at, m, name)) return NULL;
    ct_tensor *t = ct_new_owned("ct_add_buffer", at, dtype, &shape);
    if (t) memset(t->data, 0, ct_bytes_of(t));
    if (t && !ct_label_at(at, t, name)) ct_free(t), t = NULL;
    return add_tensor(at, m, t, list_buffer);
}

/* "weight" of the part "2" is called "2.weight" from now on. */
static bool rename_tensor(const char *at, ct_tensor *t, const char *part) {
    int length = snprintf(NULL, 0, "%s.%s", part, t->label);
    char *name = ct_alloc((size_t)length + 1);
    if (!name) return ct_raise_memory("ct_label", at, (size_t)length + 1), false;
    snprintf(name, (size_t)length + 1, "%s.%s", part, t->label);
    ct_strfree((char *)t->label);
    t->label = name;
    return true;
}

static bool inherit_tensors(const char *at, ct_module *m, ct_module *part, const char *name) {
    ct_list parameters = ct_parameters(part), buffers = ct_buffers(part);
    if (!make_room(at, m, parameters.n + buffers.n)) return false;
    if (!(part->name = ct_strdup(name))) return ct_raise_memory(m->kind->name, at, strlen(name) + 1), false;
    for (int i = 0; i < parameters.n + buffers.n; i++)
        if (!rename_tensor(at, part->all.items[i], name)) return false;
    for (int i = 0; i < parameters.n; i++) list_parameter(m, parameters.items[i]);
    for (int i = 0; i < buffers.n; i++) list_buffer(m, buffers.items[i]);
    return true;
}

static int number_of_parts(const ct_module *m) {
    int n = 0;
    for (const ct_module *part = m->parts; part; part = part->next) n++;
    return n;
}

ct_module *ct_add_part_at(const char *at, ct_module *m, const char *name, ct_module *part) {
    if (!may_add("ct_add_part", at, m, name)) {
        if (part != m) ct_module_free(part);
        return NULL;
    }
    const bool fits = part && part != m && !part->owned;
    if (!part) ct_raise_null(m->kind->name, at, number_of_parts(m));
    else if (!fits) ct_raise(CT_ERR_ARGUMENT, m->kind->name, at, "layer %s is part of a module already", name);
    if (!fits || !inherit_tensors(at, m, part, name)) {
        m->failed = true;
        if (part != m) ct_module_free(part);
        return NULL;
    }
    part->owned = true;
    *(m->parts ? &m->last_part->next : &m->parts) = part;
    m->last_part = part;
    return part;
}

/* ---- use ---------------------------------------------------------------------------------------------------- */

void ct_module_describe(const ct_module *m, char *text, size_t size) {
    if (m->kind->describe) {
        m->kind->describe(m, text, size);
        return;
    }
    const char *name = m->kind->name + (strncmp(m->kind->name, "ct_", 3) ? 0 : 3), *end = strstr(name, "_layer");
    snprintf(text, size, "%.*s", end ? (int)(end - name) : (int)strlen(name), name);
}

/* "2: relu" */
static void name_group(const void *owner, char *text, size_t size) {
    const ct_module *m = owner;
    int length = m->name ? snprintf(text, size, "%s: ", m->name) : 0;
    if ((size_t)length < size) ct_module_describe(m, text + length, size - (size_t)length);
}

ct_tensor *ct_forward_by(const char *at, ct_module *m, ct_tensor *x,
                         ct_tensor *(*forward)(const char *at, ct_module *m, ct_tensor *x)) {
    ct_group group = ct_begin_group_of(at, name_group, m);
    ct_tensor *y = forward(at, m, x);
    ct_end_group_at(at, group);
    return y;
}

ct_tensor *ct_forward_with_at(const char *at, ct_module *m, ct_tensor *x, void *more) {
    if (!m) return ct_raise_null("ct_forward", at, 0), NULL;
    if (more && !m->kind->forward_with)
        return ct_raise(CT_ERR_ARGUMENT, m->kind->name, at, "takes nothing beside x"), NULL;
    if (!m->kind->forward_with) return ct_forward_by(at, m, x, m->kind->forward);
    ct_group group = ct_begin_group_of(at, name_group, m);
    ct_tensor *y = m->kind->forward_with(at, m, x, more);
    ct_end_group_at(at, group);
    return y;
}

void ct_set_training(ct_module *m, bool training) {
    if (!m) return;
    m->training = training;
    for (ct_module *part = m->parts; part; part = part->next) ct_set_training(part, training);
}

bool ct_is_training(const ct_module *m) { return m && m->training; }
void *ct_module_data(const ct_module *m) { return m ? m->data : NULL; }
const char *ct_kind_of(const ct_module *m) { return m ? m->kind->name : NULL; }

/* ---- tensors ------------------------------------------------------------------------------------------------ */

static ct_list tensors(const ct_module *m, int first, int n) {
    return (ct_list){.n = n, .items = n ? m->all.items + first : NULL};
}

ct_list ct_parameters(const ct_module *m) { return m ? tensors(m, 0, m->all.n_parameters) : (ct_list){0}; }

ct_list ct_buffers(const ct_module *m) {
    return m ? tensors(m, m->all.n_parameters, m->all.n_buffers) : (ct_list){0};
}

ct_list ct_module_state(const ct_module *m) {
    return m ? tensors(m, 0, m->all.n_parameters + m->all.n_buffers) : (ct_list){0};
}

int ct_module_parameter_count(const ct_module *m) { return ct_parameters(m).n; }

ct_tensor *ct_module_parameter(const ct_module *m, int i) {
    return i >= 0 && i < ct_module_parameter_count(m) ? m->all.items[i] : NULL;
}

const char *ct_module_parameter_name(const ct_module *m, int i) { return ct_label_of(ct_module_parameter(m, i)); }

ct_tensor *ct_own_tensor(const ct_module *m, int k) { return m && k >= 0 && k < m->own.n ? m->own.items[k] : NULL; }

void ct_freeze(ct_list parameters) {
    for (int i = 0; parameters.items && i < parameters.n; i++) {
        ct_tensor *t = parameters.items[i];
        if (!t || !(t->flags & CT_LEAF)) continue;
        t->flags = (uint8_t)((t->flags & ~(CT_LEAF | CT_NEEDS_GRAD | CT_GRAD_SET)) | CT_FROZEN);
        t->pass = 0; /* no gradient of the last pass */
    }
}

void ct_unfreeze(ct_list parameters) {
    for (int i = 0; parameters.items && i < parameters.n; i++) {
        ct_tensor *t = parameters.items[i];
        if (t && t->flags & CT_FROZEN) t->flags = (uint8_t)((t->flags & ~CT_FROZEN) | CT_LEAF | CT_NEEDS_GRAD);
    }
}

/* ---- the tree ----------------------------------------------------------------------------------------------- */

ct_module *ct_own_part(const ct_module *m, int k) {
    ct_module *part = m && k >= 0 ? m->parts : NULL;
    while (part && k-- > 0) part = part->next;
    return part;
}

ct_module *ct_part_of(ct_module *m, const char *path) {
    while (m && path && *path) {
        size_t length = strcspn(path, ".");
        m = m->parts;
        while (m && (strncmp(m->name, path, length) || m->name[length])) m = m->next;
        path += length + (path[length] == '.');
    }
    return path ? m : NULL;
}

#define PATH_SIZE 512 /* longer paths are cut */

static void visit_parts(ct_module *m, const char *path, ct_visitor *visit, void *context) {
    char below[PATH_SIZE];
    for (ct_module *part = m->parts; part; part = part->next) {
        snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", part->name);
        visit(part, below, context);
        visit_parts(part, below, visit, context);
    }
}

void ct_visit(ct_module *m, ct_visitor *visit, void *context) {
    if (!m || !visit) return;
    visit(m, "", context);
    visit_parts(m, "", visit, context);
}

/* ---- sizes of layers ---------------------------------------------------------------------------------------- */

bool ct_valid_sizes(const char *op, const char *at, int64_t in, int64_t out) {
    if (in >= 1 && out >= 1) return true;
    return ct_raise(CT_ERR_ARGUMENT, op, at, "sizes %" PRId64 " -> %" PRId64 ": must be 1 or more", in, out), false;
}
