/* gnuplot as a process of its own. */
#include "report/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

/* "cd 'FOLDER'" as gnuplot reads it. */
static void change_folder(ct_text *out, const char *folder) {
    ct_text_add(out, "cd '");
    for (; *folder; folder++) ct_text_add(out, *folder == '\'' ? "''" : "%c", *folder);
    ct_text_add(out, "'");
}

/* Its exit status; -1 with errno when it could not be started. */
static int run(char *const *arguments, const char *log) {
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = -1;
    errno = posix_spawn_file_actions_init(&actions);
    if (errno) return -1;
    errno = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!errno) errno = posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (!errno) errno = posix_spawn_file_actions_adddup2(&actions, 1, 2);
    if (!errno) errno = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    int cause = errno;
    posix_spawn_file_actions_destroy(&actions);
    errno = cause;
    if (cause) return -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int ct_gnuplot(const char *folder, int n, const char *const *scripts) {
    char *arguments[4 + CT_MOST_PLOTS] = {(char *)"gnuplot", (char *)"-e"};
    ct_path log = ct_path_of(folder, "gnuplot.log");
    ct_text place = {0};
    change_folder(&place, folder);
    arguments[2] = place.text;
    for (int i = 0; i < n; i++) arguments[3 + i] = (char *)scripts[i];
    int status = place.failed ? -1 : run(arguments, log.text);
    ct_text_free(&place);
    if (status == 0) ct_files.remove(log.text);
    return status == 127 ? -1 : status; /* 127: started, and not found only then */
}
