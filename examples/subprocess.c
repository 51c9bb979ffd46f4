/*
 * subprocess.c - a job that runs another program, which may use every processor that this
 * one may use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

extern char **environ;

struct tool {
    struct mag_job job; /* first */
    sem_t ended;
    int processors; /* that it saw; -1: it could not run */
};

static int run_tool(void)
{
    char *argv[] = {"sh", "-c", "exit $(nproc)", NULL};
    int status = 0;
    pid_t child;

    if (posix_spawnp(&child, argv[0], NULL, NULL, argv, environ) != 0 ||
        waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static void run(struct mag_job *job)
{
    struct tool *tool = (struct tool *)job;
    struct mag_unpinned before;

    mag_unpinned_begin(&before);
    tool->processors = run_tool();
    mag_unpinned_end(&before);
    (void)sem_post(&tool->ended);
}

int main(void)
{
    struct tool tool = {.job = {.run = run}};
    struct mag_sched *sched;
    int wanted = run_tool();
    int error = mag_sched_default(&sched);

    (void)sem_init(&tool.ended, 0, 0);
    if (error == 0)
        error = mag_sched_post(sched, &tool.job);
    if (error != 0) {
        (void)fprintf(stderr, "subprocess: %s\n", mag_error_text(error));
        return 1;
    }
    while (sem_wait(&tool.ended) != 0) {
        /* a signal interrupted the wait */
    }
    printf("the tool saw %d processors\n", tool.processors);
    return tool.processors == wanted ? 0 : 1;
}
