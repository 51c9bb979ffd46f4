/*
 * files.h - a directory of the test's own for files.  It serves as the root of a file
 * system for code that is told where the root is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_FILES_H
#define TESTS_SUPPORT_FILES_H

/* Set-up and teardown of a test function: make the directory, and remove it with its
 * content. */
int test_root_make(void **state);
int test_root_remove(void **state);

/* The path of the directory. */
const char *test_root(void);

/* Writes a file, and makes the directories above it.  `path` begins with a slash, which
 * stands for the directory. */
void test_root_put(const char *path, const char *text);

#endif
