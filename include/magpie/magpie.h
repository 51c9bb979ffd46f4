/*
 * magpie.h - every public header of Magpie.
 *
 * How to read them.  Each header is the manual of one noun: it begins with a program and
 * the model, and each function has a comment above it, with a table:
 *
 *   Thread     which threads may call it; any, if the line is absent
 *   Blocks     whether and for how long it may wait; never, if the line is absent
 *   Allocates  whether it may take memory; never, if the line is absent
 *   Returns    the result, or 0 and the errors; error.h has the conventions
 *   Release    what gives the object back
 *
 * The headers in magpie/detail/ hold what macros and inline functions need.  They may
 * change in any version; do not include them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_MAGPIE_H
#define MAGPIE_MAGPIE_H

#include <magpie/async.h>
#include <magpie/barrier.h>
#include <magpie/budget.h>
#include <magpie/cancel.h>
#include <magpie/debug.h>
#include <magpie/error.h>
#include <magpie/event_loop.h>
#include <magpie/executor.h>
#include <magpie/fork.h>
#include <magpie/fork_task.h>
#include <magpie/node_memory.h>
#include <magpie/operation.h>
#include <magpie/pin.h>
#include <magpie/plan.h>
#include <magpie/pool.h>
#include <magpie/promise.h>
#include <magpie/sched.h>
#include <magpie/source.h>
#include <magpie/strand.h>
#include <magpie/timer.h>
#include <magpie/topology.h>
#include <magpie/unpinned.h>
#include <magpie/version.h>
#include <magpie/vtask.h>
#include <magpie/when.h>

#endif
