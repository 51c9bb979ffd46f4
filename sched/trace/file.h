/*
 * file.h - a scheduler that is traced for all of its life, into a file: `trace` of its
 * configuration.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TRACE_FILE_H
#define SCHED_TRACE_FILE_H

#include "sched/scheduler.h"

/* Creates the file, and takes the memory for the trace, before the workers run.  0 also
 * if no file is wanted; -ENOMEM; an error of open(2). */
int mag_trace_file_prepare(struct mag_sched *sched);

/* Starts the trace.  It cannot fail, because everything is prepared. */
void mag_trace_file_begin(struct mag_sched *sched);

/* Stops the trace and writes it.  There is nobody to tell of an error: the file then
 * stays empty or short. */
void mag_trace_file_end(struct mag_sched *sched);

#endif
