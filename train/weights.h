/* train/: weights in files, and what they are like. A part of train.h; include that. */
#ifndef COTANGENT_WEIGHTS_H
#define COTANGENT_WEIGHTS_H

/* Writes the module's parameters and buffers, named "0.weight" and so on, to a file in the safetensors format; a file
 * that is there is replaced as a whole or, after a failure, not at all. */
CT_API CT_MUST_CHECK bool ct_save_at(const char *at, const ct_module *m, const char *path);
#define ct_save(...) ct_save_at(CT_PLACE("ct_save: "), __VA_ARGS__)

/* Sets the module's parameters and buffers to those of a file. Names, dtypes and shapes must be the same; after a
 * failure all are as they were. */
CT_API CT_MUST_CHECK bool ct_load_at(const char *at, ct_module *m, const char *path);
#define ct_load(...) ct_load_at(CT_PLACE("ct_load: "), __VA_ARGS__)

/* What the elements of a tensor are like; NaN where there are none, or one is NaN. */
typedef struct ct_weight_statistics {
    int64_t n;
    double mean, std; /* of the whole: divided by n */
    double min, max;
} ct_weight_statistics;
CT_API ct_weight_statistics ct_weight_statistics_of(const ct_tensor *t); /* of NULL, or what is not floating: n = 0 */

/* Counts the elements in each of `bins` intervals of equal width from low to high, the last one closed; what lies
 * outside is in none. False, with an error, unless low < high, bins >= 1 and t is floating. */
CT_API bool ct_weight_histogram_at(const char *at, const ct_tensor *t, double low, double high, int64_t bins,
                                   int64_t *count);
#define ct_weight_histogram(...) ct_weight_histogram_at(CT_PLACE("ct_weight_histogram: "), __VA_ARGS__)

#endif
