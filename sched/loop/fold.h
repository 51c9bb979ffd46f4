/*
 * fold.h - loops whose threads each have a value, joined in the order of the indices.
 * Private to sched/loop/.
 *
 * Each walk of the loop (loop.c) has a value: the body puts the walk's ranges into it one
 * after the other, in the order of the indices.  When a walk joins a part that a thief
 * has walked, the thief's value is put behind that of the walk.  All parts that the walk
 * joins after the first stolen one were stolen too, and their indices follow each other.
 * So each value stands for a row of indices without a gap, and the first walk's value for
 * all of them at the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_LOOP_FOLD_H
#define SCHED_LOOP_FOLD_H

#include <magpie/fork.h>
#include <magpie/loop.h>

struct mag_fold {
    /* Puts the indices of `range` behind those that `value` stands for. */
    int (*body)(struct mag_range range, uint32_t slot, void *value, void *arg);
    /* Makes a thief's value, which stands for no index yet. */
    void (*begin)(void *value, void *arg);
    /* Puts `right`, a thief's value, behind `value`. */
    void (*combine)(void *value, void *right, void *arg);
    void *arg;
    void *value; /* the first walk's, as the caller of the loop has made it */
    size_t size; /* of a thief's value; not 0 */
};

/*
 * mag_for_in with values.
 *
 *   Allocates  blocks beside the fork stack for the values of thieves (mag_fork_spill)
 *   Returns    as mag_for_in.  If that is 0, `fold->value` stands for all indices
 */
int mag_fold_in(mag_fork w, const struct mag_for_options *options,
                struct mag_range *ret_failed, struct mag_range range,
                const struct mag_fold *fold);

#endif
