/*
 * options.h - the command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MGZIP_OPTIONS_H
#define EXAMPLES_MGZIP_OPTIONS_H

#include "examples/mgzip/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The statuses that the program ends with, those of gzip. */
enum { MGZIP_OK, MGZIP_ERROR, MGZIP_WARNING };

enum { BLOCK_KIB_MIN = 32, BLOCK_KIB_MAX = 1 << 20, PROCESSES_MAX = 1024 };

struct options {
    const struct engine *engine;
    int level;
    uint32_t processes; /* blocks that are compressed at the same time */
    size_t block;       /* bytes of a block */
    const char *suffix; /* with its dot, if it has one */
    bool decompress;
    bool test; /* decompress, and write nothing */
    bool to_stdout;
    bool keep;
    bool force;
    bool quiet;
    bool verbose;
    bool no_name;
    bool recursive;
    bool report;
    char **files; /* NULL ends them; none: standard input */
};

/* Ends the program if the arguments are wrong, or ask for help only. */
void options_parse(struct options *options, int argc, char **argv);

#endif
