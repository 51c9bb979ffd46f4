/*
 * magpie.h - every public header of Magpie, a scheduler for tasks and fork-join.
 *
 *     cc program.c $(pkg-config --cflags --libs magpie)
 *
 * Which header do I need?  To
 *
 *   run functions on all cores             sched.h: schedulers, workers and jobs
 *     as plain calls, with priorities      submit.h; submit_limit.h for a limit
 *     on the scheduler that all share      default.h
 *   run the iterations of a loop           loop.h
 *     over rows and columns                loop_2d.h
 *     each part on the same worker again   loop_affinity.h
 *     and put them together to one value   reduce.h; scan.h for running totals
 *     and look for the first one that fits find.h
 *     over a few functions                 invoke.h
 *   sort an array                          sort.h
 *     and choose some of its items         filter.h
 *   divide a computation, and wait for it  fork.h: fork, join and scopes
 *     with many children of one kind       fork_range.h: wide forks
 *   take items through stages             pipeline.h
 *     bytes to a parser                    pipe.h
 *   take part with a thread of my own      guest.h
 *   wait without holding a thread          async.h: async functions
 *     for many things, or for a time       when.h
 *     in a loop, so many at a time         each.h
 *     at fixed times                       ticker.h
 *     and yield one value after the other  sequence.h
 *     in an order that edges say           graph.h
 *     for items of other code              channel.h
 *   return a result now or later           vtask.h: value tasks
 *     from a callback of mine              operation.h; source.h for a type of my own
 *     to many readers                      promise.h
 *     once for all who ask                 lazy.h
 *     from a forked child                  fork_task.h
 *     from a function on some worker       submit_task.h
 *   let so many in at a time               semaphore.h; mutex.h for one; rwlock.h
 *     nobody before something happens      event.h; latch.h; rendezvous.h
 *   cancel                                 cancel.h
 *   run jobs one after the other           strand.h
 *     at a given time                      timer.h
 *     on my own event loop                 event_loop.h
 *     on one worker or node                executor.h: anything that runs jobs
 *   change the number of workers           elastic.h
 *   know the machine                       topology.h, budget.h, plan.h
 *   place threads and memory               pin.h, node_memory.h; pool.h for objects
 *   start threads or processes in a job    unpinned.h
 *   understand an error, find misuse       error.h, debug.h
 *   see what the workers do                counters.h, trace.h, watchdog.h
 *   write a protocol of my own             barrier.h
 *     a library with jobs of its own       job_kind.h
 *
 * How to read them.  Each header is the manual of one noun.  It begins with a program and
 * the model.  Each function has a comment above it, with a table:
 *
 *   Thread     which threads may call it; any, if the line is absent
 *   Blocks     whether and for how long it may wait; never, if the line is absent
 *   Allocates  whether it may take memory; never, if the line is absent
 *   Returns    the result, or 0 and the errors; error.h has the conventions
 *   Release    what gives the object back
 *
 * docs/glossary.md defines the nouns.  The headers in magpie/detail/ hold what macros and
 * inline functions need.  They may change in any version; do not include them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_MAGPIE_H
#define MAGPIE_MAGPIE_H

#include <magpie/async.h>
#include <magpie/barrier.h>
#include <magpie/blocking.h>
#include <magpie/budget.h>
#include <magpie/cancel.h>
#include <magpie/channel.h>
#include <magpie/connected.h>
#include <magpie/counters.h>
#include <magpie/debug.h>
#include <magpie/default.h>
#include <magpie/each.h>
#include <magpie/elastic.h>
#include <magpie/error.h>
#include <magpie/event.h>
#include <magpie/event_loop.h>
#include <magpie/executor.h>
#include <magpie/filter.h>
#include <magpie/find.h>
#include <magpie/fork.h>
#include <magpie/fork_range.h>
#include <magpie/fork_task.h>
#include <magpie/graph.h>
#include <magpie/group.h>
#include <magpie/group_task.h>
#include <magpie/guest.h>
#include <magpie/invoke.h>
#include <magpie/job_kind.h>
#include <magpie/latch.h>
#include <magpie/lazy.h>
#include <magpie/loop.h>
#include <magpie/loop_2d.h>
#include <magpie/loop_affinity.h>
#include <magpie/mutex.h>
#include <magpie/node_memory.h>
#include <magpie/offload.h>
#include <magpie/operation.h>
#include <magpie/pin.h>
#include <magpie/pipe.h>
#include <magpie/pipeline.h>
#include <magpie/plan.h>
#include <magpie/pool.h>
#include <magpie/promise.h>
#include <magpie/reduce.h>
#include <magpie/rendezvous.h>
#include <magpie/rwlock.h>
#include <magpie/scan.h>
#include <magpie/sched.h>
#include <magpie/semaphore.h>
#include <magpie/sequence.h>
#include <magpie/sort.h>
#include <magpie/source.h>
#include <magpie/strand.h>
#include <magpie/submit.h>
#include <magpie/submit_limit.h>
#include <magpie/submit_task.h>
#include <magpie/team.h>
#include <magpie/ticker.h>
#include <magpie/timer.h>
#include <magpie/topology.h>
#include <magpie/trace.h>
#include <magpie/unpinned.h>
#include <magpie/version.h>
#include <magpie/vtask.h>
#include <magpie/watchdog.h>
#include <magpie/when.h>

#endif
