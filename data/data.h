/* data/: data sets, mini-batches, and files of tensors.
 *
 *     ct_dataset *train = ct_dataset_idx("mnist", "train");
 *     ct_loader *loader = ct_loader_new(train, &(ct_loader_options){.batch = 24, .shuffle = true, .seed = 29});
 *     for (int64_t i = 0; i < epochs * ct_batches(loader); i++) {
 *         ct_scope s = ct_begin();
 *         ct_batch batch = ct_next(loader);
 *         ... ct_cross_entropy(ct_forward(net, batch.x), batch.y) ...
 *         if (!ct_end(s)) return fail(ct_error());
 *     }
 *     ct_loader_free(loader);
 *     ct_dataset_free(train);
 */
#ifndef COTANGENT_DATA_H
#define COTANGENT_DATA_H

#include <cotangent/tensor/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

#include <cotangent/data/datasets.h>

#include <cotangent/data/loader.h>

#include <cotangent/data/files.h>

#ifdef __cplusplus
}
#endif
#endif
