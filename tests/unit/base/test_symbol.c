/* SPDX-License-Identifier: Apache-2.0 */
/* Names of functions, for traces and reports. */
#include "tests/support/cmocka.h"

#include "base/os/symbol.h"

#include <stdlib.h>
#include <string.h>

static int local_function(int number)
{
    return number + 1;
}

static const void *address_of(int (*function)(int))
{
    return (const void *)(uintptr_t)function;
}

static void a_static_function_has_its_name(void **state)
{
    char text[64];
    (void)state;

    mag_os_symbol(address_of(local_function), text, sizeof(text));
    assert_string_equal(text, "local_function");
    mag_os_symbol((const char *)address_of(local_function) + 1, text, sizeof(text));
    assert_string_equal(text, "local_function");
}

static void a_function_of_a_shared_library_has_its_name(void **state)
{
    char text[64];
    (void)state;

    /* One that no sanitizer replaces. */
    mag_os_symbol((const void *)(uintptr_t)srand48, text, sizeof(text));
    assert_string_equal(text, "srand48");
}

static void a_name_is_cut_to_the_room_it_has(void **state)
{
    char text[6];
    (void)state;

    mag_os_symbol(address_of(local_function), text, sizeof(text));
    assert_string_equal(text, "local");
}

static void an_address_that_is_no_function_is_a_number(void **state)
{
    static int data;
    char text[64];
    (void)state;

    mag_os_symbol((const void *)8, text, sizeof(text));
    assert_string_equal(text, "0x8");
    mag_os_symbol(NULL, text, sizeof(text));
    assert_true(strlen(text) != 0);
    mag_os_symbol(&data, text, sizeof(text));
    assert_non_null(strstr(text, "test_symbol+0x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_static_function_has_its_name),
        cmocka_unit_test(a_function_of_a_shared_library_has_its_name),
        cmocka_unit_test(a_name_is_cut_to_the_room_it_has),
        cmocka_unit_test(an_address_that_is_no_function_is_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
