/* For tests of claims: verdicts, with the report where one is not as expected. */
#ifndef COTANGENT_TESTS_CLAIMS_H
#define COTANGENT_TESTS_CLAIMS_H

#include "inspect/internal.h"

const char *report_of(const ct_verification *v); /* what ct_print_verification() writes; until the next call */
void check_verdict(const ct_verification *v, const ct_tensor *t, ct_claim_verdict expected);

#endif
