/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"

#include <sys/wait.h>
#include <unistd.h>

int test_in_child(int (*step)(void *), void *arg)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        _exit(step(arg));
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}
