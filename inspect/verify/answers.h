/* Three answers for the derivative by one element, and the verdict on them. */
#ifndef COTANGENT_ANSWERS_H
#define COTANGENT_ANSWERS_H

#include "inspect/verify/differences.h"
#include "inspect/internal.h"

typedef struct ct_answers {
    double x; /* the element itself */
    double computed, forward; /* by reverse and forward mode */
    bool forward_asked;
    double phi;     /* the objective at the point itself */
    double swallow; /* changes that rounding inside of the function may swallow whole */
    ct_slope slope; /* by differences */
    ct_gradcheck_result result;
} ct_answers;

/* Fills the results of the n elements of an input. */
void ct_judge(ct_answers *answers, int64_t n, int input);
/* Takes back failures that are none beside this point, of which `beside` tells: the point itself is a kink, where the
 * slopes of several kinks may add up to more than the rules' choice for each. */
void ct_judge_again(ct_answers *answers, const ct_answers *beside, int64_t n);
/* How much it says against passing: a failure more than a doubt, then by the distance in tolerances. */
double ct_judge_weight(const ct_gradcheck_result *result);

#endif
