/* Slopes of a function of many variables by finite differences, each with an estimate of its error. */
#ifndef COTANGENT_DIFFERENCES_H
#define COTANGENT_DIFFERENCES_H

#include <stdbool.h>

/* A function of variables that lie in the caller's memory. */
typedef struct ct_objective {
    bool (*evaluate)(struct ct_objective *objective); /* sets the two below; false with an error raised */
    double phi;       /* the value */
    double magnitude; /* the largest sum of absolute values of its terms since it was last set to 0 */
} ct_objective;

typedef struct ct_slope {
    double value, error; /* NaN and INFINITY where phi was not finite */
    double noise;        /* the part of the error that rounding inside of phi explains */
    bool rough;          /* phi is noisier than rounding explains */
    double left, right;  /* the one-sided slopes at a kink; else equal to `value` */
    double step;         /* the largest that was tried */
} ct_slope;

/* The slope of phi by *x, which is stepped and put back; phi0 is its value here, `largest` the magnitude of the input
 * that *x belongs to. False with an error raised. */
bool ct_find_slope(ct_objective *objective, double *x, double largest, double phi0, ct_slope *slope);

#endif
