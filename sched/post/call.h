/*
 * call.h - calls that threads from outside submit one by one.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POST_CALL_H
#define SCHED_POST_CALL_H

#include "sched/worker/self.h"

/*
 * By a thread that is not a worker of `sched`: puts a call into the thread's packet, or
 * begins one in the queue of the usual level that is nearest.
 *
 *   Returns    0; an error of a post; -EAGAIN: the call should be an object of its own
 */
int mag_call_submit(struct mag_sched *sched, struct mag_self *self,
                    void (*function)(void *arg), void *arg);

#endif
