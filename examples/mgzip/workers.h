/*
 * workers.h - the threads that compress: the first one alone, or the workers of a
 * scheduler.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MGZIP_WORKERS_H
#define EXAMPLES_MGZIP_WORKERS_H

#include "examples/mgzip/options.h"

#include <magpie/sched.h>

/* How many threads may compress, and their scheduler; NULL for one, which is the calling
 * thread.  Starts the scheduler at the first call.
 *
 *   Returns    0; a negative errno */
int workers_get(const struct options *options, struct mag_sched **ret_sched,
                uint32_t *ret_threads);

/* Stops it. */
void workers_end(void);

#endif
