/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/event.h"

#include <errno.h>
#include <time.h>

void mag_os_event_init(struct mag_os_event *event)
{
    pthread_condattr_t attributes;

    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&event->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&event->lock, NULL);
    event->is_set = false;
}

void mag_os_event_fini(struct mag_os_event *event)
{
    (void)pthread_mutex_destroy(&event->lock);
    (void)pthread_cond_destroy(&event->changed);
}

void mag_os_event_set(struct mag_os_event *event)
{
    (void)pthread_mutex_lock(&event->lock);
    event->is_set = true;
    (void)pthread_cond_signal(&event->changed);
    (void)pthread_mutex_unlock(&event->lock);
}

bool mag_os_event_wait(struct mag_os_event *event, int64_t until_ns)
{
    struct timespec end = {
        .tv_sec = (time_t)(until_ns / 1000000000),
        .tv_nsec = (long)(until_ns % 1000000000),
    };
    int r = 0;

    (void)pthread_mutex_lock(&event->lock);
    while (!event->is_set && r != ETIMEDOUT) {
        if (until_ns == INT64_MAX)
            r = pthread_cond_wait(&event->changed, &event->lock);
        else
            r = pthread_cond_timedwait(&event->changed, &event->lock, &end);
    }
    bool is_set = event->is_set;
    (void)pthread_mutex_unlock(&event->lock);
    return is_set;
}
