/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"

#include "tests/support/cmocka.h"
#include "tests/support/emulated.h"
#include "tests/support/run.h"

#include <sys/wait.h>
#include <unistd.h>

#define NO_CHILDREN "starts no threads in a child of fork(), and knows no limits"

int test_in_child(int (*step)(void *), void *arg)
{
    int status = -1;

    test_skip_emulated(NO_CHILDREN);
    pid_t child = fork();

    if (child == 0)
        _exit(step(arg));
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

void test_skip_without_child_threads(void)
{
#ifdef TEST_UNDER_TSAN
    print_message("skipped: ThreadSanitizer cannot start threads after fork()\n");
    skip();
#endif
    test_skip_emulated(NO_CHILDREN);
}

void test_step_in_child(int (*step)(void *))
{
    test_skip_without_child_threads();
    assert_int_equal(test_in_child(step, NULL), 0);
}
