/* The pictures of a page: their data, and the gnuplot scripts that draw them. */
#include "report/internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Colours that the colour-blind can tell apart (Okabe and Ito), those that are dark enough on white. */
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};
#define N_COLOURS (int)(sizeof colours / sizeof *colours)

static const char *const set_titles[3] = {"training", "validation", "test"};

typedef struct curves {
    const char *name, *title;
    const char *x, *x_factor, *x_label; /* columns of history.csv, the latter without "train_" */
    const char *y, *y_label;
    bool share;  /* a fraction, shown in per cent */
    bool within; /* rows inside of epochs too */
} curves;

static const curves all_curves[] = {
    {"loss", "Loss against epochs", "epoch", "", "epochs", "loss", "mean loss of a sample", false, false},
    {"accuracy", "Accuracy against epochs", "epoch", "", "epochs", "accuracy", "accuracy (%)", true, false},
    {"error", "Error against epochs", "epoch", "", "epochs", "error", "error (%)", true, false},
    {"error_time", "Error against training time", "seconds", "", "training time (s)", "error", "error (%)", true,
     false},
    {"cost_steps", "Cost against steps", "step", "0.001*", "thousands of steps", "loss", "cost, penalties included",
     false, true},
};
#define N_CURVES (int)(sizeof all_curves / sizeof *all_curves)

/* ---- scripts ------------------------------------------------------------------------------------------------ */

/* Between quotes, which are doubled inside; a new line is a string of its own. */
static void quote(ct_text *out, const char *text) {
    ct_text_add(out, "'");
    for (; *text; text++)
        if (*text == '\n') ct_text_add(out, "' . \"\\n\" . '");
        else ct_text_add(out, *text == '\'' ? "''" : "%c", (unsigned char)*text < ' ' ? ' ' : *text);
    ct_text_add(out, "'");
}

#define SIZE_OF_MATRIX 560, 500

static void begin_script(ct_text *out, const char *name, const char *title) {
    ct_text_add(out,
                "# Draws %s.svg and %s.png: gnuplot %s.gp\nreset session\nset encoding utf8\n"
                "set datafile separator comma\nset datafile missing NaN\nset title ",
                name, name, name);
    quote(out, title);
    ct_text_add(out, "\nset border 3 lc rgb '#4a5560'\nset tics nomirror textcolor rgb '#1a1a1a'\n"
                     "set grid lc rgb '#d9dee3' lw 1\n");
}

/* Draws what `plot` says as SVG and again as a bitmap of twice the size. */
static void end_script(ct_text *out, const char *name, int width, int height, const char *plot) {
    ct_text_add(out,
                "set terminal svg size %d,%d dynamic noenhanced font 'DejaVu Sans,13' background '#ffffff'\n"
                "set output '%s.svg'\n%s\n"
                "set terminal pngcairo size %d,%d noenhanced font 'DejaVu Sans,13' fontscale 1.9 linewidth 2\n"
                "set output '%s.png'\n%s\nset output\n",
                width, height, name, plot, 2 * width, 2 * height, name, plot);
}

/* Puts NAME.gp into the folder of plots, and takes note of it. Frees both texts. */
static bool add_script(ct_page *page, const char *name, ct_text *script, ct_text *plot) {
    char file[sizeof page->scripts[0]];
    script->failed = script->failed || plot->failed;
    ct_text_free(plot);
    snprintf(file, sizeof file, "%s.gp", name);
    if (page->n_scripts == CT_MOST_PLOTS) return ct_text_free(script), true;
    memcpy(page->scripts[page->n_scripts++], file, sizeof file);
    return ct_put_text(CT_REPORT, page->at, ct_path_of(ct_path_of(page->folder, "plots").text, file).text, script);
}

/* ---- curves ------------------------------------------------------------------------------------------------- */

static bool has_set(const ct_facts *run, int set) {
    char path[32];
    snprintf(path, sizeof path, "%s.samples", ct_set_names[set]);
    return ct_fact_number(run, path) > 0;
}

/* Few runs are shown with all their sets; of many, where the lines would hide each other, one each. */
static bool shows_set(const ct_page *page, const ct_facts *run, int set) {
    if (!has_set(run, set)) return false;
    return page->n <= CT_FEW_RUNS || set == 2 || (set == 1 && !has_set(run, 2)) ||
           (!has_set(run, 1) && !has_set(run, 2));
}

/* The axis of losses is logarithmic: they fall by orders of magnitude. With few of those it has more numbers. */
static void add_axes(ct_text *script, const ct_page *page, const curves *c) {
    double lowest = INFINITY;
    ct_text_add(script, "set xlabel '%s'\nset ylabel '%s'\nset autoscale xfix\n", c->x_label, c->y_label);
    if (!strcmp(c->y, "error")) ct_text_add(script, "set yrange [0:*]\n");
    if (!strcmp(c->x, "epoch") && ct_fact_number(&page->runs[0], "epochs") <= 12)
        ct_text_add(script, "set xtics 1\n");
    if (strcmp(c->y, "loss") != 0) return;
    for (int i = 0; i < page->n; i++) lowest = fmin(lowest, ct_fact_number(&page->runs[i], "train.lowest_loss"));
    ct_text_add(script, "set logscale y\nset autoscale yfix\nset format y '%%g'\n");
    if (lowest > 1e-3)
        ct_text_add(script,
                    "set for [k=-3:5] for [m in '1 2 5'] ytics add (sprintf('%%g', m * 10.0**k) m * 10.0**k)\n");
}

/* Within half an order of magnitude a logarithmic axis would have hardly a number, so it is linear there. How far the
 * curves reach is known when they have been drawn: into nothing, for once. */
static void choose_scale(ct_text *script, const char *plot) {
    ct_text_add(script,
                "set terminal dumb\nset output '/dev/null'\n%s\n"
                "if (GPVAL_Y_MAX < 5 * GPVAL_Y_MIN) { unset logscale y }\n",
                plot);
}

static bool is_due(const ct_page *page, const curves *c) {
    for (int i = 0; i < page->n; i++)
        if (!c->within || ct_fact_number(&page->runs[i], "rows") > ct_fact_number(&page->runs[i], "epochs") + 1)
            return true;
    return false;
}

/* The lines of a run: of one alone a colour for each set, of several a colour for each and dashes for the sets. */
static void add_line(ct_text *plot, const ct_page *page, const curves *c, int i, int set, const char *title) {
    bool one = page->n == 1, few_points = ct_fact_number(&page->runs[i], "epochs") <= 30 && !c->within;
    const char *rows = !c->within ? "ended" : set == 0 ? "inside" : "";
    int dashes = one ? 1 : page->n <= CT_FEW_RUNS ? 3 - set : 1 + i / N_COLOURS;
    ct_text_add(plot, "%s\\\n    'run-%d.csv' using (%s(%scolumn('%s'))):(%scolumn('%s_%s')) ",
                plot->length ? ", " : "plot ", i + 1, rows, c->x_factor, c->x, c->share ? "100*" : "",
                ct_set_names[set], c->y);
    ct_text_add(plot, "with %s dt %d lw 2 lc rgb '%s' pt 7 ps 0.4 ", few_points ? "linespoints" : "lines", dashes,
                colours[one ? set : i % N_COLOURS]);
    if (title) ct_text_add(plot, "title "), quote(plot, title);
}

static bool add_curves(ct_page *page, const curves *c) {
    ct_text script = {0}, plot = {0};
    char title[160];
    int rows = page->n == 1 ? 1 : (page->n + 1) / 2; /* of the legend */
    snprintf(title, sizeof title, "%s%s", c->title,
             page->n == 1             ? ""
             : page->n <= CT_FEW_RUNS ? "\nsolid: test, dashed: validation, dotted: training"
                                      : "\non test data");
    begin_script(&script, c->name, title);
    add_axes(&script, page, c);
    ct_text_add(&script, "ended(x) = column('epoch_ends') == 1 ? x : NaN\n"
                         "inside(x) = column('epoch_ends') == 0 ? x : NaN\n"
                         "set key outside top center horizontal Left reverse noautotitle samplen 2\n");
    for (int i = 0; i < page->n; i++) {
        const char *name = page->n > 1 ? page->runs[i].name : NULL;
        for (int set = 2; set >= 0; set--) {
            if (!shows_set(page, &page->runs[i], set)) continue;
            add_line(&plot, page, c, i, set, page->n == 1 ? set_titles[set] : name);
            name = NULL; /* once for a run */
        }
    }
    if (!plot.length) return ct_text_free(&script), true; /* nothing was measured */
    if (!strcmp(c->y, "loss") && plot.text) choose_scale(&script, plot.text);
    end_script(&script, c->name, 560, 370 + 18 * rows, plot.text ? plot.text : "");
    return add_script(page, c->name, &script, &plot);
}

static bool copy_history(const ct_page *page, int i) {
    char name[32];
    ct_bytes bytes = {0};
    snprintf(name, sizeof name, "plots/run-%d.csv", i + 1);
    bool ok = ct_get_file(CT_REPORT, page->at, ct_path_of(page->runs[i].folder, "history.csv").text, &bytes) &&
              ct_put_file(CT_REPORT, page->at, ct_path_of(page->folder, name).text, bytes.data, bytes.size);
    ct_bytes_free(&bytes);
    return ok;
}

/* ---- confusions --------------------------------------------------------------------------------------------- */

static bool put_confusions(const ct_page *page, int i, const json_t *rows) {
    char name[32];
    ct_text data = {0};
    size_t n = json_array_size(rows);
    snprintf(name, sizeof name, "plots/confusion-%d.csv", i + 1);
    for (size_t truth = 0; truth < n; truth++)
        for (size_t guess = 0; guess < n; guess++)
            ct_text_add(&data, "%" JSON_INTEGER_FORMAT "%s",
                        json_integer_value(json_array_get(json_array_get(rows, truth), guess)),
                        guess + 1 < n ? "," : "\n");
    return ct_put_text(CT_REPORT, page->at, ct_path_of(page->folder, name).text, &data);
}

/* Colours go by the logarithm of the count: mistakes are few beside what is right. */
static bool add_confusions(ct_page *page, int i) {
    const json_t *rows = ct_fact(&page->runs[i], "confusion");
    char name[24], title[160], plot[400];
    size_t n = json_array_size(rows);
    if (n == 0 || n > 40) return true;
    if (!put_confusions(page, i, rows)) return false;
    snprintf(name, sizeof name, "confusion-%d", i + 1);
    snprintf(title, sizeof title,
             page->n == 1 ? "%.0sConfusions of the test data" : "%.100s: confusions of the test data",
             page->runs[i].name);
    ct_text script = {0}, rest = {0};
    begin_script(&script, name, title);
    ct_text_add(&script,
                "unset grid\nset border 15\nset size ratio 1\nset tics out\nset xtics 1\nset ytics 1\nunset key\n"
                "set xlabel 'guessed class'\nset ylabel 'true class'\nset cblabel 'samples'\n"
                "set xrange [-0.5:%zu.5]\nset yrange [%zu.5:-0.5]\nset cbrange [0:*]\n"
                "set cbtics ('0' 0, '1' log10(2), '10' log10(11), '100' log10(101), '1000' log10(1001), '10000' "
                "log10(10001))\n"
                "set palette defined (0 '#ffffff', 0.15 '#deebf7', 0.5 '#6baed6', 0.8 '#2171b5', 1 '#08306b')\n"
                "dark(z) = log10(1 + z) > 1.9\nset label 1 ''\n",
                n - 1, n - 1);
    snprintf(
        plot, sizeof plot,
        "plot '%s.csv' matrix using 1:2:(log10(1 + $3)) with image pixels, \\\n"
        "    '' matrix using 1:2:(dark($3) ? '' : sprintf('%%d', $3)) with labels font ',%d' tc rgb '#1a1a1a', \\\n"
        "    '' matrix using 1:2:(dark($3) ? sprintf('%%d', $3) : '') with labels font ',%d' tc rgb '#ffffff'",
        name, n > 12 ? 7 : 10, n > 12 ? 7 : 10);
    end_script(&script, name, SIZE_OF_MATRIX, plot);
    return add_script(page, name, &script, &rest);
}

/* ---- histograms of weights ---------------------------------------------------------------------------------- */

static bool is_weight(const json_t *layer) {
    return json_is_string(json_object_get(layer, "name")) && json_array_size(json_object_get(layer, "shape")) >= 2 &&
           json_array_size(json_object_get(json_object_get(layer, "histogram"), "count")) > 0;
}

/* A block for each weight, as gnuplot's `index` counts them: middles of the bins, and densities. Returns how many. */
static int put_histograms(const ct_page *page, int i) {
    char file[32];
    int n = 0;
    ct_text data = {0};
    snprintf(file, sizeof file, "plots/weights-%d.csv", i + 1);
    const json_t *layers = ct_fact(&page->runs[i], "layers");
    for (size_t k = 0; k < json_array_size(layers); k++) {
        const json_t *layer = json_array_get(layers, k), *histogram = json_object_get(layer, "histogram");
        if (!is_weight(layer)) continue;
        const json_t *count = json_object_get(histogram, "count");
        double limit = json_number_value(json_object_get(histogram, "limit"));
        size_t bins = json_array_size(count);
        double width = 2 * limit / (double)bins, total = json_number_value(json_object_get(layer, "n")) * width;
        ct_text_add(&data, "%s# %s\n", n++ ? "\n\n" : "", json_string_value(json_object_get(layer, "name")));
        for (size_t b = 0; b < bins; b++)
            ct_text_add(&data, "%.9g,%.9g\n", -limit + ((double)b + 0.5) * width,
                        json_number_value(json_array_get(count, b)) / total);
    }
    return ct_put_text(CT_REPORT, page->at, ct_path_of(page->folder, file).text, &data) ? n : -1;
}

/* A panel for each weight of the first run, with those of all runs in it. */
static bool add_histograms(ct_page *page) {
    int n = 0, rows;
    for (int i = page->n; i-- > 0;)
        if ((n = put_histograms(page, i)) < 0) return false;
    if (n == 0) return true;
    rows = (n + 1) / 2;
    ct_text script = {0}, plot = {0};
    begin_script(&script, "weights", "");
    ct_text_add(&script, "unset title\nset xlabel 'weight'\nset ylabel 'density'\nset yrange [0:*]\n%s",
                page->n == 1 ? "unset key\n" : "set key top right samplen 1\n");
    ct_text_add(&plot, "set multiplot layout %d,%d\n", rows, n > 1 ? 2 : 1);
    const json_t *layers = ct_fact(&page->runs[0], "layers");
    for (size_t k = 0, panel = 0; k < json_array_size(layers); k++) {
        const json_t *layer = json_array_get(layers, k);
        if (!is_weight(layer)) continue;
        ct_text_add(&plot, "set title ");
        quote(&plot, json_string_value(json_object_get(layer, "name")));
        for (int i = 0; i < page->n; i++) {
            ct_text_add(&plot, "%s 'weights-%d.csv' index %zu using 1:2 with steps lw 2 lc rgb '%s' title ",
                        i ? ", \\\n    " : "\nplot", i + 1, panel, colours[i % N_COLOURS]);
            quote(&plot, page->runs[i].name);
        }
        ct_text_add(&plot, "\n");
        panel++;
    }
    ct_text_add(&plot, "unset multiplot");
    end_script(&script, "weights", 840, 60 + 230 * rows, plot.text ? plot.text : "");
    return add_script(page, "weights", &script, &plot);
}

bool ct_plots_make(ct_page *page) {
    ct_path folder = ct_path_of(page->folder, "plots");
    if (!ct_need_folder(CT_REPORT, page->at, folder.text)) return false;
    for (int i = 0; i < page->n; i++)
        if (!copy_history(page, i)) return false;
    for (int k = 0; k < N_CURVES; k++)
        if (is_due(page, &all_curves[k]) && !add_curves(page, &all_curves[k])) return false;
    for (int i = 0; page->n <= CT_FEW_RUNS && i < page->n; i++)
        if (!add_confusions(page, i)) return false;
    if (page->n <= CT_FEW_RUNS && !add_histograms(page)) return false;
    const char *scripts[CT_MOST_PLOTS];
    for (int i = 0; i < page->n_scripts; i++) scripts[i] = page->scripts[i];
    page->gnuplot = page->n_scripts ? ct_gnuplot(folder.text, page->n_scripts, scripts) : 0;
    return true;
}
