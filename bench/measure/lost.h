/*
 * lost.h - what the time of a row was lost to.
 *
 * The model.  The workers' time, as long as the row and as wide as its workers, is their
 * work, and what was lost.  Six measured figures say how much, and nothing is fitted:
 *
 *   work        the time of the serial twin
 *   scheduler   the time that one worker runs beyond that, for forks and joins; and the
 *               search of all workers for something to do
 *   memory      the time that all workers run beyond what one worker runs.  The same
 *               instructions take longer beside others: memory and caches above all, but
 *               also hardware threads that share a core, a lower frequency, processors
 *               that were taken away
 *   imbalance   of the time that workers sleep, in or outside joins: what the others ran
 *               less than the one that ran most.  A serial part that one worker runs
 *               counts here
 *   span        the rest of that time: the busiest worker, too, waited for what others
 *               had to do first, or for being woken
 *
 * The sum is the whole.  A figure below zero is a gain, such as that of more caches, or
 * the noise of two measurements.  Only the graph of a computation tells its span in the
 * sense of theory; these two say how the sleep was distributed over the workers.  On two
 * workers it is nearly all imbalance.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MEASURE_LOST_H
#define BENCH_MEASURE_LOST_H

#include "bench/measure/row.h"

/* Parts of the time of all workers; together 1. */
struct bench_lost {
    double work;
    double scheduler;
    double memory;
    double imbalance;
    double span;
    /* Whether the first three are known: they need the serial twin and a row of one
     * worker. */
    bool apart;
};

/* Computes them for a row of Magpie.  False: the row is none that does the work of its
 * serial twin on workers. */
bool bench_lost_of(const struct bench_rows *rows, const struct bench_row *row,
                   struct bench_lost *ret_lost);

#endif
