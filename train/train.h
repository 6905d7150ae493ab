/* train/: what a trained model is kept in. */
#ifndef COTANGENT_TRAIN_H
#define COTANGENT_TRAIN_H

#include <cotangent/data/data.h>
#include <cotangent/nn/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the module's parameters, named "0.weight" and so on, to a file in the safetensors format; a file that is
 * there is replaced as a whole or, after a failure, not at all. */
CT_API CT_MUST_CHECK bool ct_save_at(const char *at, const ct_module *m, const char *path);
#define ct_save(...) ct_save_at(CT_HERE, __VA_ARGS__)

/* Sets the module's parameters to those of a file. Names, dtypes and shapes must be the same; after a failure the
 * parameters are as they were. */
CT_API CT_MUST_CHECK bool ct_load_at(const char *at, ct_module *m, const char *path);
#define ct_load(...) ct_load_at(CT_HERE, __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
