/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include <errno.h>
#include <limits.h>
#include <magpie/base.h>
#include <stdio.h>
#include <string.h>

static void the_library_has_the_version_of_its_headers(void **state)
{
    char text[32];
    (void)state;

    (void)snprintf(text, sizeof(text), "%d.%d.%d", MAG_VERSION_MAJOR, MAG_VERSION_MINOR,
                   MAG_VERSION_PATCH);
    assert_string_equal(MAG_VERSION_STRING, text);
    assert_string_equal(mag_version(), text);
}

static void every_code_that_is_returned_has_a_text_of_its_own(void **state)
{
    static const int codes[] = {
        0,           -EINVAL,       -ENOMEM,      -EAGAIN,
        -ENOSPC,     -ESHUTDOWN,    -ETIMEDOUT,   -EDEADLK,
        -ENOENT,     -EACCES,       -EIO,         -ECANCELED,
        -EBUSY,      -EPERM,        MAG_E_FORKED, MAG_E_ENVIRONMENT,
        MAG_E_TOKEN, MAG_E_PENDING, MAG_E_DONE,   MAG_E_CONTINUATION,
        MAG_E_ARG,   MAG_E_STATE,   MAG_E_SIZE};
    enum { CODES = sizeof(codes) / sizeof(codes[0]) };
    (void)state;

    for (size_t i = 0; i < CODES; i++) {
        assert_string_not_equal(mag_error_text(codes[i]), "unknown error");
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(mag_error_text(codes[i]), mag_error_text(codes[j]));
    }
}

static void other_codes_are_unknown(void **state)
{
    static const int codes[] = {EINVAL, 1, -12345, MAG_E_LAST, INT_MIN, INT_MAX};
    (void)state;

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_string_equal(mag_error_text(codes[i]), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_has_the_version_of_its_headers),
        cmocka_unit_test(every_code_that_is_returned_has_a_text_of_its_own),
        cmocka_unit_test(other_codes_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
