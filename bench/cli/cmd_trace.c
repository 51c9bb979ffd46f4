/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/command.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const command = "trace";

/* As a shell says that a command was not found, or could not be called, or was ended by a
 * signal. */
enum { NOT_FOUND = 127, NOT_CALLED = 126, SIGNALED = 128 };

struct wanted {
    const char *output;
    char **program; /* with its arguments; NULL at the end */
};

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "Write the trace to FILE (default: trace.json)", 0},
    {0},
};

/* NOLINTNEXTLINE(readability-non-const-parameter): argp says what it is. */
static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct wanted *wanted = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        bench_argp_init(state);
        return 0;
    case 'o':
        wanted->output = arg;
        return 0;
    case ARGP_KEY_ARG:
        wanted->program = &state->argv[state->next - 1];
        state->next = state->argc;
        return 0;
    case ARGP_KEY_END:
        if (wanted->program == NULL)
            bench_usage(command, "PROGRAM is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The output's path from the root, because the program may change its folder. */
static bool whole_path(const char *output, char *path, size_t size)
{
    char folder[PATH_MAX];
    int length;

    if (output[0] == '/')
        length = snprintf(path, size, "%s", output);
    else if (getcwd(folder, sizeof(folder)) == NULL)
        return false;
    else
        length = snprintf(path, size, "%s/%s", folder, output);
    return length > 0 && (size_t)length < size;
}

/* An old trace must not pass for the new one.  False: the path is that of a device or of
 * something else that has to stay. */
static bool remove_old(const char *path)
{
    struct stat about;

    if (stat(path, &about) != 0)
        return true;
    if (!S_ISREG(about.st_mode)) {
        (void)fprintf(stderr, "magpie trace: %s: not a regular file\n", path);
        return false;
    }
    (void)unlink(path);
    return true;
}

static int call(char **program)
{
    int status;
    pid_t child = fork();

    if (child < 0)
        return BENCH_FAILED;
    if (child == 0) {
        (void)execvp(program[0], program);
        (void)fprintf(stderr, "magpie trace: %s: %s\n", program[0], strerror(errno));
        _exit(errno == ENOENT ? NOT_FOUND : NOT_CALLED);
    }
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return BENCH_FAILED;
    }
    return WIFSIGNALED(status) ? SIGNALED + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Whether the program has left a trace. */
static bool check(const char *path)
{
    struct stat about;

    if (stat(path, &about) != 0)
        (void)fprintf(stderr,
                      "magpie trace: no trace: the program did not start the default "
                      "scheduler of libmagpie\n");
    else if (about.st_size == 0)
        (void)fprintf(stderr,
                      "magpie trace: no trace: the program did not end by exit, "
                      "or %s could not be written\n",
                      path);
    else
        (void)fprintf(stderr, "magpie trace: %s: open it with https://ui.perfetto.dev\n",
                      path);
    return stat(path, &about) == 0 && about.st_size != 0;
}

static int run(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "PROGRAM [ARGUMENT...]",
        "Runs PROGRAM and writes what the workers of its default scheduler did, as JSON "
        "for trace viewers.  The status is that of PROGRAM.\v"
        "It sets MAGPIE_TRACE for PROGRAM.  A %p in FILE becomes the number of the "
        "process, so that processes which PROGRAM starts write files of their own.",
        NULL,
        NULL,
        NULL};
    struct wanted wanted = {.output = "trace.json"};
    char path[2 * PATH_MAX];

    argv[0] = (char[]){"magpie trace"};
    /* In order: options behind the program's name are the program's. */
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &wanted) != 0)
        return BENCH_USAGE;
    if (!whole_path(wanted.output, path, sizeof(path)) ||
        setenv("MAGPIE_TRACE", path, 1) != 0) {
        (void)fprintf(stderr, "magpie trace: %s: %s\n", wanted.output, strerror(errno));
        return BENCH_FAILED;
    }
    if (!remove_old(path))
        return BENCH_FAILED;
    int status = call(wanted.program);
    if (status == NOT_FOUND || status == NOT_CALLED || strstr(path, "%p") != NULL)
        return status;
    return check(path) || status != 0 ? status : BENCH_FAILED;
}

const struct bench_command bench_command_trace = {"trace", run};
