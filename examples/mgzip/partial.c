/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mgzip/partial.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* Only the first thread touches it: the workers of a scheduler block these signals. */
static const char *partial;
static sigset_t ends;

static void end(int number)
{
    if (partial != NULL)
        (void)unlink(partial);
    (void)signal(number, SIG_DFL);
    /* It is blocked until this function returns. */
    (void)raise(number);
}

void partial_watch(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = end};

    (void)sigemptyset(&ends);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct sigaction before;

        /* Ignored ones stay so, as nohup wants it. */
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaddset(&ends, numbers[i]);
    }
    action.sa_mask = ends;
    /* A file that may not grow is an error of its write, on every thread. */
    (void)signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (sigismember(&ends, numbers[i]) == 1)
            (void)sigaction(numbers[i], &action, NULL);
    }
}

int partial_create(const char *path, int flags)
{
    sigset_t before;
    int fd;

    (void)sigprocmask(SIG_BLOCK, &ends, &before);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, S_IRUSR | S_IWUSR);
    if (fd >= 0)
        partial = path;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return fd;
}

void partial_done(int keep)
{
    sigset_t before;

    (void)sigprocmask(SIG_BLOCK, &ends, &before);
    if (!keep && partial != NULL)
        (void)unlink(partial);
    partial = NULL;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}
