#include "xml.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST 64
#define LONGEST_NAME 64

typedef struct reader {
    const char *at;
    char *begin, *text, *end; /* of the decoded text: its start, where more of it goes, and the limit */
    char open[DEEPEST][LONGEST_NAME];
    int depth;
} reader;

static const char spaces[] = " \t\r\n";

/* Bytes of text; a space that must not break a line counts as a space. */
static bool put(reader *r, const char *bytes, size_t n) {
    if (n == 2 && !memcmp(bytes, "\xc2\xa0", n)) return put(r, " ", 1);
    if ((size_t)(r->end - r->text) <= n) return false;
    memcpy(r->text, bytes, n);
    r->text += n;
    return true;
}

static bool is_char(uint32_t code) {
    return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code < 0xd800) ||
           (code >= 0xe000 && code < 0xfffe) || (code >= 0x10000 && code <= 0x10ffff);
}

static size_t encode(uint32_t code, char *to) {
    if (code < 0x80) return *to = (char)code, 1;
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; code >>= 6) to[i] = (char)(0x80 | (code & 0x3f));
    to[0] = (char)(code | (n == 2 ? 0xc0u : n == 3 ? 0xe0u : 0xf0u));
    return n;
}

/* "&amp;" or "&#38;" */
static bool read_reference(reader *r, bool keep) {
    static const struct {
        const char *name;
        char meaning;
    } named[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        size_t n = strlen(named[i].name);
        if (strncmp(r->at, named[i].name, n)) continue;
        r->at += n;
        return !keep || put(r, &named[i].meaning, 1);
    }
    bool hex = r->at[1] == '#' && r->at[2] == 'x';
    const char *digits = r->at + (hex ? 3 : 2);
    char *end, bytes[4];
    unsigned long code = strtoul(digits, &end, hex ? 16 : 10);
    if (r->at[1] != '#' || end == digits || *end != ';' || code > 0x10ffff || !is_char((uint32_t)code)) return false;
    r->at = end + 1;
    return !keep || put(r, bytes, encode((uint32_t)code, bytes));
}

/* One character, which must be UTF-8 and allowed in XML. */
static bool read_char(reader *r, bool keep) {
    const unsigned char *s = (const unsigned char *)r->at;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
    uint32_t code = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    char bytes[4];
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return false;
        code = code << 6 | (s[i] & 0x3f);
    }
    if (n == 0 || !is_char(code) || encode(code, bytes) != n) return false;
    r->at += n;
    return !keep || put(r, bytes, n);
}

static bool read_name(reader *r, char name[LONGEST_NAME]) {
    size_t n = strcspn(r->at, " \t\r\n/><=\"'&");
    if (n == 0 || n >= LONGEST_NAME) return false;
    memcpy(name, r->at, n);
    name[n] = '\0';
    r->at += n;
    return true;
}

static bool read_attribute(reader *r) {
    char name[LONGEST_NAME];
    if (!read_name(r, name) || strncmp(r->at, "=\"", 2)) return false;
    for (r->at += 2; *r->at && *r->at != '"';)
        if (*r->at == '<' || !(*r->at == '&' ? read_reference(r, false) : read_char(r, false))) return false;
    return *r->at++ == '"';
}

static bool read_tag(reader *r) {
    char name[LONGEST_NAME];
    bool closes = r->at[1] == '/';
    r->at += closes ? 2 : 1;
    if (!read_name(r, name)) return false;
    if (closes) {
        if (*r->at++ != '>' || r->depth == 0 || strcmp(r->open[--r->depth], name)) return false;
        return r->text == r->begin || r->text[-1] == '\n' || put(r, "\n", 1);
    }
    for (r->at += strspn(r->at, spaces); *r->at && !strchr("/>", *r->at); r->at += strspn(r->at, spaces))
        if (!read_attribute(r)) return false;
    if (r->depth == DEEPEST) return false;
    strcpy(r->open[r->depth++], name);
    if (!strncmp(r->at, "/>", 2)) return r->at += 2, r->depth--, true;
    return *r->at++ == '>';
}

/* Past a comment, declaration or instruction. */
static bool skip(reader *r, const char *end) {
    r->at = strstr(r->at, end);
    if (r->at) r->at += strlen(end);
    return r->at != NULL;
}

const char *support_read_xml(const char *xml, char *text, size_t size) {
    reader r = {.at = xml, .begin = text, .text = text, .end = text + size};
    while (*r.at) {
        const char *at = r.at;
        bool ok = !strncmp(at, "<!--", 4)                          ? skip(&r, "-->")
                  : !strncmp(at, "<?", 2) || !strncmp(at, "<!", 2) ? skip(&r, ">")
                  : *at == '<'                                     ? read_tag(&r)
                  : *at == '&'                                     ? read_reference(&r, true)
                                                                   : read_char(&r, *at != '\n');
        if (!ok) return at;
    }
    *r.text = '\0';
    return r.depth ? "an element has no end" : NULL;
}
