/* digits FOLDER: writes images in MNIST's format that are easy to tell apart, a bright square at one of ten places, for
 * the examples to be tested on. */
#include <stdint.h>
#include <stdio.h>

#define SIDE 28

static void put_number(FILE *file, uint32_t n) {
    for (int shift = 24; shift >= 0; shift -= 8) fputc((int)(n >> shift & 255), file);
}

static int pixel(int label, int row, int column) {
    const int top = 4 + label / 5 * 13, left = 1 + label % 5 * 5;
    return row >= top && row < top + 6 && column >= left && column < left + 6 ? 255 : row * 7 % 11;
}

static int write_file(const char *folder, const char *name, int n, int images) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file) return perror(path), 1;
    put_number(file, images ? 0x803 : 0x801);
    put_number(file, (uint32_t)n);
    for (int k = 0; images && k < 2; k++) put_number(file, SIDE);
    for (int i = 0; i < n; i++) {
        if (!images) fputc(i % 10, file);
        for (int p = 0; images && p < SIDE * SIDE; p++) fputc(pixel(i % 10, p / SIDE, p % SIDE), file);
    }
    return fclose(file) != 0;
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    const char *folder = argv[1];
    return write_file(folder, "train-images-idx3-ubyte", 640, 1) ||
           write_file(folder, "train-labels-idx1-ubyte", 640, 0) ||
           write_file(folder, "t10k-images-idx3-ubyte", 200, 1) ||
           write_file(folder, "t10k-labels-idx1-ubyte", 200, 0);
}
