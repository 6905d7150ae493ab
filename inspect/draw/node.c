/* One node as text for Graphviz. Its label is HTML-like, in which every character of a user's text can be written
 * safely. */
#include "inspect/draw/canvas.h"

#define PLACE_LIMIT 100
#define LABEL_LIMIT 64
#define DIGITS 6
#define TABLE "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"1\">\n"
#define ROW "        <TR>" /* a line of its own, so that two drawings can be compared */
#define SMALL "<FONT POINT-SIZE=\"9\" COLOR=\"%s\">"

void ct_canvas_name(ct_canvas *canvas, size_t index) {
    const ct_view *view = canvas->view;
    const char *quote = index != CT_FOLDED && view->named[index] ? "\"" : "";
    ct_text_add(&canvas->text, "%s", quote);
    if (index == CT_FOLDED) ct_text_add(&canvas->text, "folded");
    else ct_text_key(&canvas->text, view, index);
    ct_text_add(&canvas->text, "%s", quote);
}

/* ---- values and gradients ----------------------------------------------------------------------------------- */

/* Numbers in columns end at one place; not where others will stand than Graphviz sees. */
static const char *alignment(const ct_canvas *canvas, ct_figure_part part) {
    return part == CT_ITEM || part == CT_HISTOGRAM || canvas->marks ? "LEFT" : "RIGHT";
}

static void add_cell(ct_canvas *canvas, ct_figure figure, const char *colour) {
    ct_text *out = &canvas->text;
    bool histogram = figure.part == CT_HISTOGRAM;
    ct_text_add(out, "<TD ALIGN=\"%s\"%s><FONT COLOR=\"%s\"%s>%s", alignment(canvas, figure.part),
                histogram && canvas->marks ? " WIDTH=\"86\"" : "", colour, histogram ? " POINT-SIZE=\"9\"" : "",
                figure.part == CT_ITEM ? "" : "&#160;&#160;");
    ct_canvas_figure(canvas, figure);
    ct_text_add(out, "</FONT></TD>");
}

static void add_caption(ct_text *out, const char *caption, const char *colour) {
    ct_text_add(out, ROW "<TD ALIGN=\"RIGHT\">" SMALL "%s&#160;&#160;</FONT></TD>", colour, caption);
}

/* "value -1.05", or what there is to say of many elements under its headings. */
static void add_row(ct_canvas *canvas, ct_figure figure, const char *caption, const char *colour) {
    bool single = ct_size_of(canvas->view->graph.node[figure.node]) == 1;
    add_caption(&canvas->text, caption, colour);
    figure.part = single ? CT_ITEM : CT_MINIMUM;
    add_cell(canvas, figure, colour);
    for (ct_figure_part part = CT_MEAN; part <= CT_HISTOGRAM && !single; part++) {
        figure.part = part;
        add_cell(canvas, figure, colour);
    }
    ct_text_add(&canvas->text, "</TR>\n");
}

static void add_headings(ct_canvas *canvas) {
    static const char *const headings[] = {[CT_MINIMUM] = "min",
                                           [CT_MEAN] = "mean",
                                           [CT_MAXIMUM] = "max",
                                           [CT_NORM] = "norm",
                                           [CT_HISTOGRAM] = "spread"};
    ct_text *out = &canvas->text;
    ct_text_add(out, ROW "<TD></TD>");
    for (ct_figure_part part = CT_MINIMUM; part <= CT_HISTOGRAM; part++)
        ct_text_add(out, "<TD ALIGN=\"%s\">" SMALL "&#160;&#160;%s</FONT></TD>", alignment(canvas, part), CT_GREY,
                    headings[part]);
    ct_text_add(out, "</TR>\n");
}

/* "0.35 X local mistake, off by 0.005"; of a larger tensor "[3,7]: 0.35 X ...", and no number when all are right. */
static void add_claim(ct_text *out, const ct_claim_result *claim, int columns) {
    static const char *const signs[] = {
        [CT_CLAIM_UNTESTED] = "?",         [CT_CLAIM_RIGHT] = "\xe2\x9c\x93",
        [CT_CLAIM_UNDECIDED] = "?",        [CT_CLAIM_INHERITED] = "\xe2\x86\x92",
        [CT_CLAIM_LOCAL] = "\xe2\x9c\x97", [CT_CLAIM_ONLY_HERE] = "\xe2\x9c\x97",
    };
    const char *colour = ct_verdict_colour(claim);
    add_caption(out, "claim", colour);
    ct_text_add(out, "<TD ALIGN=\"LEFT\" COLSPAN=\"%d\"><FONT COLOR=\"%s\">", columns, colour);
    bool single = ct_size_of(claim->tensor) == 1, wrong = claim->index >= 0 && claim->verdict > CT_CLAIM_RIGHT;
    if (wrong && !single) ct_text_index(out, claim->tensor, claim->index), ct_text_add(out, ": ");
    if (wrong || (single && claim->index >= 0)) ct_text_number(out, claim->claimed, DIGITS), ct_text_add(out, " ");
    ct_text_add(out, "%s %s", signs[claim->verdict], ct_claim_verdict_name(claim->verdict));
    if (wrong) ct_text_add(out, ", off by "), ct_text_number(out, claim->claimed - claim->computed, 3);
    ct_text_add(out, "</FONT></TD></TR>\n");
}

static void add_numbers(ct_canvas *canvas, size_t index, bool pale) {
    const ct_tensor *t = canvas->view->graph.node[index];
    const ct_claim_result *claim = ct_claim_of(t);
    bool single = ct_size_of(t) == 1;
    if (!single) add_headings(canvas);
    add_row(canvas, (ct_figure){.node = index, .kind = CT_VALUE}, "value", pale ? CT_PALE : CT_BLACK);
    if (t->flags & CT_NEEDS_GRAD)
        add_row(canvas, (ct_figure){.node = index, .kind = CT_GRADIENT_OF}, "grad", pale ? CT_PALE : CT_GRADIENT);
    if (claim) add_claim(&canvas->text, claim, single ? 1 : 5);
}

/* ---- what is said when resting on the node ------------------------------------------------------------------- */

static void add_shape(ct_text *out, const ct_tensor *t) {
    ct_text_add(out, t->ndim ? "%s " : "%s", ct_dtype_name((ct_dtype)t->dtype));
    if (t->ndim) ct_text_extents(out, t->ndim, t->extent->dim);
}

/* "0: linear in encoder", and the end of the line. */
static void add_groups(ct_text *out, const ct_group_span *group) {
    for (; group; group = group->parent) {
        char text[CT_DESCRIPTION];
        ct_text_escaped(out, ct_group_name(group, text), LABEL_LIMIT);
        ct_text_add(out, group->parent ? " in " : "&#10;");
    }
}

static void add_tooltip(ct_canvas *canvas, size_t index) {
    const ct_tensor *t = canvas->view->graph.node[index];
    ct_text *out = &canvas->text;
    ct_text_add(out, ",\n        tooltip=\"");
    if (t->at) ct_text_escaped(out, ct_place_name(t->at), PLACE_LIMIT);
    ct_text_add(out, t->at ? "&#10;" : "");
    add_groups(out, canvas->view->group[index]);
    if (t->op) ct_text_add(out, "%s, ", ct_op_table[t->op]->name);
    add_shape(out, t);
    ct_text_add(out, "&#10;value&#10;");
    ct_canvas_figure(canvas, (ct_figure){.node = index, .kind = CT_VALUE, .part = CT_ELEMENTS});
    if (t->flags & CT_NEEDS_GRAD) ct_text_add(out, "&#10;grad&#10;");
    if (t->flags & CT_NEEDS_GRAD)
        ct_canvas_figure(canvas, (ct_figure){.node = index, .kind = CT_GRADIENT_OF, .part = CT_ELEMENTS});
    ct_text_add(out, "\"");
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

void ct_canvas_node(ct_canvas *canvas, size_t index) {
    const ct_view *view = canvas->view;
    const ct_tensor *t = view->graph.node[index];
    const ct_claim_result *claim = ct_claim_of(t);
    ct_text *out = &canvas->text;
    bool pale = !ct_view_has_value(view, index);
    ct_text_add(out, "    ");
    ct_canvas_name(canvas, index);
    ct_text_add(out, " [id=\"node-");
    ct_text_key(out, view, index);
    ct_text_add(out, "\", %s", ct_role_style(ct_view_role(view, index)));
    if (claim) ct_text_add(out, ", penwidth=3, color=\"%s\"", ct_verdict_colour(claim));
    if (pale) ct_text_add(out, ", fillcolor=white, color=\"" CT_PALE "\"");
    add_tooltip(canvas, index);
    ct_text_add(out, ",\n        label=<" TABLE ROW "<TD>%s<B>", pale ? "<FONT COLOR=\"" CT_PALE "\">" : "");
    ct_text_name(out, &view->graph, t);
    if (t->op) ct_text_add(out, " = ");
    if (t->op) ct_text_formula(out, &view->graph, t, false);
    ct_text_add(out, "</B>%s</TD></TR>\n", pale ? "</FONT>" : "");
    if (t->ndim) {
        ct_text_add(out, ROW "<TD>" SMALL, CT_GREY);
        add_shape(out, t);
        ct_text_add(out, "</FONT></TD></TR>\n");
    }
    ct_text_add(out, ROW "<TD>" TABLE);
    add_numbers(canvas, index, pale);
    ct_text_add(out, "        </TABLE></TD></TR>\n    </TABLE>>];\n");
}
