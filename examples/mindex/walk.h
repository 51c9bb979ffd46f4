/*
 * walk.h - the regular files below directories, in the order of their names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MINDEX_WALK_H
#define EXAMPLES_MINDEX_WALK_H

#include <stddef.h>

struct walk {
    char **paths;
    size_t count;
    size_t capacity;
    size_t max; /* no more files than these */
};

/* Adds the files below `path`, or the file that it names.  Links are not followed, and
 * directories that may not be read are left out.  0 or a negative errno. */
int walk_add(struct walk *walk, const char *path);

void walk_free(struct walk *walk);

#endif
