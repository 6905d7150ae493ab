/* What the formats of tensors share: parts of a known size, elements in a known byte order. */
#include "data/internal.h"
#include "tensor/internal.h"

#include <string.h>

bool ct_read_part(ct_reader *reader, const char *part, size_t n, ct_bytes *bytes) {
    if (!ct_read_up_to(reader, n, bytes)) return false;
    return bytes->size == n || ct_reader_fail(reader, CT_ERR_FORMAT, "cut: %zu of the %zu bytes of its %s are there",
                                              bytes->size, n, part);
}

void ct_order_bytes(uint8_t *bytes, size_t n, size_t size, bool little_endian) {
    if (little_endian == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)) return;
    for (uint8_t *element = bytes; element < bytes + n * size; element += size)
        for (size_t i = 0; i < size / 2; i++) {
            uint8_t other = element[i];
            element[i] = element[size - 1 - i];
            element[size - 1 - i] = other;
        }
}

void ct_write_elements(ct_writer *writer, const ct_tensor *t) {
    uint8_t some[4096];
    size_t size = ct_dtype_size((ct_dtype)t->dtype), bytes = ct_bytes_of(t);
    for (size_t done = 0, n; done < bytes; done += n) {
        n = bytes - done < sizeof some ? bytes - done : sizeof some;
        memcpy(some, (const char *)t->data + done, n);
        ct_order_bytes(some, n / size, size, true);
        ct_write(writer, some, n);
    }
}
