/* The nodes of a graph as a list for users. */
#include "inspect/internal.h"

#include <limits.h>
#include <string.h>

ct_list ct_nodes_at(const char *at, ct_tensor *f) {
    ct_graph graph = {0};
    ct_list nodes = {0, NULL};
    if (!ct_usable("ct_nodes", at, f, 0)) return nodes;
    if (ct_this.depth == 0) return ct_raise_no_scope("ct_nodes", at), nodes;
    bool collected = ct_graph_collect(&graph, f) && graph.n <= INT_MAX;
    ct_tensor **copy = collected ? ct_scope_array(ct_this.depth, graph.n, sizeof *copy) : NULL;
    if (copy) {
        memcpy(copy, graph.node, graph.n * sizeof *copy);
        nodes = (ct_list){.n = (int)graph.n, .items = copy};
    } else {
        ct_raise_memory("ct_nodes", at, graph.n * sizeof *copy);
    }
    ct_graph_free(&graph);
    return nodes;
}
