/*
 * shelf.h - things that threads take when they need one, and put back.  For a few
 * thousand a second, so a mutex does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MGZIP_SHELF_H
#define EXAMPLES_MGZIP_SHELF_H

#include "examples/mgzip/options.h"

#include <pthread.h>

struct shelf {
    pthread_mutex_t lock;
    uint32_t count;
    void *things[PROCESSES_MAX];
};

static inline void shelf_init(struct shelf *shelf)
{
    (void)pthread_mutex_init(&shelf->lock, NULL);
    shelf->count = 0;
}

/* NULL: it is empty. */
static inline void *shelf_take(struct shelf *shelf)
{
    void *thing = NULL;

    (void)pthread_mutex_lock(&shelf->lock);
    if (shelf->count > 0)
        thing = shelf->things[--shelf->count];
    (void)pthread_mutex_unlock(&shelf->lock);
    return thing;
}

/* There is room for one of each thread. */
static inline void shelf_put(struct shelf *shelf, void *thing)
{
    (void)pthread_mutex_lock(&shelf->lock);
    shelf->things[shelf->count++] = thing;
    (void)pthread_mutex_unlock(&shelf->lock);
}

#endif
