/* The words of `cotangent train`: where they come from, and their values as numbers. */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const option_row train_options[] = {
#define WORD(id, name, argument, preset, help) {name, argument, help " (" preset ")"},
#define FLAG(id, name, help) {name, NULL, help},
#include "train_words.def"
#undef WORD
#undef FLAG
    {"config", "FILE", "read words from a file, a line each: lr = 0.01; the command line wins"},
    {NULL, NULL, NULL},
};

const char *const word_names[W_COUNT] = {
#define WORD(id, name, argument, preset, help) name,
#define FLAG(id, name, help) name,
#include "train_words.def"
#undef WORD
#undef FLAG
};

static const char *const presets[W_COUNT] = {
#define WORD(id, name, argument, preset, help) preset,
#define FLAG(id, name, help) "no",
#include "train_words.def"
#undef WORD
#undef FLAG
};

bool is_word(const plan *p, word w, const char *value) { return !strcmp(p->value[w], value); }
bool is_set(const plan *p, word w) { return is_word(p, w, "yes"); }

bool refuse(const plan *p, word w, const char *format, ...) {
    char why[512];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    const char *origin = p->origin[w];
    complain(p->command, "--%s %s%s%s%s: %s", word_names[w], p->value[w], origin ? " (" : "", origin ? origin : "",
             origin ? ")" : "", why);
    return false;
}

bool refuse_name(const plan *p, word w, const char *name, int n, const char *const *names) {
    char hint[HINT], list[400] = "it is one of";
    for (int i = 0; i < n; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s %s", i ? "," : "", names[i]);
    return refuse(p, w, "%s", did_you_mean(hint, name, n, names, list));
}

/* ---- numbers ------------------------------------------------------------------------------------------------ */

/* A number within [low, high] at the start of *text, which moves behind it. */
static bool read_number(const plan *p, word w, const char **text, double low, double high, double *out) {
    char *end;
    *out = strtod(*text, &end);
    if (end == *text) return refuse(p, w, "'%s' is not a number", *text);
    if (!(*out >= low) && low > 0) return refuse(p, w, "a number above 0 is wanted");
    if (!(*out >= low && *out <= high)) return refuse(p, w, "a number from %g to %g is wanted", low, high);
    *text = end;
    return true;
}

static bool read_integer(const plan *p, word w, const char **text, int64_t low, int64_t high, int64_t *out) {
    char *end;
    errno = 0;
    *out = strtoll(*text, &end, 10);
    if (end == *text || errno || *out < low || *out > high)
        return refuse(p, w, "a whole number from %lld to %lld is wanted", (long long)low, (long long)high);
    *text = end;
    return true;
}

static bool at_end(const plan *p, word w, const char *text) {
    return !*text || refuse(p, w, "'%s' at the end means nothing here", text);
}

static bool number(const plan *p, word w, double low, double high, double *out) {
    const char *text = p->value[w];
    return read_number(p, w, &text, low, high, out) && at_end(p, w, text);
}

/* 0 for the word that stands for none. */
static bool integer(const plan *p, word w, const char *none, int64_t low, int64_t *out) {
    const char *text = p->value[w];
    *out = 0;
    if (none && is_word(p, w, none)) return true;
    return read_integer(p, w, &text, low, INT32_MAX, out) && at_end(p, w, text);
}

/* Moves *text behind the character. */
static bool expect(const plan *p, word w, const char **text, char c) {
    if (**text != c) return refuse(p, w, "'%c' is wanted before '%s'", c, *text);
    return ++*text, true;
}

static bool read_layers(plan *p) {
    const char *text = p->value[W_LAYERS];
    for (p->n_sizes = 0; p->n_sizes < MOST_LAYERS;) {
        if (!read_integer(p, W_LAYERS, &text, 1, 1 << 24, &p->sizes[p->n_sizes++])) return false;
        if (!*text) return p->n_sizes >= 2 || refuse(p, W_LAYERS, "at least the inputs and the classes are wanted");
        if (!expect(p, W_LAYERS, &text, ',')) return false;
    }
    return refuse(p, W_LAYERS, "more than %d sizes", MOST_LAYERS);
}

/* 90:10, also 9:1 or 0.9:0.1. */
static bool read_split(plan *p) {
    const char *text = p->value[W_SPLIT];
    double train, test;
    if (is_word(p, W_SPLIT, "given")) return true;
    if (!read_number(p, W_SPLIT, &text, 0, 1e9, &train) || !expect(p, W_SPLIT, &text, ':') ||
        !read_number(p, W_SPLIT, &text, 0, 1e9, &test) || !at_end(p, W_SPLIT, text))
        return false;
    double sum = train + test;
    if (!(train > 0 && test > 0)) return refuse(p, W_SPLIT, "both parts must be larger than 0");
    if (fabs(sum - 100) > 1e-6 && fabs(sum - 10) > 1e-6 && fabs(sum - 1) > 1e-6)
        return refuse(p, W_SPLIT, "the parts add up to %g, not to 100", sum);
    p->split = train / sum;
    return true;
}

static bool read_pairs(plan *p) {
    const char *text = p->value[W_SAMPLE];
    bool ok = is_word(p, W_SAMPLE, "all") ||
              (read_integer(p, W_SAMPLE, &text, 1, INT32_MAX, &p->sample[0]) && expect(p, W_SAMPLE, &text, ':') &&
               read_integer(p, W_SAMPLE, &text, 1, INT32_MAX, &p->sample[1]) && at_end(p, W_SAMPLE, text));
    text = p->value[W_EARLY_STOP];
    return ok && (is_word(p, W_EARLY_STOP, "none") ||
                  (read_integer(p, W_EARLY_STOP, &text, 1, INT32_MAX, &p->patience) &&
                   expect(p, W_EARLY_STOP, &text, ':') &&
                   read_number(p, W_EARLY_STOP, &text, 0, 1e9, &p->min_delta) && at_end(p, W_EARLY_STOP, text)));
}

static bool read_bias(plan *p) {
    p->bias = NAN;
    return is_word(p, W_BIAS_INIT, "default") || is_word(p, W_BIAS_INIT, "norm") ||
           number(p, W_BIAS_INIT, -1e9, 1e9, &p->bias);
}

static bool read_rates(plan *p) {
    const double most = 1 - 1e-6; /* something must be left */
    return number(p, W_LR, 1e-300, 1e9, &p->lr) && number(p, W_DROPOUT, 0, most, &p->dropout) &&
           number(p, W_INPUT_DROPOUT, 0, most, &p->input_dropout) && number(p, W_MOMENTUM, 0, most, &p->momentum) &&
           number(p, W_WEIGHT_DECAY, 0, 1e9, &p->weight_decay) && number(p, W_L2, 0, 1e9, &p->l2) &&
           number(p, W_VAL, 0, most, &p->val);
}

static bool read_counts(plan *p) {
    int64_t seed = 0;
    bool ok = integer(p, W_BATCH, "full", 1, &p->batch) && integer(p, W_EPOCHS, NULL, 1, &p->epochs) &&
              integer(p, W_STEPS, "none", 1, &p->steps) && integer(p, W_SEED, NULL, 0, &seed) &&
              integer(p, W_VALIDATE_EVERY, "epoch", 1, &p->validate_every) &&
              integer(p, W_LOG_EVERY, "epoch", 1, &p->log_every) &&
              integer(p, W_CHECKPOINT_EVERY, "epoch", 1, &p->checkpoint_every) &&
              integer(p, W_THREADS, "all", 1, &p->threads);
    p->seed = (uint64_t)seed;
    if (p->steps) p->epochs = 0;
    if (is_set(p, W_QUICK)) {
        p->epochs = (p->epochs + 9) / 10;
        p->steps = (p->steps + 9) / 10;
    }
    return ok;
}

/* What fits only together. */
static bool check_together(const plan *p) {
    bool validates = p->val > 0;
    if (is_word(p, W_CHECKPOINT, "none") && is_set(p, W_RESUME))
        return complain(p->command, "--resume wants --checkpoint FILE"), false;
    if (is_word(p, W_CHECKPOINT, "none") && p->checkpoint_every)
        return complain(p->command, "--checkpoint-every wants --checkpoint FILE"), false;
    if (p->patience && !validates) return refuse(p, W_EARLY_STOP, "it looks at validation data: give --val too");
    if (p->validate_every && !validates)
        return refuse(p, W_VALIDATE_EVERY, "there is no validation data: give --val too");
    return true;
}

/* ---- sources ------------------------------------------------------------------------------------------------ */

bool make_plan(const arguments *a, plan *p) {
    *p = (plan){.command = a->command};
    for (int w = 0; w < W_COUNT; w++) {
        const char *given = option_value(a, word_names[w]);
        p->value[w] = given ? (*given || !!strcmp(presets[w], "no") ? given : "yes") : NULL;
    }
    const char *config = option_value(a, "config");
    if (a->n_operands) return complain(a->command, "'%s' is not an option", a->operand[0]), false;
    if (config && !read_config(p, config)) return false;
    for (word w = 0; w < W_COUNT; w++) {
        if (!p->value[w]) p->value[w] = presets[w];
        if (w >= W_RESUME && !is_set(p, w) && !is_word(p, w, "no")) return refuse(p, w, "yes or no is wanted");
    }
    return read_layers(p) && read_split(p) && read_pairs(p) && read_bias(p) && read_rates(p) && read_counts(p) &&
           check_together(p);
}

void free_plan(plan *p) {
    for (int w = 0; w < W_COUNT; w++) {
        free(p->origin[w]);
        free(p->config[w]);
    }
}
