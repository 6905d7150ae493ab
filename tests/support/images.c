#include "images.h"

#include "files.h"

#include <check.h>
#include <stdio.h>

content idx_header(int ndim, const uint8_t *dims) {
    content c = {4, {0, 0, 8, (uint8_t)ndim}};
    for (int i = 0; i < ndim; i++, c.n += 4) c.bytes[c.n + 3] = dims[i];
    return c;
}

content few_images(void) {
    content c = idx_header(3, (uint8_t[]){FEW, 2, 3});
    for (int i = 0; i < FEW * FEW_FEATURES; i++)
        c.bytes[c.n++] = (uint8_t)(40 * (i / FEW_FEATURES) + i % FEW_FEATURES);
    return c;
}

content few_labels(void) {
    content c = idx_header(1, (uint8_t[]){FEW});
    for (int i = 0; i < FEW; i++) c.bytes[c.n++] = (uint8_t)(2 * i);
    return c;
}

content many_images(void) {
    content c = idx_header(3, (uint8_t[]){MANY, 1, 2});
    for (int i = 0; i < MANY; i++) {
        c.bytes[c.n++] = (uint8_t)i;
        c.bytes[c.n++] = (uint8_t)(255 - i);
    }
    return c;
}

content many_labels(void) {
    content c = idx_header(1, (uint8_t[]){MANY});
    for (int i = 0; i < MANY; i++) c.bytes[c.n++] = (uint8_t)i;
    return c;
}

void put_content(const char *name, const content *c) { support_put(name, c->bytes, c->n); }

void pack_content(const char *name, const content *c) {
    char packed[64];
    snprintf(packed, sizeof packed, "%s.gz", name);
    support_put_gzip(packed, c->bytes, c->n);
    ck_assert_int_eq(remove(support_path(name)), 0);
}

void put_few(void) {
    content images = few_images(), labels = few_labels();
    put_content(IMAGES, &images);
    put_content(LABELS, &labels);
}
