/*
 * text.h - figures with units, colours, and the state of an output.  No locale is ever
 * set: a point is a point everywhere.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_TEXT_TEXT_H
#define BENCH_TEXT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A figure with its unit: three digits or so, such as "187.2 ms". */
struct bench_text {
    char text[32];
};

struct bench_text bench_seconds(double seconds);
struct bench_text bench_kib(uint64_t kib);

/* "1 node", "2 nodes". */
struct bench_text bench_count(uint32_t count, const char *noun);

enum bench_colour {
    BENCH_PLAIN,
    BENCH_BOLD,
    BENCH_DIM,
    BENCH_GOOD,
    BENCH_WARN,
    BENCH_BAD,
};

/* The sequence that switches to a colour; empty unless `out` is a terminal that wants
 * colours (NO_COLOR and TERM=dumb do not). */
const char *bench_colour(FILE *out, enum bench_colour colour);

/* Columns of the terminal behind `out`; 80 when it is none. */
uint32_t bench_columns(FILE *out);

/* Shows what is going on, in one line that the next call replaces; NULL clears it.  Only
 * when standard error is a terminal. */
void bench_progress(const char *text);

/* Opens a file for writing; "-" is standard output.  Prints why it cannot. */
FILE *bench_open(const char *command, const char *path);

/* Ends what bench_open began.  False, and the reason is printed, when something that was
 * written to it is lost. */
bool bench_close(const char *command, const char *path, FILE *out);

/* Ends the program with status 1, and tells why, if standard output is lost when it ends:
 * what a command has not closed itself, such as the text of --help.  Descriptors 0 to 2
 * that are closed are taken, so that no file of ours is opened in their place.  False if
 * that cannot be done. */
bool bench_guard_output(void);

#endif
