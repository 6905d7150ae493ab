/* The program `cotangent`: what its commands share. A command is a row with its options; --help, the manual page and
 * the completion of the shell are made from it. */
#ifndef COTANGENT_TOOLS_COMMON_H
#define COTANGENT_TOOLS_COMMON_H

#include <cotangent/cotangent.h>

#include <jansson.h>

#undef CT_PLACE
#define CT_PLACE(call) NULL /* errors are about the user's formula, not about a line of this program */

/* Exit statuses. */
enum {
    STATUS_PASS = 0,
    STATUS_WRONG = 1, /* a claim is wrong */
    STATUS_USAGE = 2, /* the command line or a formula cannot be read, a file cannot be written */
    STATUS_INCONCLUSIVE = 3,
    STATUS_INTERRUPTED = 130, /* as shells say of Ctrl-C */
};

typedef struct option_row {
    const char *name;     /* "svg", written --svg; NULL ends a list */
    const char *argument; /* "FILE"; NULL when it takes none */
    const char *help;
} option_row;

typedef struct arguments arguments;

typedef struct command {
    const char *name;     /* "grad" */
    const char *synopsis; /* "FORMULA NAME=VALUE..." */
    const char *summary;  /* one line */
    const char *about;    /* paragraphs with an empty line between them, each line of at most 78 columns */
    const char *examples; /* lines; those with two blanks in front are typed as they are */
    const option_row *options;
    int (*run)(const arguments *a); /* an exit status; the scope around it is the caller's */
} command;

extern const command *const commands[]; /* NULL ends it */

struct arguments {
    const command *command;
    int n_operands, n_options;
    char **operand;
    struct given_option {
        const char *name, *value; /* value NULL when it takes none */
    } * option;                   /* as they were given */
};

/* ---- common.c: the command line, messages ------------------------------------------------------------------- */

/* Sorts argv, of which the first is the command's name, into operands and options; false with a message printed. */
bool read_arguments(const command *c, int argc, char **argv, arguments *out);
void free_arguments(arguments *a);
bool has_option(const arguments *a, const char *name);
const char *option_value(const arguments *a, const char *name); /* the last one given; NULL when none is */

/* "cotangent grad: MESSAGE" on stderr, with the library's error behind it if there is one. Returns STATUS_USAGE. */
int complain(const command *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "did you mean 'grad'?", written into `hint`, when one of the n known words is near, and `otherwise` when none is. */
#define HINT 128
const char *did_you_mean(char hint[HINT], const char *word, int n, const char *const *known, const char *otherwise);

/* ---- help.c ------------------------------------------------------------------------------------------------- */

void print_overview(FILE *out);
void print_help(const command *c, FILE *out);
void print_manual(const command *c); /* on stdout, as a manual page; NULL: that of the program */

/* ---- problem.c: a formula at given values ------------------------------------------------------------------- */

typedef struct problem {
    ct_tensor *f;
    int n_leaves, n_constants; /* NAME=VALUE, numbers in the order given; behind them the whole ones of files */
    ct_tensor **leaf;
    ct_list nodes; /* all that f was computed from, in order of creation */
} problem;

/* For --help of the commands that take one. */
#define ABOUT_PROBLEMS                                                                                               \
    "FORMULA has numbers, names, + - * / ^ and @ (matrix product), x.T (transpose),\n"                               \
    "comparisons, rows like [[1, 2], [3, 4]], every operation of the library by name,\n"                             \
    "like sum(x, axis=0) or softmax(x), and statements: p = x*y; q = p + 1; p*q. The\n"                              \
    "last one is the result f, one number. VALUE is a formula of numbers alone, such\n"                              \
    "as 0.7, 1/3 or [[1, 2], [3, 4]], or an array of NumPy: @file.npy.\n"

#define PROBLEM_OPTIONS {"f32", NULL, "compute in float32 instead of float64"}

/* Reads FORMULA NAME=VALUE... and differentiates; false with a message printed. Belongs to the innermost scope, but
 * for what free_problem() frees. */
bool make_problem(const arguments *a, char **operand, int n, problem *out);
void free_problem(problem *p);
ct_tensor *find_node(const problem *p, const char *label); /* a leaf or a node; NULL when there is none */
bool unknown_name(const arguments *a, const problem *p, const char *name); /* says so, and which is nearest; false */
bool depends_on(const problem *p, ct_tensor *leaf);
ct_tensor *gradient_of(ct_tensor *t); /* zero where f does not depend on it */
/* How df/dt comes about, as LaTeX with --latex; NULL with a message printed. */
const char *derivation_by(const arguments *a, const problem *p, ct_tensor *t);

/* Draws f into the files that --dot, --svg, --png, --pdf and --html name; false with a message printed. */
bool draw_problem(const arguments *a, const problem *p);
#define DRAWING_OPTIONS                                                                                              \
    {"dot", "FILE.dot", "draw the graph as Graphviz text"}, {"svg", "FILE.svg", "draw the graph"},                   \
        {"png", "FILE.png", "draw the graph"}, {"pdf", "FILE.pdf", "draw the graph"},                                \
        {"html", "FILE.html", "make a page to step through both passes"}, {                                          \
        "stages", NULL, "also draw FILE-1, FILE-2 ...: the forward pass up to that depth"                            \
    }

/* ---- output.c ----------------------------------------------------------------------------------------------- */

void print_value(const char *name, const ct_tensor *t); /* "name = value" on stdout */
/* A number or nested arrays of them; what JSON has no numbers for is "nan", "inf" or "-inf". */
json_t *json_of(const ct_tensor *t);
json_t *json_of_number(double value);
json_t *json_of_text(const char *text); /* null of NULL; what is not UTF-8 is replaced */
/* Writes and releases it, 17 significant digits; false with a message printed. */
bool print_json(const command *c, json_t *value);

#endif
