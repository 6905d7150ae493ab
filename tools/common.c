/* The command line, and messages. */
#include "common.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MOST_OPTIONS 64

int complain(const command *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "cotangent%s%s: ", c ? " " : "", c ? c->name : "");
    vfprintf(stderr, format, args);
    va_end(args);
    const char *error = ct_error(), *colon = strstr(error, ": ");
    if (!strncmp(error, "ct_", 3) && colon) error = colon + 2; /* a function's name says nothing here */
    fprintf(stderr, "%s%s\n", *error ? ": " : "", error);
    return STATUS_USAGE;
}

const char *did_you_mean(char hint[HINT], const char *word, int n, const char *const *known, const char *otherwise) {
    const char *nearest = ct_nearest(word, n, known);
    if (nearest) snprintf(hint, HINT, "did you mean '%s'?", nearest);
    return nearest ? hint : otherwise;
}

static bool unknown_option(const command *c, const char *word) {
    const char *names[MOST_OPTIONS + 1];
    char name[64];
    int n = 0;
    for (; c->options[n].name && n < MOST_OPTIONS; n++) names[n] = c->options[n].name;
    names[n++] = "help";
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *nearest = ct_nearest(name, n, names);
    if (nearest && !strcmp(nearest, name)) complain(c, "--%s takes no value", name);
    else if (nearest) complain(c, "there is no option --%s: did you mean --%s?", name, nearest);
    else complain(c, "there is no option --%s: see cotangent %s --help", name, c->name);
    return false;
}

static void getopt_rows(const command *c, struct option rows[MOST_OPTIONS + 2]) {
    int n = 0;
    for (; c->options[n].name && n < MOST_OPTIONS; n++)
        rows[n] =
            (struct option){.name = c->options[n].name, .has_arg = c->options[n].argument ? 1 : 0, .val = n + 1};
    rows[n] = (struct option){.name = "help", .val = n + 1};
    rows[n + 1] = (struct option){0};
}

/* All options are long ones, so that "-x^2" is a formula. */
static bool is_option(const char *word) { return !strncmp(word, "--", 2) && word[2]; }

static void add_option(arguments *out, const char *name, const char *value) {
    out->option[out->n_options].name = name;
    out->option[out->n_options++].value = value;
}

static bool read_option(arguments *out, int argc, char **argv, const struct option *rows) {
    const char *word = argv[optind];
    int which = getopt_long(argc, argv, "+:", rows, NULL);
    if (which == '?') return unknown_option(out->command, word);
    if (which == ':') {
        complain(out->command, "%s wants a value", word);
        return false;
    }
    const char *name = rows[which - 1].name;
    if (strlen(name) != strcspn(word + 2, "=")) return unknown_option(out->command, word); /* no abbreviations */
    add_option(out, name, optarg);
    return true;
}

bool read_arguments(const command *c, int argc, char **argv, arguments *out) {
    struct option rows[MOST_OPTIONS + 2];
    getopt_rows(c, rows);
    size_t n = (size_t)argc;
    *out = (arguments){
        .command = c, .operand = calloc(n, sizeof *out->operand), .option = calloc(n, sizeof *out->option)};
    bool ok = out->operand && out->option, literal = false;
    if (!ok) complain(c, "out of memory");
    opterr = 0;
    for (optind = 1; ok && optind < argc;) {
        char *word = argv[optind];
        if (!literal && is_option(word)) {
            ok = read_option(out, argc, argv, rows);
            continue;
        }
        optind++;
        if (literal || (strcmp(word, "--") != 0 && strcmp(word, "-h") != 0)) out->operand[out->n_operands++] = word;
        else if (word[1] == 'h') add_option(out, "help", NULL);
        else literal = true;
    }
    if (!ok) free_arguments(out);
    return ok;
}

void free_arguments(arguments *a) {
    free(a->operand);
    free(a->option);
    *a = (arguments){.command = a->command};
}

const char *option_value(const arguments *a, const char *name) {
    for (int i = a->n_options; i-- > 0;)
        if (!strcmp(a->option[i].name, name)) return a->option[i].value ? a->option[i].value : "";
    return NULL;
}

bool has_option(const arguments *a, const char *name) { return option_value(a, name) != NULL; }
