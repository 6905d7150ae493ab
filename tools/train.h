/* cotangent train: its words and what is made of them. */
#ifndef COTANGENT_TOOLS_TRAIN_H
#define COTANGENT_TOOLS_TRAIN_H

#include "common.h"

typedef enum word {
#define WORD(id, name, argument, preset, help) W_##id,
#define FLAG(id, name, help) W_##id,
#include "train_words.def"
#undef WORD
#undef FLAG
    W_COUNT
} word;

#define MOST_LAYERS 32

/* The words' values as they were given, and as numbers. */
typedef struct plan {
    const command *command;
    const char *value[W_COUNT]; /* the preset where nothing was given; of flags "yes" or "no" */
    char *origin[W_COUNT];      /* "r0.conf:12"; NULL for the command line and presets */
    char *config[W_COUNT];      /* the value's text when it is of a file */

    int64_t sizes[MOST_LAYERS];
    int n_sizes;
    int64_t batch; /* 0: full */
    int64_t epochs, steps, validate_every, log_every, checkpoint_every, threads, patience;
    int64_t sample[2]; /* 0: all */
    uint64_t seed;
    double dropout, input_dropout, lr, momentum, weight_decay, l2, val, split, min_delta;
    double bias; /* NaN: not a number of all biases */
} plan;

/* ---- words.c ------------------------------------------------------------------------------------------------ */

extern const option_row train_options[];
extern const char *const word_names[W_COUNT];

/* Takes the words of the command line, then those of --config that are not there, and checks them all; false with a
 * message printed. free_plan() is due in either case. */
bool make_plan(const arguments *a, plan *p);
void free_plan(plan *p);
bool is_set(const plan *p, word w);                  /* a flag */
bool is_word(const plan *p, word w, const char *value);
/* Prints "--lr nan (r0.conf:12): WHY"; returns false. */
bool refuse(const plan *p, word w, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Says which of these names was meant; returns false. */
bool refuse_name(const plan *p, word w, const char *name, int n, const char *const *names);

/* ---- config.c ----------------------------------------------------------------------------------------------- */

/* Lines "word = value", empty ones and those that begin with #. Words that the command line gave are passed over. */
bool read_config(plan *p, const char *path);

/* ---- model.c, images.c: NULL or false with a message printed ----------------------------------------------------- */

ct_module *make_net(const plan *p);
ct_loss_function *find_loss(const plan *p);
ct_optim *make_optim(const plan *p, ct_module *net);
/* *schedule is NULL for a constant rate. */
bool make_schedule(const plan *p, ct_optim *optim, ct_schedule **schedule);

/* Data sets and their loaders; NULL where there are none. */
typedef struct images {
    ct_dataset *train_set, *validation_set, *test_set;
    ct_loader *train, *validation, *test;
    ct_loader *again; /* the training data, to be measured */
} images;
bool load_images(const plan *p, images *out); /* free_images() is due in either case */
void free_images(images *i);

#endif
