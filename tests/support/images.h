/* Small data sets in IDX files. */
#ifndef COTANGENT_TESTS_IMAGES_H
#define COTANGENT_TESTS_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#define IMAGES "train-images-idx3-ubyte"
#define LABELS "train-labels-idx1-ubyte"

/* A file's content. */
typedef struct content {
    size_t n;
    uint8_t bytes[512];
} content;

content idx_header(int ndim, const uint8_t *dims); /* of unsigned bytes */

#define FEW 5 /* images of 2 x 3; pixel k of image i is 40 i + k, its label 2 i */
#define FEW_FEATURES 6
content few_images(void), few_labels(void);
void put_few(void); /* both files */

#define MANY 200 /* images of 1 x 2; the pixels of image i are i and 255 - i, its label i */
content many_images(void), many_labels(void);

void put_content(const char *name, const content *c);  /* into the test's folder */
void pack_content(const char *name, const content *c); /* as name.gz, instead of name */

#endif
