/*
 * settings.h - the settings of a scheduler: its caller's configuration, checked, with the
 * defaults filled in.  Private to sched/.
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

/* The settings of one scheduler, checked, with the defaults filled in. */
struct mag_settings {
    struct mag_sched_config config; /* its `name` is the `name` below */
    char name[MAG_NAME_ROOM];
    const struct mag_topology *topology; /* the caller's, or `loaded` */
    struct mag_topology *loaded;         /* made by the library, or NULL */
    bool own_topology;
    bool follows;   /* seats and, if `counts`, the number of workers follow the budget */
    bool counts;    /* the number of workers was left to the library */
    size_t c_stack; /* of a worker's thread */
    size_t fork_bytes;  /* of a worker's fork stack */
    size_t fork_least;  /* least it may have, if there is not so much */
    size_t spare_bytes; /* of the fork stack of a spare berth */
};

/* Checks that every field is in its range: 0 or -EINVAL.  Rounds fields that allow only
 * some values. */
int mag_settings_check(struct mag_sched_config *config);

/* Copies the fields that the caller's header knows, uses the defaults for the others, and
 * checks all. */
int mag_settings_copy(const struct mag_sched_config *config,
                      struct mag_sched_config *ret_config);

/* Replaces MAG_SPARE_AUTO, once it is known how many workers there are and can be.  0;
 * -EINVAL workers and spare berths are too many. */
int mag_settings_spare(struct mag_sched_config *config);

/* As mag_settings_copy, and also chooses the machine.  After success the settings must be
 * released. */
int mag_settings_make(const struct mag_sched_config *config,
                      struct mag_settings *ret_settings);
void mag_settings_release(struct mag_settings *settings);

#endif
