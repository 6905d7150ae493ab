// ADOL-C's scalar graph for bench/scalar.c: says a number, then for each line with a count of copies the seconds that
// recording and differentiating (x1 w1 + x2 w2) (x3 w3 + x4 w4), summed over the copies, took of the processor.
#include <adolc/adolc.h>

#include <ctime>
#include <iostream>

static double now() {
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

static double step(long copies) {
    double at[8] = {0.5, 1.5, 2.5, 3.5, 1.5, 0.5, -0.5, -1.5}, result, slope[8], one = 1;
    double start = now();
    trace_on(1, 1);
    adouble x[4], w[4], sum = 0;
    for (int i = 0; i < 4; i++) x[i] <<= at[i];
    for (int i = 0; i < 4; i++) w[i] <<= at[4 + i];
    for (long k = 0; k < copies; k++) sum += (x[0] * w[0] + x[1] * w[1]) * (x[2] * w[2] + x[3] * w[3]);
    sum >>= result;
    trace_off();
    reverse(1, 1, 8, 0, &one, slope);
    return now() - start;
}

int main() {
    long copies;
    std::cout << 1 << std::endl;
    while (std::cin >> copies) {
        step(copies);
        long repeats = 20000 / copies + 1;
        double sum = 0;
        for (long i = 0; i < repeats; i++) sum += step(copies);
        std::cout << sum / double(repeats) << std::endl;
    }
}
