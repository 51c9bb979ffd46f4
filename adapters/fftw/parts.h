/*
 * parts.h - the parts of a transform as a loop.  Private to adapters/fftw/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ADAPTERS_FFTW_PARTS_H
#define ADAPTERS_FFTW_PARTS_H

#include <magpie/sched.h>

#include <stddef.h>

/* FFTW calls this as its parallel loop; `data` is the scheduler. */
void mag_fftw_run_parts(void *(*work)(char *), char *parts, size_t size, int count,
                        void *data);

/* The scheduler to use, and its number of workers as FFTW counts threads. */
int mag_fftw_choose(struct mag_sched **sched, int *ret_threads);

#endif
