/*
 * child.h - running a step in a child process, so that what it changes stays there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_CHILD_H
#define TESTS_SUPPORT_CHILD_H

/*
 * Runs `step` in a child, which ends with what it returns: 0, or the number of what
 * failed, up to 255.  Assertions are for the parent.
 *
 *   Returns    that number; -1 when the child could not run or was killed
 */
int test_in_child(int (*step)(void *), void *arg);

/* Skips the test where a child process can start no threads: under ThreadSanitizer. */
void test_skip_without_child_threads(void);

/* test_in_child, which must return 0; skipped as above. */
void test_step_in_child(int (*step)(void *));

#endif
