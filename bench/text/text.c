/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/text/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS = 80, COLUMNS_LEAST = 40 };

static struct bench_text figure(double value, const char *unit)
{
    struct bench_text text;
    int digits = value < 9.995 ? 2 : value < 999.95 ? 1 : 0;

    (void)snprintf(text.text, sizeof(text.text), "%.*f %s", digits, value, unit);
    return text;
}

struct bench_text bench_seconds(double seconds)
{
    if (seconds >= 1)
        return figure(seconds, "s");
    if (seconds >= 1e-3)
        return figure(seconds * 1e3, "ms");
    if (seconds >= 1e-6)
        return figure(seconds * 1e6, "us");
    return figure(seconds * 1e9, "ns");
}

struct bench_text bench_kib(uint64_t kib)
{
    if (kib < 1024)
        return figure((double)kib, "KiB");
    if (kib < UINT64_C(1024) * 1024)
        return figure((double)kib / 1024, "MiB");
    return figure((double)kib / (1024.0 * 1024), "GiB");
}

struct bench_text bench_count(uint32_t count, const char *noun)
{
    struct bench_text text;

    (void)snprintf(text.text, sizeof(text.text), "%u %s%s", count, noun,
                   count == 1 ? "" : "s");
    return text;
}

static bool wants_colours(FILE *out)
{
    const char *terminal = getenv("TERM");
    const char *no_colour = getenv("NO_COLOR");

    return isatty(fileno(out)) == 1 && (no_colour == NULL || *no_colour == '\0') &&
           (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

const char *bench_colour(FILE *out, enum bench_colour colour)
{
    static const char *const sequences[] = {
        [BENCH_PLAIN] = "\033[0m", [BENCH_BOLD] = "\033[1m",  [BENCH_DIM] = "\033[2m",
        [BENCH_GOOD] = "\033[32m", [BENCH_WARN] = "\033[33m", [BENCH_BAD] = "\033[31m",
    };

    return wants_colours(out) ? sequences[colour] : "";
}

uint32_t bench_columns(FILE *out)
{
    struct winsize size;

    if (isatty(fileno(out)) != 1 || ioctl(fileno(out), TIOCGWINSZ, &size) != 0 ||
        size.ws_col < COLUMNS_LEAST)
        return COLUMNS;
    return size.ws_col;
}

void bench_progress(const char *text)
{
    if (isatty(STDERR_FILENO) != 1)
        return;
    (void)fprintf(stderr, "\r\033[K%s", text != NULL ? text : "");
    (void)fflush(stderr);
}

FILE *bench_open(const char *command, const char *path)
{
    FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");

    if (out == NULL)
        (void)fprintf(stderr, "magpie %s: %s: %s\n", command, path, strerror(errno));
    return out;
}

/* Says that something which was written is lost.  A reader that has seen enough, such as
 * head, need not be told. */
static void tell_loss(const char *command, const char *path, bool is_stdout, int error)
{
    if (is_stdout && error == EPIPE)
        return;
    (void)fprintf(stderr, "magpie%s%s: %s: %s\n", *command != '\0' ? " " : "", command,
                  is_stdout ? "standard output" : path,
                  strerror(error != 0 ? error : EIO));
}

/* Whether the loss of standard output has been told. */
static bool stdout_told;

bool bench_close(const char *command, const char *path, FILE *out)
{
    bool is_stdout = out == stdout;
    bool written;

    errno = 0;
    written = fflush(out) == 0 && ferror(out) == 0;
    if (!is_stdout)
        written = fclose(out) == 0 && written;
    if (!written && !(is_stdout && stdout_told)) {
        tell_loss(command, path, is_stdout, errno);
        stdout_told = stdout_told || is_stdout;
    }
    return written;
}

/* The process that guards its output; a child that it forks writes elsewhere. */
static pid_t guard;

/* Also closes what argp has written for --help, --usage and --version. */
static void close_stdout(void)
{
    if (getpid() == guard && !bench_close("", "-", stdout))
        _exit(EXIT_FAILURE);
}

bool bench_guard_output(void)
{
    /* A file that is opened later must not become standard output or standard error.
     * Each gets a stand-in that refuses what the descriptor is there for. */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    }
    guard = getpid();
    return atexit(close_stdout) == 0;
}
