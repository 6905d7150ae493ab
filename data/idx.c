/* IDX, the format of MNIST and its successors: two zero bytes, a code for the element type, the number of dimensions,
 * each dimension as a big-endian u32, then the elements. */
#include "data/internal.h"
#include "tensor/checked.h"
#include "tensor/internal.h"

#include <inttypes.h>

static const char *const element_types[] = {
    [0x08] = "u8", [0x09] = "i8", [0x0b] = "i16", [0x0c] = "i32", [0x0d] = "f32", [0x0e] = "f64"};
#define N_ELEMENT_TYPES (sizeof element_types / sizeof *element_types)

/* Exactly n bytes of the header; false with an error raised. */
static bool read_header(ct_reader *reader, uint8_t *bytes, size_t n) {
    ptrdiff_t got = reader->read(reader, bytes, n);
    if (got < 0 || (size_t)got == n) return got >= 0;
    return ct_reader_fail(reader, CT_ERR_FORMAT, "cut inside its header");
}

static bool read_magic(ct_reader *reader, int *ndim) {
    uint8_t magic[4];
    ptrdiff_t got = reader->read(reader, magic, 1);
    if (got < 0) return false;
    if (got == 0) return ct_reader_fail(reader, CT_ERR_FORMAT, "empty");
    if (!read_header(reader, magic + 1, 3)) return false;
    const char *type = magic[2] < N_ELEMENT_TYPES ? element_types[magic[2]] : NULL;
    if (magic[0] || magic[1] || !type)
        return ct_reader_fail(reader, CT_ERR_FORMAT, "not an IDX file: it begins with %02x%02x%02x%02x", magic[0],
                              magic[1], magic[2], magic[3]);
    if (magic[2] != 0x08) return ct_reader_fail(reader, CT_ERR_FORMAT, "its elements are %s, not u8", type);
    *ndim = magic[3];
    if (*ndim < 1 || *ndim > CT_MAX_DIMS)
        return ct_reader_fail(reader, CT_ERR_FORMAT, "%d dimensions, of 1 to %d", *ndim, CT_MAX_DIMS);
    return true;
}

static bool read_dims(ct_reader *reader, ct_shape *shape, size_t *size) {
    char text[CT_DESCRIPTION];
    int64_t elements;
    for (int i = 0; i < shape->ndim; i++) {
        uint8_t b[4];
        if (!read_header(reader, b, sizeof b)) return false;
        shape->dim[i] = (int64_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]);
    }
    if (!ct_checked_size(shape->ndim, shape->dim, &elements))
        return ct_reader_fail(reader, CT_ERR_LIMIT, "%s has too many elements", ct_describe_shape(shape, text));
    if (elements == 0)
        return ct_reader_fail(reader, CT_ERR_FORMAT, "%s has no elements", ct_describe_shape(shape, text));
    *size = (size_t)elements;
    return true;
}

/* The header's word on the size is not believed: memory grows with the elements that are there. */
static bool read_elements(ct_reader *reader, const ct_shape *shape, size_t size, ct_bytes *bytes) {
    char text[CT_DESCRIPTION];
    bool end;
    if (!ct_read_up_to(reader, size, bytes)) return false;
    if (bytes->size < size)
        return ct_reader_fail(reader, CT_ERR_FORMAT, "cut: %zu of the %zu elements of %s are there", bytes->size,
                              size, ct_describe_shape(shape, text));
    if (!ct_read_at_end(reader, &end)) return false;
    return end || ct_reader_fail(reader, CT_ERR_FORMAT, "too long: bytes follow the %zu elements of %s", size,
                                 ct_describe_shape(shape, text));
}

bool ct_idx_read(const char *op, const char *at, const char *path, ct_shape *shape, ct_bytes *bytes) {
    size_t size = 0;
    ct_gzip *gzip = ct_gzip_open(op, at, path);
    if (!gzip) return false;
    ct_reader *reader = ct_gzip_reader(gzip);
    bool ok = read_magic(reader, &shape->ndim) && read_dims(reader, shape, &size) &&
              read_elements(reader, shape, size, bytes);
    ct_gzip_close(gzip);
    return ok;
}
