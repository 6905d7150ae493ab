/* The C locale for as long as numbers are written or read. */
#include "tensor/internal.h"

bool ct_c_locale_begin(const char *op, const char *at, ct_c_locale *locale) {
    locale->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!locale->c) return ct_raise(CT_ERR_MEMORY, op, at, "out of memory for a locale"), false;
    locale->before = uselocale(locale->c);
    return true;
}

void ct_c_locale_end(const ct_c_locale *locale) {
    uselocale(locale->before);
    freelocale(locale->c);
}
