/*
 * cmocka.h - cmocka with the headers that it needs before it, in its order, and with two
 * things that it does not do by itself.
 *
 * A failed assertion ends its program.  cmocka would jump out of the function and go on
 * with the next one, while threads still use the stack frame that was left.
 *
 * After its functions have passed, a program still fails if an object that was taken from
 * a pool has not been given back.  See test_keeps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_CMOCKA_H
#define TESTS_SUPPORT_CMOCKA_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

/* A program that does not link the library defines TEST_ALONE before. */
#ifndef TEST_ALONE

#    undef skip
#    undef cmocka_run_group_tests
#    define skip() test_skip(__FILE__, __LINE__)
#    define cmocka_run_group_tests(tests, setup, teardown) \
        test_run_group(#tests, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

/* Replacements of skip and cmocka_run_group_tests. */
__attribute__((noreturn)) void test_skip(const char *file, int line);
int test_run_group(const char *name, const struct CMUnitTest *tests, size_t count,
                   CMFixtureFunction setup, CMFixtureFunction teardown);

/* Allows this program to end with `objects` more that are not given back; the caller says
 * why. */
void test_keeps(uint64_t objects);

#endif

#endif
