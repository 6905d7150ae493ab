#include "claims.h"

#include <check.h>

const char *report_of(const ct_verification *v) {
    static char report[1 << 16];
    FILE *out = fmemopen(report, sizeof report, "w");
    ct_print_verification(v, out);
    fclose(out);
    return report;
}

void check_verdict(const ct_verification *v, const ct_tensor *t, ct_claim_verdict expected) {
    const ct_claim_result *r = ct_claim_of(t);
    ck_assert_ptr_nonnull(r);
    ck_assert_msg(r->verdict == expected, "%s is %s, not %s\n%s%s", t->label, ct_claim_verdict_name(r->verdict),
                  ct_claim_verdict_name(expected), report_of(v), ct_error());
}
