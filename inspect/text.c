/* Text that grows, with numbers and foreign strings in the form that drawings need. */
#include "inspect/internal.h"
#include "tensor/checked.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

static bool reserve(ct_text *out, size_t more) {
    size_t wanted = 0;
    if (!out->failed) {
        out->failed =
            !ct_checked_add(out->length, more, &wanted) || !ct_grow((void **)&out->text, &out->capacity, wanted, 1);
    }
    return !out->failed;
}

void ct_text_add(ct_text *out, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0) {
        out->failed = true;
    } else if (reserve(out, (size_t)length + 1)) {
        vsnprintf(out->text + out->length, (size_t)length + 1, format, again);
        out->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

void ct_text_index(ct_text *out, const ct_tensor *t, int64_t index) {
    const ct_shape place = ct_index_of(t, index);
    for (int axis = 0; axis < place.ndim; axis++)
        ct_text_add(out, "%s%" PRId64 "%s", axis ? "," : "[", place.dim[axis], axis + 1 < place.ndim ? "" : "]");
}

void ct_text_bytes(ct_text *out, const char *bytes, size_t n) {
    if (!reserve(out, n + 1)) return;
    memcpy(out->text + out->length, bytes, n);
    out->length += n;
    out->text[out->length] = '\0';
}

void ct_text_clear(ct_text *out) {
    out->length = 0;
    if (out->text) out->text[0] = '\0';
}

void ct_text_free(ct_text *out) {
    ct_dealloc(out->text, out->capacity);
    *out = (ct_text){0};
}

void ct_text_number(ct_text *out, double value, int digits) {
    if (isnan(value)) {
        ct_text_add(out, "nan");
        return;
    }
    char printed[64], number[64];                                                /* digits <= 17 */
    snprintf(printed, sizeof printed, "%.*g", digits, value == 0 ? 0.0 : value); /* no "-0" */
    char *to = number;
    bool exponent = false, leading = false;
    for (const char *from = printed; *from; from++) {
        bool plain = strchr("0123456789-+einf", *from) != NULL;
        if (*from == 'e') exponent = leading = true;
        if (exponent && (*from == '+' || (*from == '0' && leading && from[1]))) continue; /* 1e+05 reads 1e5 */
        if (exponent && *from >= '1' && *from <= '9') leading = false;
        if (plain) {
            *to++ = *from;
        } else if (to > number && to[-1] != '.') {
            *to++ = '.'; /* the locale's decimal point, of one byte or more */
        }
    }
    *to = '\0';
    ct_text_add(out, "%s", number);
}

/* The code point at the start of `text` and its length in bytes; 1 and U+FFFD where the text is not UTF-8. */
static int decode(const char *text, uint32_t *code) {
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000}; /* of a sequence of that length */
    const unsigned char *s = (const unsigned char *)text;
    int length = s[0] < 0x80             ? 1
                 : (s[0] & 0xe0) == 0xc0 ? 2
                 : (s[0] & 0xf0) == 0xe0 ? 3
                 : (s[0] & 0xf8) == 0xf0 ? 4
                                         : 0;
    *code = length <= 1 ? s[0] : s[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) length = 0; /* also the end of the text: no byte after it is read */
        else *code = *code << 6 | (s[i] & 0x3f);
    }
    bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
    if (length > 0 && *code >= lowest[length] && *code <= 0x10ffff && !surrogate) return length;
    *code = 0xfffd;
    return 1;
}

typedef struct range {
    uint32_t first, last;
} range;

/* Ends at a range from 0. */
static bool is_in(const range *ranges, uint32_t code) {
    while (ranges->first && (code < ranges->first || code > ranges->last)) ranges++;
    return ranges->first != 0;
}

static bool is_space(uint32_t code) {
    static const range spaces[] = {{'\t', '\r'},     {' ', ' '},       {0xa0, 0xa0},
                                   {0x2000, 0x200a}, {0x2028, 0x2029}, {0, 0}};
    return is_in(spaces, code);
}

/* Not to be drawn: control characters, what turns the direction of the text around it, no characters, and U+F8FF, which
 * marks figures (see canvas.h). */
static bool is_unsafe(uint32_t code) {
    static const range unsafe[] = {{0x01, 0x1f},     {0x7f, 0x9f},     {0x202a, 0x202e}, {0x2066, 0x2069},
                                   {0xf8ff, 0xf8ff}, {0xfff9, 0xfffb}, {0xfffd, 0xffff}, {0, 0}};
    return is_in(unsafe, code);
}

bool ct_text_is_visible(const char *text) {
    static const range invisible[] = {
        {0xad, 0xad},     {0x34f, 0x34f},     {0x61c, 0x61c},     {0x115f, 0x1160},   {0x180b, 0x180f},
        {0x200b, 0x200f}, {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}, {0, 0}};
    for (uint32_t code; text && *text;) {
        text += decode(text, &code);
        if (!is_space(code) && (is_unsafe(code) || !is_in(invisible, code))) return true;
    }
    return false;
}

int ct_text_next(const char *text, char clean[5]) {
    uint32_t code;
    int length = decode(text, &code);
    if (is_space(code)) memcpy(clean, " ", 2);
    else if (is_unsafe(code)) memcpy(clean, "\xef\xbf\xbd", 4); /* U+FFFD, the replacement character */
    else snprintf(clean, 5, "%.*s", length, text);
    return length;
}

void ct_text_escaped(ct_text *out, const char *text, int limit) {
    for (int count = 0; *text; count++) {
        if (count == limit) {
            ct_text_add(out, "...");
            return;
        }
        char clean[5];
        text += ct_text_next(text, clean);
        if (*clean == '\\')
            ct_text_add(out, "&#92;&#92;"); /* Graphviz still reads \N and the like after decoding */
        else if (strchr("<>&\"'", *clean))
            ct_text_add(out, "&#%d;", *clean);
        else
            ct_text_add(out, "%s", clean);
    }
}
