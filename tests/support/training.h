/* A training small enough to be run hundreds of times: four clouds of points, a net with dropout and batch
 * normalisation, any optimiser. */
#ifndef COTANGENT_TESTS_TRAINING_H
#define COTANGENT_TESTS_TRAINING_H

#include "train/train.h"

#define TINY_SAMPLES 50
#define TINY_BATCHES 4 /* an epoch: 16, 16, 16 and 2 samples */

typedef struct tiny {
    ct_dataset *data;
    ct_loader *loader;
    ct_module *net; /* f64 */
    ct_optim *optim;
    ct_schedule *schedule;
    ct_history *history;
} tiny;

int tiny_optimizers(void);                 /* how many there are */
const char *tiny_optimizer(int optimizer); /* its name */

ct_dataset *tiny_data(void); /* x (TINY_SAMPLES, 3) f64, classes 0 to 3 */
tiny tiny_begin(int optimizer, ct_loader_options options); /* with that and a batch of 16 */
void tiny_end(tiny *t);

/* Trains for so many steps in all; `more` may hold further options. */
ct_fit_end tiny_fit(tiny *t, int64_t steps, ct_fit_options more);

/* Both have the same parameters, optimiser's state and history, times aside, bit for bit. */
void tiny_check_same(const tiny *a, const tiny *b);

#endif
