/* What shapes and colours mean: told apart by shape in print, and by colours that the colour-blind can tell apart on
 * the screen. */
#include "inspect/draw/canvas.h"

static const struct {
    const char *name, *style;
} roles[CT_ROLE_COUNT] = {
    [CT_ROLE_CONSTANT] = {"constant", "shape=box, style=filled, fillcolor=\"#ffffff\", color=\"" CT_GREY "\""},
    [CT_ROLE_INPUT] = {"input", "shape=box, style=\"filled,dashed\", fillcolor=\"#ffffff\", color=\"" CT_GREY "\""},
    [CT_ROLE_VARIABLE] = {"variable", "shape=note, style=filled, fillcolor=\"#fdf0d0\", color=\"#a87400\""},
    [CT_ROLE_PARAMETER] = {"parameter", "shape=box3d, style=filled, fillcolor=\"#f9e6f0\", color=\"#9c3f72\""},
    [CT_ROLE_OP] = {"operation", "shape=box, style=\"filled,rounded\", fillcolor=\"#e6f1fa\", color=\"#0072b2\""},
    [CT_ROLE_ROOT] = {"result", "shape=box, style=filled, peripheries=2, fillcolor=\"#d9f0e6\", color=\"#00664a\""},
};

const char *ct_role_style(ct_role role) { return roles[role].style; }

const char *ct_verdict_colour(const ct_claim_result *claim) {
    static const char *const colours[] = {
        [CT_CLAIM_UNTESTED] = CT_GREY,    [CT_CLAIM_RIGHT] = "#00664a", [CT_CLAIM_UNDECIDED] = CT_GREY,
        [CT_CLAIM_INHERITED] = "#a87400", [CT_CLAIM_LOCAL] = "#c00020", [CT_CLAIM_ONLY_HERE] = "#8a2080",
    };
    return colours[claim->verdict];
}

/* What stands on edges, when there is such an edge. */
static bool has_derivatives(const ct_view *view) {
    for (size_t i = 0; i < view->graph.n; i++)
        for (int k = 0; k < view->graph.node[i]->n_in; k++)
            if (ct_view_has_derivative(view, i, k)) return true;
    return false;
}

void ct_canvas_legend(ct_canvas *canvas) {
    const ct_view *view = canvas->view;
    ct_text *out = &canvas->text;
    bool there[CT_ROLE_COUNT] = {false};
    for (size_t i = 0; i < view->graph.n; i++) there[ct_view_role(view, i)] |= view->shown[i] == i;
    ct_text_add(
        out,
        "    subgraph legend {\n        rank=max;\n        node [fontsize=9, margin=\"0.06,0.03\", height=0.2];\n");
    for (ct_role role = 0; role < CT_ROLE_COUNT; role++)
        if (there[role])
            ct_text_add(out, "        \"legend:%s\" [%s, label=\"%s\"];\n", roles[role].name, roles[role].style,
                        roles[role].name);
    if (has_derivatives(view))
        ct_text_add(out, "        \"legend:edge\" [shape=plaintext, label=<"
                         "local derivative<BR/><FONT COLOR=\"" CT_GRADIENT "\">cotangent carried back</FONT>>];\n");
    ct_text_add(out, "    }\n");
}
