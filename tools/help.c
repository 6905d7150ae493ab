/* --help and the manual pages, both from the rows of the commands. */
#include "common.h"

#include <ctype.h>
#include <string.h>

static const char about[] =
    "Computes derivatives of formulas, checks derivatives that you worked out, and shows how they\n"
    "come about.\n";
static const char statuses[] =
    "0 when all is right, 1 when a claim is wrong, 2 when the command line, a formula or a file "
    "cannot be used, 3 when a claim can be neither confirmed nor refuted, 130 when a training was interrupted.";

static const option_row help_option = {"help", NULL, "print this"};

static int longest_option(const command *c) {
    int longest = (int)strlen("--help");
    for (const option_row *o = c->options; o->name; o++) {
        int length = (int)(strlen(o->name) + 2 + (o->argument ? strlen(o->argument) + 1 : 0));
        if (length > longest) longest = length;
    }
    return longest;
}

static void print_option(const option_row *o, int width, FILE *out) {
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    fprintf(out, "  %-*s  %s\n", width, left, o->help);
}

void print_overview(FILE *out) {
    fprintf(out, "Usage: cotangent COMMAND ...\n\n%s\n", about);
    for (int i = 0; commands[i]; i++) fprintf(out, "  %-8s  %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out,
            "\n`cotangent COMMAND --help` explains one, with examples. Exit statuses: 0 all is right, 1 a claim is\n"
            "wrong, 2 a command line, formula or file cannot be used, 3 inconclusive, 130 interrupted.\n");
}

void print_help(const command *c, FILE *out) {
    int width = longest_option(c);
    fprintf(out, "Usage: cotangent %s [OPTION]...%s%s\n\n%c%s.\n\n%s\nOptions:\n", c->name, *c->synopsis ? " " : "",
            c->synopsis, toupper((unsigned char)c->summary[0]), c->summary + 1, c->about);
    for (const option_row *o = c->options; o->name; o++) print_option(o, width, out);
    print_option(&help_option, width, out);
    fprintf(out, "\nExamples:\n%s", c->examples);
}

/* ---- manual pages ------------------------------------------------------------------------------------------- */

/* What troff would take for its own is marked. */
static void print_roff(const char *text, size_t length) {
    bool line_starts = true;
    for (size_t i = 0; i < length; i++) {
        if (line_starts && (text[i] == '.' || text[i] == '\'')) fputs("\\&", stdout);
        if (text[i] == '\\') fputs("\\e", stdout);
        else if (text[i] == '-') fputs("\\-", stdout);
        else if (text[i] == '\'') fputs("\\(aq", stdout);
        else if (text[i] == '^') fputs("\\(ha", stdout);
        else if (text[i] == '`') fputs("\\(ga", stdout);
        else if (text[i] == '~') fputs("\\(ti", stdout);
        else putchar(text[i]);
        line_starts = text[i] == '\n';
    }
}

/* Lines that begin with blanks stand as they are, an empty one ends a paragraph. */
static void print_lines(const char *text) {
    bool typed = false;
    while (*text) {
        size_t length = strcspn(text, "\n");
        bool wants = *text == ' ';
        if (wants != typed) puts(wants ? ".nf" : ".fi");
        typed = wants;
        if (length == 0) puts(".PP");
        else print_roff(text, length), putchar('\n');
        text += length + (text[length] == '\n');
    }
    if (typed) puts(".fi");
}

static void print_section(const char *title, const char *text) {
    printf(".SH %s\n", title);
    print_lines(text);
}

static void print_option_manual(const option_row *o) {
    printf(".TP\n.B \\-\\-");
    print_roff(o->name, strlen(o->name));
    printf("%s%s\n", o->argument ? " " : "", o->argument ? o->argument : "");
    print_roff(o->help, strlen(o->help));
    putchar('\n');
}

static void print_command_manual(const command *c) {
    printf(".TH COTANGENT-");
    for (const char *letter = c->name; *letter; letter++) putchar(toupper((unsigned char)*letter));
    printf(" 1 \"\" \"Cotangent " COTANGENT_VERSION "\" \"User Commands\"\n.SH NAME\ncotangent\\-%s \\- ", c->name);
    print_roff(c->summary, strlen(c->summary));
    printf("\n.SH SYNOPSIS\n.B cotangent %s\n[OPTION]... ", c->name);
    print_roff(c->synopsis, strlen(c->synopsis));
    putchar('\n');
    print_section("DESCRIPTION", c->about);
    puts(".SH OPTIONS");
    for (const option_row *o = c->options; o->name; o++) print_option_manual(o);
    print_option_manual(&help_option);
    print_section("EXAMPLES", c->examples);
    print_section("EXIT STATUS", statuses);
    puts(".SH SEE ALSO\n.BR cotangent (1)");
}

void print_manual(const command *c) {
    if (c) {
        print_command_manual(c);
        return;
    }
    puts(".TH COTANGENT 1 \"\" \"Cotangent " COTANGENT_VERSION "\" \"User Commands\"\n.SH NAME");
    puts("cotangent \\- derivatives of formulas, computed, checked and explained\n.SH SYNOPSIS\n.B "
         "cotangent\nCOMMAND ...");
    print_section("DESCRIPTION", about);
    puts(".SH COMMANDS");
    for (int i = 0; commands[i]; i++) {
        printf(".TP\n.BR cotangent\\-%s (1)\n", commands[i]->name);
        print_roff(commands[i]->summary, strlen(commands[i]->summary));
        putchar('\n');
    }
    print_section("EXIT STATUS", statuses);
}
