/* Files that may be compressed: gzip is told by its first two bytes, and inflated by zlib as it is read. */
#include "data/internal.h"
#include "tensor/checked.h"
#include "tensor/internal.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

static const uint8_t magic[] = {0x1f, 0x8b};

struct ct_gzip {
    ct_reader reader; /* of the plain content */
    ct_file file;
    z_stream z;   /* next_in, avail_in: what of the buffer is still to be used, compressed or not */
    bool between; /* a gzip member has ended: at the end of the file, or before another member */
    uint8_t buffer[1 << 16];
};

/* zlib frees a block without saying its size, which therefore stands in front. */
static voidpf allocate(voidpf unused, uInt items, uInt item_size) {
    size_t bytes;
    (void)unused;
    if (!ct_checked_mul(items, item_size, &bytes) || !ct_checked_add(bytes, CT_ALIGNMENT, &bytes)) return Z_NULL;
    char *block = ct_alloc(bytes);
    if (!block) return Z_NULL;
    *(size_t *)(void *)block = bytes;
    return block + CT_ALIGNMENT;
}

static void release(voidpf unused, voidpf address) {
    char *block = (char *)address - CT_ALIGNMENT;
    (void)unused;
    ct_dealloc(block, *(size_t *)(void *)block);
}

/* avail_in stays 0 at the end of the file. False with an error raised. */
static bool fill_buffer(ct_gzip *gzip) {
    ptrdiff_t got = gzip->file.reader.read(&gzip->file.reader, gzip->buffer, sizeof gzip->buffer);
    gzip->z.next_in = gzip->buffer;
    gzip->z.avail_in = got > 0 ? (uInt)got : 0;
    return got >= 0;
}

static ptrdiff_t read_plain(ct_reader *reader, void *bytes, size_t n) {
    ct_gzip *gzip = (ct_gzip *)reader;
    size_t buffered = gzip->z.avail_in < n ? gzip->z.avail_in : n;
    memcpy(bytes, gzip->z.next_in, buffered);
    gzip->z.next_in += buffered;
    gzip->z.avail_in -= (uInt)buffered;
    ptrdiff_t got = gzip->file.reader.read(&gzip->file.reader, (char *)bytes + buffered, n - buffered);
    return got < 0 ? -1 : (ptrdiff_t)buffered + got;
}

/* One step of inflate() into n bytes; the number of bytes it gave, or -1 with an error raised. */
static ptrdiff_t inflate_some(ct_gzip *gzip, void *bytes, size_t n) {
    z_stream *z = &gzip->z;
    z->next_out = bytes;
    z->avail_out = n < UINT_MAX ? (uInt)n : UINT_MAX;
    int status = inflate(z, Z_NO_FLUSH);
    gzip->between = status == Z_STREAM_END;
    if (status == Z_OK || status == Z_STREAM_END) return z->next_out - (Bytef *)bytes;
    if (status == Z_MEM_ERROR)
        ct_raise(CT_ERR_MEMORY, gzip->reader.op, gzip->reader.at, "out of memory for inflating");
    else if (status == Z_BUF_ERROR) /* no progress although all there is was offered */
        ct_reader_fail(&gzip->reader, CT_ERR_FORMAT, "cut: the gzip data end early");
    else ct_reader_fail(&gzip->reader, CT_ERR_FORMAT, "the gzip data are damaged: %s", z->msg ? z->msg : "no gzip");
    return -1;
}

/* What follows a member is another one. */
static bool begin_member(ct_gzip *gzip) {
    if (*gzip->z.next_in != magic[0])
        return ct_reader_fail(&gzip->reader, CT_ERR_FORMAT, "too long: other bytes follow the gzip data");
    inflateReset(&gzip->z);
    return true;
}

static ptrdiff_t read_packed(ct_reader *reader, void *bytes, size_t n) {
    ct_gzip *gzip = (ct_gzip *)reader;
    size_t done = 0;
    while (done < n) {
        if (gzip->z.avail_in == 0 && !fill_buffer(gzip)) return -1;
        if (gzip->between && gzip->z.avail_in == 0) break;
        if (gzip->between && !begin_member(gzip)) return -1;
        ptrdiff_t got = inflate_some(gzip, (char *)bytes + done, n - done);
        if (got < 0) return -1;
        done += (size_t)got;
    }
    return (ptrdiff_t)done;
}

ct_gzip *ct_gzip_open(const char *op, const char *at, const char *path) {
    ct_gzip *gzip = ct_alloc(sizeof *gzip);
    if (!gzip) return ct_raise_memory(op, at, sizeof *gzip), NULL;
    gzip->reader = (ct_reader){op, at, path, read_plain};
    gzip->z = (z_stream){.zalloc = allocate, .zfree = release};
    gzip->between = false;
    if (!ct_file_open(&gzip->file, op, at, path) || !fill_buffer(gzip)) return ct_gzip_close(gzip), NULL;
    if (gzip->z.avail_in < 2 || memcmp(gzip->buffer, magic, 2)) return gzip;
    gzip->reader.read = read_packed;
    if (inflateInit2(&gzip->z, 16 + MAX_WBITS) == Z_OK) return gzip; /* 16: gzip's header and checksum */
    ct_raise(CT_ERR_MEMORY, op, at, "out of memory for inflating");
    return ct_gzip_close(gzip), NULL;
}

ct_reader *ct_gzip_reader(ct_gzip *gzip) { return &gzip->reader; }

void ct_gzip_close(ct_gzip *gzip) {
    if (!gzip) return;
    inflateEnd(&gzip->z); /* does nothing when inflateInit2() did not succeed */
    ct_file_close(&gzip->file);
    ct_dealloc(gzip, sizeof *gzip);
}
