/*
 * uncancelled.h - calls that reach a cancellation point, read a file or sleep, while they
 * hold what would be lost with the thread.  Private to the library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_UNCANCELLED_H
#define BASE_UNCANCELLED_H

#include <pthread.h>

/* From here on a pthread_cancel of this thread waits, until mag_cancel_let gets what this
 * returns. */
static inline int mag_cancel_hold(void)
{
    int before = PTHREAD_CANCEL_ENABLE;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static inline void mag_cancel_let(int before)
{
    (void)pthread_setcancelstate(before, NULL);
}

#endif
