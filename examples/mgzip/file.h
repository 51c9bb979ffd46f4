/*
 * file.h - which file becomes which, and what happens to both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MGZIP_FILE_H
#define EXAMPLES_MGZIP_FILE_H

#include "examples/mgzip/options.h"

/* Compresses or decompresses what a path names: a file, with --recursive a directory, or
 * for "-" standard input.  Returns the status. */
int file_treat(const struct options *options, const char *path);

#endif
