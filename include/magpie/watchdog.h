/*
 * watchdog.h - a thread that looks at the workers of a scheduler from time to time, and
 * tells when a job does not end or work is not done.
 *
 *     #include <magpie/submit.h>
 *     #include <magpie/watchdog.h>
 *     #include <stdio.h>
 *     #include <time.h>
 *
 *     static void told(const struct mag_watchdog_report *report, void *arg)
 *     {
 *         char text[300];
 *
 *         (void)arg;
 *         mag_watchdog_text(report, text, sizeof(text));
 *         fprintf(stderr, "%s\n", text);
 *     }
 *
 *     static void decode_frame(void *arg)
 *     {
 *         clock_t end = clock() + CLOCKS_PER_SEC / 30;
 *
 *         (void)arg;
 *         while (clock() < end)
 *             continue;
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_watchdog_config config;
 *         struct mag_watchdog *watchdog;
 *         struct mag_sched *sched;
 *
 *         mag_watchdog_config_init(&config);
 *         config.threshold_ns = 10000000; // 10 ms
 *         config.on_report = told;
 *         if (mag_sched_start(NULL, &sched) != 0 ||
 *             mag_watchdog_start(sched, &config, &watchdog) != 0 ||
 *             mag_submit(sched, decode_frame, NULL) != 0)
 *             return 1;
 *         // "worker 0 has run decode_frame for 0.01 s"
 *         if (mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL) != 0)
 *             return 1;
 *         mag_watchdog_stop(watchdog);
 *         return mag_sched_destroy(sched);
 *     }
 *
 * The model.  A job should end soon: a worker runs nothing else meanwhile.  The watchdog
 * notices jobs that run for longer than a threshold, workers that sleep although there is
 * work, and a scheduler that does nothing because all of its workers wait.  It reports
 * what it sees to a function of the program, and does nothing else.
 *
 * What it cannot see.  The library does not know for what a job waits: for a lock, for
 * input, for another job.  So the watchdog names the jobs that do not go on, and how many
 * wait, but not a cycle of waits; `magpie workers` of the gdb script shows where each of
 * them stands (docs/guide/seeing.md).
 *
 * Cost.  While a scheduler has a watchdog, each job costs some 20 ns more: its worker
 * writes down what it runs.  Without a watchdog it costs nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_WATCHDOG_H
#define MAGPIE_WATCHDOG_H

#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/* What a report tells. */
enum mag_watchdog_finding {
    MAG_WATCHDOG_STUCK,   /* `worker` has run one job for longer than the threshold */
    MAG_WATCHDOG_IDLE,    /* for as long, jobs have waited and workers have slept, and no
                           * job has begun: a fault of the library, or of an executor */
    MAG_WATCHDOG_BLOCKED, /* jobs wait, and each worker is stuck in a job */
};

struct mag_watchdog_report {
    enum mag_watchdog_finding finding;
    struct mag_sched *sched;

    uint32_t worker;      /* STUCK: its number; else MAG_NONE */
    const char *name;     /* STUCK: of its job, if it has one; else NULL */
    const void *function; /* STUCK: of its job; NULL: it began before the watchdog */
    bool blocked;         /* STUCK: it sleeps in a wait of this library's */

    int64_t ns;       /* for how long, at least */
    uint64_t waiting; /* how many jobs wait, at least: behind that job; else all */
    uint32_t workers; /* how many workers are stuck, or for IDLE: asleep */
};

struct mag_watchdog;

/* What a watchdog is made from.  Fill it with mag_watchdog_config_init. */
struct mag_watchdog_config {
    size_t size; /* sizeof(struct mag_watchdog_config); set by mag_watchdog_config_init */

    /* How long a job may run before it is reported: 1 ms to 1 hour.  It is reported again
     * each time that it has run twice as long.  Default 1 s. */
    int64_t threshold_ns;

    /* How often to look, `threshold_ns` at most.  Default 0: four times as often. */
    int64_t period_ns;

    /* Called on the watchdog's thread, one report at a time.  It may call any function
     * but mag_watchdog_stop, and need not return: it may call abort. */
    void (*on_report)(const struct mag_watchdog_report *report, void *arg);
    void *arg;
};

/*
 * Sets every field to its default, and `on_report` to NULL.
 */
MAG_API void mag_watchdog_config_init(struct mag_watchdog_config *config);

/*
 * Starts a watchdog for a scheduler, which has one at most.
 *
 *   Thread     any
 *   Allocates  and creates a thread
 *   Returns    0; -EINVAL a field is out of its range, or `on_report` is NULL; -EALREADY
 *              the scheduler has one; -ENOMEM; -EAGAIN the thread was refused;
 *              MAG_E_FORKED the scheduler belongs to the parent process
 *   Release    mag_watchdog_stop
 */
MAG_API MAG_MUST_CHECK int mag_watchdog_start(struct mag_sched *sched,
                                              const struct mag_watchdog_config *config,
                                              struct mag_watchdog **ret_watchdog);

/*
 * Stops a watchdog, before its scheduler is destroyed.  NULL is allowed.  `on_report` is
 * not called any more once this returns.
 *
 *   Thread     any but the watchdog's
 *   Blocks     until a report that is being made has been made
 */
MAG_API void mag_watchdog_stop(struct mag_watchdog *watchdog);

/*
 * Writes a report as a sentence: "worker 3 has run decode_frame for 2.4 s; 17 jobs wait
 * behind it".  The text is cut to `size` bytes, the terminating zero included.
 *
 *   Blocks     while the program's file is read for the function's name
 */
MAG_API void mag_watchdog_text(const struct mag_watchdog_report *report, char *text,
                               size_t size);

MAG_EXTERN_C_END

#endif
