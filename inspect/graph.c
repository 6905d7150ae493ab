/* The sub-graph of a root. No recursion: a chain of any depth needs no stack. */
#include "inspect/internal.h"
#include "tensor/checked.h"

#include <string.h>

#define UNNUMBERED SIZE_MAX

/* The slot of t, or the free one where it belongs. */
static ct_graph_slot *find(const ct_graph *graph, const ct_tensor *t) {
    size_t mask = graph->n_slots - 1;
    size_t i = (size_t)((uint64_t)(uintptr_t)t * 0x9e3779b97f4a7c15u >> 20) & mask; /* Fibonacci hashing */
    while (graph->slot[i].t && graph->slot[i].t != t) i = (i + 1) & mask;
    return &graph->slot[i];
}

static bool double_slots(ct_graph *graph) {
    ct_graph wider = {.n_slots = graph->n_slots ? 2 * graph->n_slots : 64};
    size_t bytes;
    if (!ct_checked_mul(wider.n_slots, sizeof *wider.slot, &bytes)) return false;
    wider.slot = ct_alloc(bytes);
    if (!wider.slot) return false;
    memset(wider.slot, 0, bytes);
    for (size_t i = 0; i < graph->n_slots; i++)
        if (graph->slot[i].t) *find(&wider, graph->slot[i].t) = graph->slot[i];
    ct_dealloc(graph->slot, graph->n_slots * sizeof *graph->slot);
    graph->slot = wider.slot;
    graph->n_slots = wider.n_slots;
    return true;
}

/* Makes t a member, to be numbered later. */
static bool enter(ct_graph *graph, const ct_tensor *t) {
    if (2 * (graph->members + 1) > graph->n_slots && !double_slots(graph)) return false;
    ct_graph_slot *slot = find(graph, t);
    if (!slot->t) {
        *slot = (ct_graph_slot){.t = t, .index = UNNUMBERED};
        graph->members++;
    }
    return true;
}

typedef struct tensors {
    ct_tensor **item;
    size_t n, capacity;
} tensors;

static bool append(tensors *list, ct_tensor *t) {
    if (!ct_grow((void **)&list->item, &list->capacity, list->n + 1, sizeof *list->item)) return false;
    list->item[list->n++] = t;
    return true;
}

/* Walks back along the chain of creation, on which a user is met before its operands: the members on it, newest
 * first. */
static bool find_members(ct_graph *graph, ct_tensor *root, tensors *newest_first) {
    if (!enter(graph, root)) return false;
    for (ct_tensor *t = root; t; t = t->prev) {
        if (!find(graph, t)->t) continue;
        if (!append(newest_first, t)) return false;
        for (int k = 0; k < t->n_in; k++)
            if (!enter(graph, t->in[k])) return false;
    }
    return true;
}

static void number(ct_graph *graph, ct_tensor *t) {
    find(graph, t)->index = graph->n;
    graph->node[graph->n++] = t;
}

/* An operand that has no number when its user comes is not on the chain: a parameter, or carried out of a scope. */
static void number_members(ct_graph *graph, const tensors *newest_first) {
    for (size_t i = newest_first->n; i-- > 0;) {
        ct_tensor *t = newest_first->item[i];
        for (int k = 0; k < t->n_in; k++)
            if (find(graph, t->in[k])->index == UNNUMBERED) number(graph, t->in[k]);
        number(graph, t);
    }
}

bool ct_graph_collect(ct_graph *graph, ct_tensor *root) {
    tensors newest_first = {0};
    bool ok = find_members(graph, root, &newest_first) &&
              ct_grow((void **)&graph->node, &graph->capacity, graph->members, sizeof *graph->node);
    if (ok) number_members(graph, &newest_first);
    ct_dealloc(newest_first.item, newest_first.capacity * sizeof *newest_first.item);
    return ok;
}

void ct_graph_free(ct_graph *graph) {
    ct_dealloc(graph->node, graph->capacity * sizeof *graph->node);
    ct_dealloc(graph->slot, graph->n_slots * sizeof *graph->slot);
    *graph = (ct_graph){0};
}

size_t ct_graph_index(const ct_graph *graph, const ct_tensor *t) { return find(graph, t)->index; }
