/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mgzip/report.h"

#include <stdarg.h>
#include <stdio.h>

/* A line of progress is on the terminal. */
static bool drawn;

void report_wipe(void)
{
    if (drawn)
        (void)fputs("\r\033[K", stderr);
    drawn = false;
}

void report_progress(const char *text, ...)
{
    va_list values;

    va_start(values, text);
    report_wipe();
    (void)vfprintf(stderr, text, values);
    (void)fflush(stderr);
    va_end(values);
    drawn = true;
}

__attribute__((format(printf, 2, 0))) static void say(const char *name, const char *text,
                                                      va_list values)
{
    flockfile(stderr);
    report_wipe();
    (void)fprintf(stderr, "mgzip: %s: ", name);
    (void)vfprintf(stderr, text, values);
    (void)fputc('\n', stderr);
    funlockfile(stderr);
}

int report_error(const char *name, const char *text, ...)
{
    va_list values;

    va_start(values, text);
    say(name, text, values);
    va_end(values);
    return MGZIP_ERROR;
}

int report_warning(const struct options *options, const char *name, const char *text, ...)
{
    va_list values;

    if (options->quiet)
        return MGZIP_WARNING;
    va_start(values, text);
    say(name, text, values);
    va_end(values);
    return MGZIP_WARNING;
}

int report_worse(int a, int b)
{
    if (a == MGZIP_ERROR || b == MGZIP_ERROR)
        return MGZIP_ERROR;
    return a > b ? a : b;
}
