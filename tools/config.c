/* Configuration files of `cotangent train`. */
#include "train.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

/* Cuts blanks off both ends. */
static char *trim(char *text) {
    text += strspn(text, blanks);
    size_t n = strlen(text);
    while (n > 0 && strchr(blanks, text[n - 1])) n--;
    text[n] = '\0';
    return text;
}

static int find_word(const char *name) {
    for (int w = 0; w < W_COUNT; w++)
        if (!strcmp(word_names[w], name)) return w;
    return -1;
}

static bool set(plan *p, const char *path, int line, const char *name, const char *value) {
    int w = find_word(name);
    if (w < 0) {
        char hint[HINT];
        complain(p->command, "%s:%d: there is no word '%s': %s", path, line, name,
                 did_you_mean(hint, name, W_COUNT, word_names, "see cotangent train --help"));
        return false;
    }
    if (p->config[w])
        return complain(p->command, "%s:%d: '%s' was given at %s already", path, line, name, p->origin[w]), false;
    if (p->value[w]) return true; /* by the command line, which wins */
    p->config[w] = strdup(value);
    p->value[w] = p->config[w];
    if (!p->config[w] || asprintf(&p->origin[w], "%s:%d", path, line) < 0) {
        p->origin[w] = NULL;
        return complain(p->command, "out of memory"), false;
    }
    return true;
}

static bool read_line(plan *p, const char *path, int number, char *line) {
    line = trim(line);
    if (!*line || *line == '#') return true;
    char *sign = strchr(line, '=');
    if (!sign) return complain(p->command, "%s:%d: '%s' is not word = value", path, number, line), false;
    *sign = '\0';
    return set(p, path, number, trim(line), trim(sign + 1));
}

bool read_config(plan *p, const char *path) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t capacity = 0;
    int number = 0;
    if (!file) return complain(p->command, "--config %s: %s", path, strerror(errno)), false;
    bool ok = true;
    while (ok && getline(&line, &capacity, file) >= 0) ok = read_line(p, path, ++number, line);
    if (ok && ferror(file)) {
        complain(p->command, "--config %s: cannot be read", path);
        ok = false;
    }
    free(line);
    fclose(file);
    return ok;
}
