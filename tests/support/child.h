/*
 * child.h - running a step in a child process, so that its changes stay there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_CHILD_H
#define TESTS_SUPPORT_CHILD_H

/*
 * Runs `step` in a child, whose exit status is what `step` returns: 0, or the number of
 * the check that failed, up to 255.  Only the parent asserts.
 *
 * Skips the test if qemu runs the program: see emulated.h.
 *
 *   Returns    that number; -1 when the child could not run or was killed
 */
int test_in_child(int (*step)(void *), void *arg);

/* Skips the test if a child process can start no threads: under ThreadSanitizer, and
 * under qemu. */
void test_skip_without_child_threads(void);

/* Calls test_in_child, which must return 0; skips as above. */
void test_step_in_child(int (*step)(void *));

#endif
