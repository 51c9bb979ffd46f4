/*
 * report.h - what the program says, and the status that follows from it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MGZIP_REPORT_H
#define EXAMPLES_MGZIP_REPORT_H

#include "examples/mgzip/options.h"

/* Prints "mgzip: name: text" and returns MGZIP_ERROR, or MGZIP_WARNING, of which nothing
 * is printed with --quiet. */
__attribute__((format(printf, 2, 3))) int report_error(const char *name, const char *text,
                                                       ...);
__attribute__((format(printf, 3, 4))) int
report_warning(const struct options *options, const char *name, const char *text, ...);

/* A line on a terminal, in the place of the one before; and its end. */
__attribute__((format(printf, 1, 2))) void report_progress(const char *text, ...);
void report_wipe(void);

/* An error outweighs a warning. */
int report_worse(int a, int b);

#endif
