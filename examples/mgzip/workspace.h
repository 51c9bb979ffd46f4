/*
 * workspace.h - what a block needs from when it is read until it is compressed: room for
 * its bytes, and a compressor.  Fewer blocks are on that part of their way than are in
 * the pipeline, so these are not parts of its tokens.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MGZIP_WORKSPACE_H
#define EXAMPLES_MGZIP_WORKSPACE_H

#include "examples/mgzip/engine.h"

#include <pthread.h>

struct workspace {
    void *state;            /* of the engine */
    struct workspace *idle; /* the next one that nobody uses */
    struct workspace *next; /* of all */
    unsigned char in[];     /* WINDOW bytes, and the block */
};

/* They are taken a few thousand times a second, so a mutex does. */
struct workspaces {
    pthread_mutex_t lock;
    struct workspace *idle;
    struct workspace *all;
    const struct engine *engine;
    int level;
    size_t block;
};

/* For blocks of at most `block` bytes. */
void workspaces_init(struct workspaces *workspaces, const struct engine *engine,
                     int level, size_t block);

/* NULL: no memory. */
struct workspace *workspace_take(struct workspaces *workspaces);
void workspace_put(struct workspaces *workspaces, struct workspace *workspace);

/* Frees all, those that were not put back too. */
void workspaces_free(struct workspaces *workspaces);

#endif
