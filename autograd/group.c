/* Groups: names for parts of a computation. A tensor does not know its group: the groups of a thread are intervals of
 * its tensors' numbers, so a group costs one small struct however much is computed in it. */
#include "autograd/internal.h"

#include <string.h>

static ct_group begin(const char *at, ct_group_span span) {
    struct ct_level *level = &ct_this.level[ct_this.depth];
    ct_group_span *group = ct_arena_alloc(&level->arena, sizeof *group, _Alignof(ct_group_span));
    if (!group) return ct_raise_memory("ct_begin_group", at, sizeof *group), (ct_group){0};
    if (++ct_this.groups == 0) ct_this.groups = 1;
    *group = span;
    group->first = ct_this.next_id;
    group->end = UINT32_MAX;
    group->number = ct_this.groups;
    group->parent = level->open_group;
    group->older = level->newest_group;
    level->open_group = level->newest_group = group;
    return (ct_group){group->number};
}

ct_group ct_begin_group_of(const char *at, ct_group_namer *namer, const void *owner) {
    return ct_this.depth ? begin(at, (ct_group_span){.namer = namer, .owner = owner}) : (ct_group){0};
}

ct_group ct_begin_group_at(const char *at, const char *name) {
    const char *op = "ct_begin_group";
    if (!name) return ct_raise_null(op, at, 0), (ct_group){0};
    if (!ct_this.depth)
        return ct_raise_no_scope(op, at), (ct_group){0};
    size_t bytes = strlen(name) + 1;
    char *copy = ct_scope_alloc(ct_this.depth, bytes);
    if (!copy) return ct_raise_memory(op, at, bytes), (ct_group){0};
    return begin(at, (ct_group_span){.name = memcpy(copy, name, bytes)});
}

static bool encloses(const ct_group_span *group, const ct_group_span *inner) {
    while (inner && inner != group) inner = inner->parent;
    return inner != NULL;
}

void ct_end_group_at(const char *at, ct_group group) {
    ct_group_span *ended = ct_this.level[ct_this.depth].open_group;
    if (!group.number) return;
    while (ended && ended->number != group.number) ended = ended->parent;
    if (!ended) {
        ct_raise(CT_ERR_SCOPE, "ct_end_group", at, "the group is not open");
        return;
    }
    for (ct_group_span *inner = ct_this.level[ct_this.depth].open_group; inner != ended->parent;
         inner = inner->parent)
        inner->end = ct_this.next_id;
    for (int depth = ct_this.depth; depth > 0 && encloses(ended, ct_this.level[depth].open_group); depth--)
        ct_this.level[depth].open_group = ended->parent;
}

const char *ct_group_name(const ct_group_span *group, char text[CT_DESCRIPTION]) {
    if (group->name) return group->name;
    group->namer(group->owner, text, CT_DESCRIPTION);
    return text;
}
