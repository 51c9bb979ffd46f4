/*
 * files.h - a directory of the test's own, in which it puts files: a root of a file
 * system for code that is told where the root is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_FILES_H
#define TESTS_SUPPORT_FILES_H

/* Set-up and teardown of a test function: make the directory, and remove it with all that
 * is in it. */
int test_root_make(void **state);
int test_root_remove(void **state);

/* The path of the directory. */
const char *test_root(void);

/* Writes a file; `path` begins with a slash, which stands for the directory.  Directories
 * above the file are made. */
void test_root_put(const char *path, const char *text);

#endif
