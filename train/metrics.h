/* train/: how well a model does. A part of train.h; include that. */
#ifndef COTANGENT_METRICS_H
#define COTANGENT_METRICS_H

/* A number to be made small, from what a module gives and what it should have given: ct_cross_entropy_at, ct_mse_at,
 * or a function of your own; `at` is the place that errors name. Fit and evaluation take it for a mean over the
 * batch's samples. */
typedef ct_tensor *ct_loss_function(const char *at, ct_tensor *output, ct_tensor *target);

/* What was found over some samples. Fractions, not per cent. */
typedef struct ct_score {
    int64_t samples; /* 0: nothing was measured */
    double loss;     /* mean over the samples; NaN without any */
    double accuracy; /* of classes guessed; NaN where the targets are none. The error is 1 - accuracy. */
} ct_score;

/* Sums that a score is made of, batch after batch. Begins as {0}. */
typedef struct ct_tally {
    double samples, loss; /* the losses of all samples added up */
    double guesses, right;
} ct_tally;

/* Adds a batch: its loss, and how many of its targets have the largest output. Output is (..., classes), target (...)
 * integers or (..., classes) probabilities, each row with the sum 1; otherwise only the loss counts. */
CT_API void ct_tally_batch(ct_tally *tally, const ct_tensor *loss, const ct_tensor *output, const ct_tensor *target);
CT_API ct_score ct_tally_score(const ct_tally *tally);

/* How often samples of one class were taken for another. Owned by the caller. */
typedef struct ct_confusion ct_confusion;
CT_API ct_confusion *ct_confusion_new_at(const char *at, int64_t classes);
#define ct_confusion_new(...) ct_confusion_new_at(CT_PLACE("ct_confusion_new: "), __VA_ARGS__)
CT_API void ct_confusion_free(ct_confusion *confusion); /* NULL is fine */
CT_API void ct_confusion_clear(ct_confusion *confusion);
/* Adds a batch: output (..., classes) and target as above. False, with an error and
 * nothing added, when they do not fit. */
CT_API bool ct_confusion_add_at(const char *at, ct_confusion *confusion, const ct_tensor *output,
                                const ct_tensor *target);
#define ct_confusion_add(...) ct_confusion_add_at(CT_PLACE("ct_confusion_add: "), __VA_ARGS__)

CT_API int64_t ct_confusion_classes(const ct_confusion *confusion);
CT_API int64_t ct_confusion_count(const ct_confusion *confusion, int64_t truth, int64_t guess);
CT_API double ct_confusion_accuracy(const ct_confusion *confusion);

/* Of one class: what part of its guesses is right, what part of its samples is found, and their harmonic mean; each 0
 * when there are none. */
typedef struct ct_class_score {
    int64_t samples, guesses;
    double precision, recall, f1;
} ct_class_score;
CT_API ct_class_score ct_confusion_class(const ct_confusion *confusion, int64_t k);
CT_API ct_class_score ct_confusion_macro(const ct_confusion *confusion); /* means over all classes */

typedef struct ct_mistake {
    int64_t truth, guess, count;
} ct_mistake;
/* The most frequent mistakes, of at least one sample each, at most n of them; returns how many. */
CT_API int64_t ct_confusion_mistakes(const ct_confusion *confusion, int64_t n, ct_mistake *mistakes);

/* Runs the module over all of the loader's samples once, from its first batch of epoch 0, in evaluation mode and
 * without gradients; the loader's place and the mode are afterwards what they were. `loss` NULL: ct_cross_entropy_at.
 * `confusion` NULL: none is counted, else these samples are added; `score` NULL: it is not wanted. False, with an
 * error, when something went wrong. */
CT_API CT_MUST_CHECK bool ct_evaluate_at(const char *at, ct_module *net, ct_loader *loader, ct_loss_function *loss,
                                         ct_confusion *confusion, ct_score *score);
#define ct_evaluate(...) ct_evaluate_at(CT_PLACE("ct_evaluate: "), __VA_ARGS__)

#endif
