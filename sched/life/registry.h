/*
 * registry.h - the schedulers of this process, and what fork() does to them.  Private to
 * sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_LIFE_REGISTRY_H
#define SCHED_LIFE_REGISTRY_H

#include "sched/scheduler.h"

/* Installs the fork handlers.  0, or the error of pthread_atfork. */
int mag_registry_init(void);

void mag_registry_add(struct mag_sched *sched);
void mag_registry_remove(struct mag_sched *sched);

/* The default scheduler; NULL: it is not started yet. */
struct mag_sched *mag_registry_default(void);

/* While this lock is held, no other thread starts or configures the default scheduler. */
void mag_registry_lock_default(void);
void mag_registry_unlock_default(void);

/* Under that lock: makes `sched` the default scheduler. */
void mag_registry_set_default(struct mag_sched *sched);

#endif
