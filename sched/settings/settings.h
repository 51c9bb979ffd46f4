/*
 * settings.h - what a scheduler is made from: the wishes of its caller, checked, with
 * the defaults filled in.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_SETTINGS_SETTINGS_H
#define SCHED_SETTINGS_SETTINGS_H

#include <magpie/sched.h>

#include <stdbool.h>
#include <stddef.h>

/* A thread's name has room for 15 bytes. */
enum { MAG_NAME_ROOM = 16 };

/* What a start takes from the caller, with the defaults filled in and checked. */
struct mag_settings {
    struct mag_sched_config config; /* its `name` is the one below */
    char name[MAG_NAME_ROOM];
    const struct mag_topology *topology; /* the caller's, or `loaded` */
    struct mag_topology *loaded;         /* ours, or NULL */
    bool own_topology;
    size_t c_stack;    /* of a worker's thread */
    size_t fork_bytes; /* of a worker's fork stack */
    size_t fork_least; /* what it may have if there is not so much */
};

/* Whether every field is in its range: 0 or -EINVAL.  Rounds what is rounded. */
int mag_settings_check(struct mag_sched_config *config);

/* The fields that the caller's header knows, the defaults in the others; checked. */
int mag_settings_copy(const struct mag_sched_config *config,
                      struct mag_sched_config *ret_config);

/* As mag_settings_copy, and chooses the machine.  After success the settings must be
 * released. */
int mag_settings_make(const struct mag_sched_config *config,
                      struct mag_settings *ret_settings);
void mag_settings_release(struct mag_settings *settings);

#endif
