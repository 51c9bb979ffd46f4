/*
 * event.h - an event that one thread sets and another waits for; it may lie on the stack
 * of the waiting thread.  Private to the library; see base/os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_EVENT_H
#define BASE_OS_EVENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct mag_os_event {
    pthread_mutex_t lock; /* the setter may still hold it when the event is seen set */
    pthread_cond_t changed;
    bool is_set; /* under `lock` */
};

void mag_os_event_init(struct mag_os_event *event);
void mag_os_event_fini(struct mag_os_event *event);

void mag_os_event_set(struct mag_os_event *event);

/* Sleeps until the event is set or until that time; INT64_MAX is never.  Returns whether
 * the event is set: then the waiting thread may destroy it.  A cancellation point. */
bool mag_os_event_wait(struct mag_os_event *event, int64_t until_ns);

#endif
