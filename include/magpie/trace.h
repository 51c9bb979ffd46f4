/*
 * trace.h - recording what the workers of a scheduler do, event by event, for a viewer
 * such as Perfetto or chrome://tracing.
 *
 *     #include <magpie/default.h>
 *     #include <magpie/fork.h>
 *     #include <magpie/trace.h>
 *     #include <stdio.h>
 *
 *     MAG_FORKABLE(long, fib, int, n)
 *
 *     static long fib(mag_fork w, int n)
 *     {
 *         if (n < 2)
 *             return n;
 *         struct fib_child child = fib_fork(&w, n - 1);
 *         long rest = fib(w, n - 2);
 *         return fib_join(&w, child) + rest;
 *     }
 *
 *     static int to_file(const char *text, size_t length, void *arg)
 *     {
 *         FILE *file = (FILE *)arg;
 *
 *         return fwrite(text, 1, length, file) == length ? 0 : -1;
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_sched *sched;
 *         long result;
 *
 *         if (mag_sched_default(&sched) != 0 || mag_trace_start(sched, NULL) != 0)
 *             return 1;
 *         if (fib_run(sched, &result, 25) != 0 || mag_trace_stop(sched) != 0)
 *             return 1;
 *         FILE *file = fopen("/dev/null", "w"); // trace.json
 *         if (file == NULL || mag_trace_write(sched, to_file, file) != 0)
 *             return 1;
 *         return fclose(file);
 *     }
 *
 * The model.  While a scheduler is traced, each worker writes what it does into a ring of
 * its own: jobs and stolen children, with the names of their functions; when it looked
 * for work, slept and was blocked; what it stole, from whom; the marks of the program.  A
 * full ring forgets the oldest events.  So a program can trace all the time, and write
 * the last moments when something has gone wrong.
 *
 * Without a program of one's own: `magpie trace program ...` traces the default scheduler
 * of a program and writes a file, and so does the variable MAGPIE_TRACE.
 *
 * Cost.  A scheduler that is not traced pays nothing for each job: the loop of a worker
 * reads one word before each job, traced or not.  While it is traced, each job costs two
 * readings of the clock, about 50 ns.
 *
 * Names.  A job is called after its name if it was given one (submit.h), else after its
 * function.  The name of a static function comes from the symbol table of the program's
 * file, if that was not stripped.  Strings that are passed as names must stay valid until
 * the scheduler is destroyed: string literals are.
 *
 * docs/guide/seeing.md shows what a trace looks like; docs/design/seeing.md says how it
 * is recorded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_TRACE_H
#define MAGPIE_TRACE_H

#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/* How a scheduler is traced.  Fill it with mag_trace_config_init. */
struct mag_trace_config {
    size_t size; /* sizeof(struct mag_trace_config); set by mag_trace_config_init */

    /* How many events of each worker are kept, 16 to MAG_TRACE_EVENTS_MAX, rounded up to
     * a power of two.  An event takes 32 bytes, once it has happened.  Default 65,536. */
    uint32_t events;
};

#define MAG_TRACE_EVENTS_MAX 16777216

/*
 * Sets every field to its default.
 */
MAG_API void mag_trace_config_init(struct mag_trace_config *config);

/*
 * Starts to trace a scheduler.  What an earlier trace has recorded is forgotten.  A
 * worker begins with its next job; the job that it is running does not appear.
 *
 *   config     NULL: the defaults
 *   Thread     any, also a worker
 *   Allocates  address space for the events of all workers, which is given back when the
 *              scheduler is destroyed; a later start with as many events reuses it
 *   Returns    0; -EALREADY it is traced already; -EINVAL a field is out of its range;
 *              -ENOMEM; MAG_E_FORKED the scheduler belongs to the parent process
 */
MAG_API MAG_MUST_CHECK int mag_trace_start(struct mag_sched *sched,
                                           const struct mag_trace_config *config);

/*
 * Stops the trace.  A job that is running still records its end.
 *
 *   Thread     any, also a worker
 *   Returns    0; -EALREADY it is not traced
 */
MAG_API MAG_MUST_CHECK int mag_trace_stop(struct mag_sched *sched);

/*
 * Writes the events that are kept, as JSON in Chrome's format (Trace Event Format), each
 * worker a thread.  The trace may go on meanwhile; then it is a snapshot.  Each event
 * that has begun has an end: what still runs ends at the time of the call.
 *
 *   write      is given the text piece by piece.  It returns 0 to go on; any other value
 *              ends the writing
 *   Thread     any; one at a time for each scheduler
 *   Blocks     as `write` does, and while the program's files are read for names
 *   Allocates  room for the events of one worker, and for names
 *   Returns    0; -ENOENT the scheduler was never traced; -ENOMEM; what `write` returned
 */
MAG_API MAG_MUST_CHECK int
mag_trace_write(struct mag_sched *sched,
                int (*write)(const char *text, size_t length, void *arg), void *arg);

/*
 * Records a mark, if the calling thread is a worker of a scheduler that is traced.
 *
 *   name       appears in the trace; see "Names"
 *   object     an address that appears with it, such as that of a task; or NULL
 *   number     a number that appears with it
 */
MAG_API void mag_trace_mark(const char *name, const void *object, uint32_t number);

MAG_EXTERN_C_END

#endif
