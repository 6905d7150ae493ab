/* cotangent: derivatives from the command line. */
#include "common.h"

#include <string.h>

extern const command grad_command, check_command, explain_command, train_command, report_command;

const command *const commands[] = {&grad_command,  &check_command,  &explain_command,
                                   &train_command, &report_command, NULL};

static const command *find_command(const char *name) {
    for (int i = 0; commands[i]; i++)
        if (!strcmp(commands[i]->name, name)) return commands[i];
    return NULL;
}

static int unknown_command(const char *name) {
    const char *names[16];
    char hint[HINT];
    int n = 0;
    for (; commands[n] && n < 16; n++) names[n] = commands[n]->name;
    return complain(NULL, "there is no command '%s': %s", name,
                    did_you_mean(hint, name, n, names, "see cotangent --help"));
}

static int run(const command *c, int argc, char **argv) {
    arguments a;
    if (!read_arguments(c, argc, argv, &a)) return STATUS_USAGE;
    int status = STATUS_PASS;
    if (has_option(&a, "help")) {
        print_help(c, stdout);
    } else {
        ct_scope scope = ct_begin();
        status = c->run(&a);
        ct_error_clear(); /* the command has told */
        if (!ct_end(scope)) status = STATUS_USAGE;
    }
    free_arguments(&a);
    return status;
}

int main(int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : NULL;
    const command *c = word ? find_command(word) : NULL;
    int status = STATUS_PASS;
    if (!word) {
        print_overview(stderr);
        return STATUS_USAGE;
    }
    if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
        const command *asked = argc > 2 ? find_command(argv[2]) : NULL;
        if (asked) print_help(asked, stdout);
        else print_overview(stdout);
    } else if (!strcmp(word, "--version")) {
        printf("cotangent %s\n", COTANGENT_VERSION);
    } else if (!strcmp(word, "--manual")) { /* for the build: writes the manual pages */
        print_manual(argc > 2 ? find_command(argv[2]) : NULL);
    } else {
        status = c ? run(c, argc - 1, argv + 1) : unknown_command(word);
    }
    if (fflush(stdout) || ferror(stdout)) return complain(c, "cannot write to the standard output");
    return status;
}
