/*
 * entry.h - the record of one job of a group.  Private to sched/group/.
 *
 * Records come from one pool of the process that is never destroyed, so a handle of a job
 * can be looked at for ever.  A record's life begins when the job is added and ends when
 * the job has ended or was withdrawn; its generation then moves on, so that old handles
 * no longer fit.
 *
 * Ownership
 *   [L] under the lock of the record's group; once the job has begun, `function` and
 *       `arg` are only read
 *   [G] written under the lock of the record's group, read under the lock of any group
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_GROUP_ENTRY_H
#define SCHED_GROUP_ENTRY_H

#include <magpie/group.h>

#include <stdatomic.h>
#include <stdint.h>

struct mag_group_entry {
    _Atomic(uint64_t) generation;      /* [G] */
    _Atomic(struct mag_group *) group; /* [G] */
    int (*function)(void *arg);        /* [L] */
    void *arg;                         /* [L] */

    /* Where it waits, or in the list of failed jobs; see queue.h. */
    struct mag_group_entry *next;   /* [L] */
    struct mag_group_entry *before; /* [L] */
    struct mag_group_entry *parent; /* [L] */
    int64_t key;                    /* [L] */
    uint64_t number;                /* [L] jobs that the group got before it */
    uint32_t rank;                  /* [L] in a heap; 0: it is in a list */
    enum mag_group_state state;     /* [L] */
    int error;                      /* [L] of a failed job */
};

#endif
