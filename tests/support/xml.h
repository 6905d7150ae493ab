/* Enough of an XML reader to say whether a picture is well-formed, and what text it shows. */
#ifndef COTANGENT_TESTS_XML_H
#define COTANGENT_TESTS_XML_H

#include <stddef.h>

/* NULL if `xml` is well-formed; otherwise what is wrong with it. Writes its decoded text, one element's a line, into
 * `text` of `size` bytes. */
const char *support_read_xml(const char *xml, char *text, size_t size);

#endif
