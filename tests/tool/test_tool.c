/* The program cotangent as its users call it: what it prints, and how it exits. */
#include "support/scalar_formula.h"
#include "tool/command.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#define EXERCISE                                                                                                     \
    "'p=x1*w1; q=x2*w2; r=x3*w3; s=x4*w4; a=p+q; b=r+s; a*b' "                                                       \
    "x1=0.7 w1=-1.5 x2=0.34 w2=-0.35 x3=0.2 w3=-0.25 x4=-0.9 w4=0.2"

static char help[sizeof output]; /* what `cotangent COMMAND --help` printed */

static json_t *type_for_json(const char *line) {
    ck_assert_msg(type(line) == 0, "%s: %s", line, output);
    json_error_t error;
    json_t *json = json_loads(output, 0, &error);
    ck_assert_msg(json != NULL, "%s: %s\n%s", line, error.text, output);
    return json;
}

/* ---- the exercise: a formula of eight scalars --------------------------------------------------------------- */

static void check_close(const char *what, const json_t *got, double expected) {
    ck_assert_msg(fabs(json_number_value(got) - expected) <= 1e-15 * fabs(expected), "%s is %.17g, expected %.17g",
                  what, json_number_value(got), expected);
}

START_TEST(exercise_values) {
    json_t *json = type_for_json("cotangent grad " EXERCISE " --json"), *gradients = json_object_get(json, "grad");
    check_close("f", json_object_get(json, "value"), 0.26887);
    ck_assert_uint_eq(json_object_size(gradients), 8);
    for (int i = 0; i < 8; i++)
        check_close(formula_nodes[i].label, json_object_get(gradients, formula_nodes[i].label),
                    formula_nodes[i].gradient);
    json_t *nodes = json_object_get(json, "nodes");
    ck_assert_uint_eq(json_array_size(nodes), FORMULA_NODES);
    for (int i = 0; i < FORMULA_NODES; i++) {
        json_t *node = json_array_get(nodes, (size_t)i);
        ck_assert_str_eq(json_string_value(json_object_get(node, "label")), formula_nodes[i].label);
        check_close("value", json_object_get(node, "value"), formula_nodes[i].value);
        check_close("grad", json_object_get(node, "grad"), formula_nodes[i].gradient);
    }
    json_decref(json);
}
END_TEST

START_TEST(hessian_and_arrays) {
    json_t *json = type_for_json("cotangent grad 'sum(W*W)*x^2' W='[[1, 2], [3, 4]]' x=3 --hessian --json");
    json_t *hessian = json_object_get(json, "hessian"), *row = json_object_get(hessian, "x");
    check_close("d2f/dx dx", json_object_get(row, "x"), 60);
    for (int i = 0; i < 4; i++) {
        json_t *by_x = json_array_get(json_array_get(json_object_get(row, "W"), (size_t)i / 2), (size_t)i % 2);
        json_t *by_w = json_array_get(
            json_array_get(json_object_get(json_object_get(hessian, "W"), "x"), (size_t)i / 2), (size_t)i % 2);
        check_close("d2f/dx dW", by_x, 12 * (i + 1));
        check_close("d2f/dW dx", by_w, 12 * (i + 1));
    }
    json_decref(json);
}
END_TEST

START_TEST(exercise_chains) {
    static const char *const chains[] = {
        "df/dx1 = df/da * da/dp * dp/dx1 = (-0.23)(1)(-1.5) = 0.345",
        "df/dw1 = df/da * da/dp * dp/dw1 = (-0.23)(1)(0.7) = -0.161",
        "df/dx2 = df/da * da/dq * dq/dx2 = (-0.23)(1)(-0.35) = 0.0805",
        "df/dw2 = df/da * da/dq * dq/dw2 = (-0.23)(1)(0.34) = -0.0782",
        "df/dx3 = df/db * db/dr * dr/dx3 = (-1.169)(1)(-0.25) = 0.29225",
        "df/dw3 = df/db * db/dr * dr/dw3 = (-1.169)(1)(0.2) = -0.2338",
        "df/dx4 = df/db * db/ds * ds/dx4 = (-1.169)(1)(0.2) = -0.2338",
        "df/dw4 = df/db * db/ds * ds/dw4 = (-1.169)(1)(-0.9) = 1.0521",
    };
    ck_assert_int_eq(type("cotangent grad " EXERCISE " --derive"), 0);
    check_output("grad", "f = 0.26887\n");
    for (int i = 0; i < 8; i++) check_output("grad --derive", chains[i]);
}
END_TEST

/* After the products, after the sums, and complete. */
START_TEST(exercise_drawings) {
    static const char *const files[] = {"graph-1.dot", "graph-2.dot", "graph.dot"};
    ck_assert_int_eq(type("cotangent grad " EXERCISE " --dot graph.dot --stages --html graph.html"), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(type(i == 0 ? "cat graph-1.dot" : i == 1 ? "cat graph-2.dot" : "cat graph.dot"), 0);
        check_output(files[i], "-1.05");
        ck_assert_int_eq(strstr(output, "-1.169") != NULL, i > 0);
        ck_assert_int_eq(strstr(output, "0.26887") != NULL, i > 1);
        ck_assert_int_eq(strstr(output, "1.0521") != NULL, i > 1);
    }
    ck_assert(access("graph-3.dot", F_OK) != 0 && access("graph.html", R_OK) == 0);
}
END_TEST

/* ---- whatever else is typed --------------------------------------------------------------------------------- */

static const struct {
    const char *line;
    int status;
    const char *printed; /* among what it prints */
} typed[] = {
    {"cotangent", 2, "Usage: cotangent COMMAND"},
    {"cotangent --help", 0, "grad      compute"},
    {"cotangent train --help", 0, "Usage: cotangent train [OPTION]...\n"},
    {"cotangent --version", 0, "cotangent 0."},
    {"cotangent grda", 2, "there is no command 'grda': did you mean 'grad'?"},
    {"cotangent grad", 2, "a formula is wanted"},
    {"cotangent grad --help", 0, "Usage: cotangent grad [OPTION]... FORMULA NAME=VALUE..."},
    {"cotangent help grad", 0, "Usage: cotangent grad"},
    {"cotangent grad -h", 0, "Usage: cotangent grad"},
    {"cotangent grad x x=1 --jsn", 2, "there is no option --jsn: did you mean --json?"},
    {"cotangent grad x x=1 --svg", 2, "--svg wants a value"},
    {"cotangent grad x x=1 --svg graph.png", 2, "--svg wants a name that ends in .svg, not 'graph.png'"},
    {"cotangent grad x x=1 --svg nowhere/graph.svg", 2, "nowhere/graph.svg"},
    {"cotangent grad x x=1 --stages", 2, "--stages wants a drawing"},
    {"cotangent grad '-x^2' x=3", 0, "f = -9\ndf/dx = -6\n"},
    {"cotangent grad -- '--x' x=3", 0, "f = 3\ndf/dx = 1\n"},
    {"cotangent grad 'y = 2*x' x=3", 0, "y = 6\ndy/dx = 2\n"},
    {"cotangent grad 'x' x=3 z=1", 0, "dx/dz = 0: x does not depend on z\n"},
    {"cotangent grad 'x*y' x=3 y=2 --hessian", 0, "d2f/dx dy = 1\n"},
    {"cotangent grad 'x' x=1/3 --f32", 0, "x = 0.3333333433\n"},
    {"cotangent grad '1 + 2'", 0, "f = 3\n"},
    {"cotangent grad 'sum(W @ W)' W='[[1,2],[3,4]]'", 0, "df/dW =\n[[7, 11],\n [9, 13]]\n"},
    {"cotangent grad 'W @ W' W='[[1,2],[3,4]]'", 2, "the value has 4 elements"},
    {"cotangent grad 'x + 1' x", 2, "'x' is not NAME=VALUE"},
    {"cotangent grad 'x + 1' x=2 -j", 2, "there is no option -j: all have long names"},
    {"cotangent grad 'x + 1' 'x =2'", 0, "f = 3\n"},
    {"cotangent grad 'sqrt(x)' x=-2", 0, "f = nan\n"},
    {"cotangent grad 'sum(log(x))' 'x=[-1, -2]'", 0, "f = nan\ndf/dx = [-1, -0.5]\n"},
    {"cotangent grad 'x + 1' =2", 2, "'=2' is not NAME=VALUE"},
    {"cotangent grad 'x + 1' x=1 x=2", 2, "x has two values"},
    {"cotangent grad 'x + 1' x=y", 2, "the value of x: unknown name 'y' in column 1"},
    {"cotangent grad 'x + 1' x=@nothing.npy", 2, "the value of x: nothing.npy: cannot open"},
    {"cotangent grad 'x + simgoid(x)' x=1", 2,
     "unknown function 'simgoid' in column 5: did you mean 'sigmoid'?\n    x + simgoid(x)\n        ^\n"},
    {"cotangent grad '[1,2] @ [1,2,3]' x=1", 2,
     "cotangent grad: the formula: (2) @ (3): inner dimensions 2 and 3 differ (formula, column 7)"},
    {"cotangent grad 'log(x)' x=0 --json", 0, "\"value\": \"-inf\""},
    {"cotangent grad 'x' x=1 >/dev/full", 2, "cannot write to the standard output"},
    {"cotangent check 'x*y' x=2 y=3 --claim 'x: y' --claim y:x", 0, "All claims are right."},
    {"cotangent check 'x*y' x=2 y=3 --claim 'x: -y'", 1, "The first mistake is at x."},
    {"cotangent check 'x*x' x=2 --claim 'x: x + 2'", 1, "right only here"},
    {"cotangent check 'p = x*y; q = tanh(p); q^2' x=2 y=1 --claim 'p: grad(q)' --claim 'x: grad(p)*y'", 1,
     "inherited"},
    {"cotangent check 'x*y' x=2 y=3 --claim 'x: -y' --json", 1, "\"verdict\": \"fail\""},
    {"cotangent check 'x*y' x=2 y=3 --claim 'x: yy'", 2, "unknown name 'yy' in column 1: did you mean 'y'?"},
    {"cotangent check 'x*y' x=2 y=3 --claim 'x: sn(y)'", 2, "the claim about x: unknown function 'sn' in column 1"},
    {"cotangent check 'x*y' x=2 y=3 --claim 'xx: y'", 2, "there is nothing named 'xx': did you mean 'x'?"},
    {"cotangent check 'x*y' x=2 y=3 --claim 'x y'", 2, "'x y' is not NAME: FORMULA"},
    {"cotangent check 'x*y' x=2 y=3", 2, "a claim is wanted"},
    {"cotangent check 'x*y' x=2 y=3 --claim x:y --points many", 2, "--points wants a number"},
    {"cotangent check 'x*y' x=2 y=3 --claim x:y --points 3", 0, "3 other points"},
    {"cotangent explain 'p = x*y; p^2' x=2 y=3 x", 0, "df/dx = df/dp * dp/dx = (12)(3) = 36"},
    {"cotangent explain 'relu(x*w)' x=-1 w=2 w", 0, "where the rectifier is flat"},
    {"cotangent explain 'x*w' x=-1 w=2 v=1 v", 0, "nothing that leads there was computed from it"},
    {"cotangent explain 'x*w' x=-1 w=2", 2, "the name of what to explain is wanted"},
    {"cotangent explain 'x*w' x=-1 w=2 ww", 2, "there is nothing named 'ww': did you mean 'w'?"},
};

START_TEST(command_lines) {
    int status = type(typed[_i].line);
    check_output(typed[_i].line, typed[_i].printed);
    ck_assert_msg(status == typed[_i].status, "%s: status %d\n%s", typed[_i].line, status, output);
}
END_TEST

/* ---- help --------------------------------------------------------------------------------------------------- */

static const char *const names[] = {"grad", "check", "explain", "train", "report"};
#define QUICK 3 /* of them: those whose examples take no time */

static void ask_for_help(const char *command) {
    char line[64];
    snprintf(line, sizeof line, "cotangent %s --help", command);
    ck_assert_int_eq(type(line), 0);
    memcpy(help, output, sizeof output);
}

/* Whatever --help gives as an example works, but for the mistake that one has on purpose. */
START_TEST(examples_of_the_help) {
    char example[1 << 12];
    ask_for_help(names[_i]);
    int examples = 0;
    for (char *start = strstr(strstr(help, "\nExamples:\n"), "\n  cotangent"); start;
         start = strstr(start + 1, "\n  cotangent")) {
        char *end = start + 1 + strcspn(start + 1, "\n");
        while (end[-1] == '\\') end += 1 + strcspn(end + 1, "\n");
        snprintf(example, sizeof example, "%.*s", (int)(end - start), start);
        ck_assert_msg(type(example) == (strstr(example, "grad(q)*(1 - q)") ? 1 : 0), "%s\n%s", example, output);
        examples++;
    }
    ck_assert_int_ge(examples, 2);
}
END_TEST

/* The manual page tells all options, and troff has nothing to say against it. */
START_TEST(manual_pages) {
    char line[256];
    ask_for_help(names[_i]);
    snprintf(line, sizeof line, "cotangent --manual %s", names[_i]);
    ck_assert_int_eq(type(line), 0);
    for (char *option = strstr(help, "\n  --"); option; option = strstr(option + 1, "\n  --")) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, ".B \\-\\-%.*s",
                 (int)strspn(option + 5, "abcdefghijklmnopqrstuvwxyz0123456789"), option + 5);
        check_output(line, wanted);
    }
    if (type("command -v groff >/dev/null") != 0) return;
    snprintf(line, sizeof line, "cotangent --manual %s | groff -man -Tascii -ww -z", names[_i]);
    ck_assert(type(line) == 0);
    ck_assert_str_eq(output, "");
}
END_TEST

START_TEST(completion) {
    static const char script[] = "bash -c '. \"" CT_SOURCE_DIR "/tools/completion.bash\" && "
                                 "COMP_WORDS=(\"" CT_PROGRAM "\" %s); COMP_CWORD=%d; _cotangent \"$COMP_WORDS\"; "
                                 "echo \"${COMPREPLY[@]}\"'";
    char line[2048];
    if (type("command -v bash >/dev/null") != 0) return;
    snprintf(line, sizeof line, script, "gr", 1);
    ck_assert_int_eq(type(line), 0);
    ck_assert_str_eq(output, "grad\n");
    snprintf(line, sizeof line, script, "grad --h", 2);
    ck_assert_int_eq(type(line), 0);
    ck_assert_str_eq(output, "--hessian --html --help\n");
}
END_TEST

Suite *ct_suite(void) {
    Suite *suite = suite_create("tool");
    TCase *c = tcase_create("program");
    tcase_add_checked_fixture(c, make_folder, support_remove_folder);
    tcase_add_test(c, exercise_values);
    tcase_add_test(c, hessian_and_arrays);
    tcase_add_test(c, exercise_chains);
    tcase_add_test(c, exercise_drawings);
    tcase_add_loop_test(c, command_lines, 0, sizeof typed / sizeof *typed);
    tcase_add_loop_test(c, examples_of_the_help, 0, QUICK);
    tcase_add_loop_test(c, manual_pages, 0, sizeof names / sizeof *names);
    tcase_add_test(c, completion);
    suite_add_tcase(suite, c);
    return suite;
}
