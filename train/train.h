/* train/: training as its users do it. The loop of all loops, and the pieces that it is made of, for one of your own:
 *
 *     ct_history *history = ct_history_new();
 *     ct_fit_end end = ct_fit(net, loader, &(ct_fit_options){
 *         .optim = optim, .epochs = 25, .validation = others, .history = history, .progress = stderr});
 *     if (end == CT_FIT_FAILED) fprintf(stderr, "%s\n", ct_error());
 *     ct_write_history_csv(history, "history.csv");
 *     ct_history_free(history);
 */
#ifndef COTANGENT_TRAIN_H
#define COTANGENT_TRAIN_H

#include <cotangent/data/data.h>
#include <cotangent/nn/nn.h>
#include <cotangent/optim/optim.h>

#include <signal.h>

#ifdef __cplusplus
extern "C" {
#endif

#include <cotangent/train/metrics.h>

#include <cotangent/train/history.h>

#include <cotangent/train/weights.h>

#include <cotangent/train/checkpoint.h>

#include <cotangent/train/fit.h>

#ifdef __cplusplus
}
#endif
#endif
