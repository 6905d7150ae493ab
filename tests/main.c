/* Runs the one suite that a test program defines. */
#include <check.h>
#include <stdlib.h>

Suite *ct_suite(void);

int main(void) {
    SRunner *runner = srunner_create(ct_suite());
    srunner_run_all(runner, CK_ENV); /* as CK_VERBOSITY says; at first a summary and the failures */
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
