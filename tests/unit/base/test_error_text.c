/* SPDX-License-Identifier: Apache-2.0 */
#include "base/errno_text.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <locale.h>
#include <magpie/error.h>
#include <magpie/version.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

static const char unknown[] = "unknown error";

static void the_library_has_the_version_of_its_headers(void **state)
{
    char text[32];
    (void)state;

    (void)snprintf(text, sizeof(text), "%d.%d.%d", MAG_VERSION_MAJOR, MAG_VERSION_MINOR,
                   MAG_VERSION_PATCH);
    assert_string_equal(MAG_VERSION_STRING, text);
    assert_string_equal(mag_version(), text);
}

/* Errors of operations have the system's text, never the library's own meaning. */
static void an_operations_errno_reads_as_the_system_describes_it(void **state)
{
    (void)state;

    for (int number = 1; number < 256; number++) {
        const char *text = strerrordesc_np(number);

        assert_string_equal(mag_error_text(-number), text ? text : unknown);
    }
    assert_string_equal(mag_error_text(-EIO), "Input/output error");
    assert_string_equal(mag_error_text(-ENOSPC), "No space left on device");
    assert_string_equal(mag_error_text(-EPIPE), "Broken pipe");
}

static void without_strerrordesc_the_same_texts_are_given(void **state)
{
    (void)state;

    for (int number = 1; number < 256; number++) {
        const char *text = strerrordesc_np(number);

        if (text == NULL)
            assert_null(mag_errno_text(number));
        else
            assert_string_equal(mag_errno_text(number), text);
    }
}

static void a_text_is_the_same_in_every_locale_and_at_every_call(void **state)
{
    char before[128];
    const char *text = mag_error_text(-EIO);
    (void)state;

    (void)snprintf(before, sizeof(before), "%s", text);
    (void)setlocale(LC_ALL, "de_DE.UTF-8");
    (void)strerror(-12345);
    assert_ptr_equal(mag_error_text(-EIO), text);
    assert_string_equal(text, before);
    (void)setlocale(LC_ALL, "C");
}

static void a_text_allocates_nothing(void **state)
{
    uint64_t ours = test_allocations();
    size_t everybodys = mallinfo2().uordblks;
    (void)state;

    for (int code = -256; code <= 0; code++) {
        assert_non_null(mag_error_text(code));
        assert_non_null(mag_call_text(code));
    }
    assert_int_equal(test_allocations(), ours);
    assert_int_equal(mallinfo2().uordblks, everybodys);
}

static int by_name(const char *name)
{
    /* Two names for one number; the system knows only one of them. */
    if (strcmp(name, "ENOTSUP") == 0)
        return ENOTSUP;
    for (int number = 1; number < 256; number++) {
        const char *known = strerrorname_np(number);

        if (known != NULL && strcmp(known, name) == 0)
            return number;
    }
    return 0;
}

/* Checks each -EXYZ in a header, where the errors of functions are documented. */
static size_t walk_header(const char *path)
{
    static char text[200000];
    char name[32];
    FILE *file = fopen(path, "re");
    size_t seen = 0;

    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    for (const char *at = text; (at = strstr(at, "-E")) != NULL; at++) {
        if (sscanf(at, "-%31[A-Z0-9]", name) != 1 || strlen(name) < 2)
            continue;
        int number = by_name(name);

        if (number == 0)
            fail_msg("%s names -%s, which is no errno", path, name);
        assert_string_not_equal(mag_error_text(-number), unknown);
        assert_string_not_equal(mag_call_text(-number), unknown);
        seen++;
    }
    return seen;
}

static void every_error_that_a_public_header_names_has_a_text(void **state)
{
    glob_t headers;
    size_t seen = 0;
    (void)state;

    assert_int_equal(glob(MAG_SOURCE_DIR "/include/magpie/*.h", 0, NULL, &headers), 0);
    for (size_t i = 0; i < headers.gl_pathc; i++)
        seen += walk_header(headers.gl_pathv[i]);
    assert_true(headers.gl_pathc > 20 && seen > 60);
    globfree(&headers);
    for (int code = MAG_E_FIRST; code >= MAG_E_SIZE; code--) {
        assert_memory_equal(mag_error_text(code), "misuse: ", 8);
        assert_ptr_equal(mag_call_text(code), mag_error_text(code));
    }
}

static void what_the_library_refuses_has_a_text_of_its_own(void **state)
{
    static const int codes[] = {-ECANCELED, -ENOENT,  -EAGAIN,    -EBUSY,
                                -EDEADLK,   -EIO,     -EPERM,     -EOWNERDEAD,
                                -ENOSPC,    -ENOTSUP, -ESHUTDOWN, -ETIMEDOUT};
    enum { CODES = sizeof(codes) / sizeof(codes[0]) };
    (void)state;

    for (size_t i = 0; i < CODES; i++) {
        assert_string_not_equal(mag_call_text(codes[i]), mag_error_text(codes[i]));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(mag_call_text(codes[i]), mag_call_text(codes[j]));
    }
    assert_string_equal(mag_call_text(-ESHUTDOWN), "the scheduler is stopping");
    assert_string_equal(mag_call_text(-ENOMEM), mag_error_text(-ENOMEM));
    assert_string_equal(mag_call_text(0), "success");
}

static void other_codes_are_unknown(void **state)
{
    static const int codes[] = {EINVAL, 1, -12345, MAG_E_LAST, INT_MIN, INT_MAX};
    (void)state;

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_string_equal(mag_error_text(codes[i]), unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_has_the_version_of_its_headers),
        cmocka_unit_test(an_operations_errno_reads_as_the_system_describes_it),
        cmocka_unit_test(without_strerrordesc_the_same_texts_are_given),
        cmocka_unit_test(a_text_is_the_same_in_every_locale_and_at_every_call),
        cmocka_unit_test(a_text_allocates_nothing),
        cmocka_unit_test(every_error_that_a_public_header_names_has_a_text),
        cmocka_unit_test(what_the_library_refuses_has_a_text_of_its_own),
        cmocka_unit_test(other_codes_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
