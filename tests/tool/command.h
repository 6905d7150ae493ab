/* The program as its users call it, for its tests; each is a program with one file that includes this. */
#ifndef COTANGENT_TESTS_COMMAND_H
#define COTANGENT_TESTS_COMMAND_H

#include "support/files.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char output[1 << 18]; /* of the last command, with what it wrote to stderr */

static void make_folder(void) { ck_assert_int_eq(chdir(support_make_folder()), 0); }

/* Runs what a user types; the exit status. "cotangent" is a function of the shell. */
static int type(const char *line) {
    char command[4096];
    snprintf(command, sizeof command, "cotangent() { '" CT_PROGRAM "' \"$@\"; }; { %s; } 2>&1", line);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    output[fread(output, 1, sizeof output - 1, pipe)] = '\0';
    int status = pclose(pipe);
    ck_assert_msg(WIFEXITED(status), "%s: %s", line, output);
    return WEXITSTATUS(status);
}

static void check_output(const char *line, const char *wanted) {
    ck_assert_msg(strstr(output, wanted) != NULL, "%s\nprinted\n%.2000s\nwithout\n%s", line, output, wanted);
}

#endif
