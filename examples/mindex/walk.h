/*
 * walk.h - the regular files below directories, one after the other, in the order of
 * their names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MINDEX_WALK_H
#define EXAMPLES_MINDEX_WALK_H

#include <stddef.h>

struct walk_level;

struct walk {
    char **roots;           /* files and directories to begin with; NULL ends them */
    size_t left;            /* no more files than these */
    struct walk_level *top; /* the directory that is being read; its member up is above */
};

enum { WALK_END = 1 };

/* The next file.  Links are not followed; what may not be read is left out.
 *
 *   ret_path   is the caller's, to be freed
 *   Returns    0; WALK_END; -ENOMEM */
int walk_next(struct walk *walk, char **ret_path);

/* Ends a walk early, or after its end. */
void walk_free(struct walk *walk);

#endif
