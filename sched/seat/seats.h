/*
 * seats.h - where the workers of a scheduler sit now: the PU of each, and how far it may
 * move.  Private to sched/.
 *
 * A worker's thread pins itself when it begins.  Later the monitor moves it: it loosens a
 * worker whose PU is taken, and pins it again.  So the state of a pin belongs to neither
 * of them, and is kept here under a lock.
 *
 * Ownership
 *   [I] immutable once the workers run   [L] under the lock
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_SEAT_SEATS_H
#define SCHED_SEAT_SEATS_H

#include "base/os.h"

#include <magpie/pin.h>
#include <magpie/sched.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Where one worker sits, and what has happened to its pin. */
struct mag_seat_state {
    uint32_t pu;              /* index of the topology */
    uint32_t os_pu;           /* the system's number of that PU */
    enum mag_pin_range range; /* what it was given last */
    uint64_t loosened;        /* times it was given a wider range */
    uint64_t repaired;        /* times a lost pin was set again */
    bool unpinned;            /* by itself, for what it starts (unpinned.h) */
};

struct mag_seats {
    pthread_mutex_t lock;
    bool pins;      /* [I] whether workers are pinned at all */
    bool listed;    /* [I] they may sit on the PUs of the plan only */
    uint32_t count; /* [I] */
    const struct mag_topology *topology; /* [L] */
    const struct mag_plan *plan;         /* [L] over `topology` */
    const struct mag_plan *first;        /* [I] the plan at the start */
    struct mag_plan *own;                /* [L] `plan`, if it is a later one */
    uint32_t usable;                     /* [L] how many PUs there are to sit on */
    struct mag_seat_state *states;       /* [L] one for each worker */
};

/* The seats that a plan gives to workers.  Keeps `topology` and `plan`.  0 or -ENOMEM. */
int mag_seats_init(struct mag_seats *seats, const struct mag_sched_config *config,
                   const struct mag_topology *topology, const struct mag_plan *plan);

/*
 * The usable PUs have changed: gives all workers seats of a new topology, which is kept
 * until the next call or the end.  Their threads stay where they are until
 * mag_seats_repair.
 *
 *   Returns    0; -ENOMEM; -ENOENT no PU of the scheduler's list is usable.  After an
 *              error nothing has changed
 */
int mag_seats_move(struct mag_seats *seats, const struct mag_topology *topology);

/* How many PUs the workers may sit on now. */
uint32_t mag_seats_usable(struct mag_seats *seats);

/* Frees what mag_seats_init made; allowed for seats that are all zeroes. */
void mag_seats_fini(struct mag_seats *seats);

/* In the child of a fork(), where the lock is void. */
void mag_seats_orphan(struct mag_seats *seats);

/* Pins the calling thread, which is the worker of this number from now on. */
enum mag_pinned mag_seats_sit_down(struct mag_seats *seats, uint32_t worker);

/* The calling thread stands in for that worker: it begins on the worker's PU, and may
 * move as far as any worker of that place may at most.  There are more threads than PUs
 * then, and only the kernel knows which PU is free. */
enum mag_pinned mag_seats_sit_beside(struct mag_seats *seats, uint32_t worker);

/* What the kernel says of a worker's pin.  `thread` is its number in the kernel. */
enum mag_pinned mag_seats_look(struct mag_seats *seats, uint32_t worker, int32_t thread);

/* A copy of a worker's state. */
struct mag_seat_state mag_seats_read(struct mag_seats *seats, uint32_t worker);

/* The widest range of a worker that has more PUs than its PU alone; MAG_PIN_RANGE_PU:
 * there is none. */
enum mag_pin_range mag_seats_widest(struct mag_seats *seats, uint32_t worker);

/* Gives a worker a range, unless its mask is not the one it was given: then somebody has
 * set another one, which stays.  Returns the range that the worker has now. */
enum mag_pin_range mag_seats_set_range(struct mag_seats *seats, uint32_t worker,
                                       int32_t thread, enum mag_pin_range range);

/* Gives a worker its range, if its mask is another one and its PU is usable. */
void mag_seats_repair(struct mag_seats *seats, uint32_t worker, int32_t thread,
                      const struct mag_affinity *usable);

/* The same, if its mask is exactly `usable`, that of the process: so the kernel leaves it
 * when a CPU goes and comes back, or a cpuset changes and changes back. */
void mag_seats_repair_reset(struct mag_seats *seats, uint32_t worker, int32_t thread,
                            const struct mag_affinity *usable);

/* Around a time in which a worker gives itself the mask of the program: the monitor does
 * not pin it meanwhile.  Returns what was noted before. */
bool mag_seats_note_unpinned(struct mag_seats *seats, uint32_t worker, bool unpinned);

#endif
