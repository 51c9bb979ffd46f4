/*
 * unlocks.h - the proof that a waiter of a mutex continues as a job, not inside the
 * unlock, for waits of both forms.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_UNLOCKS_H
#define TESTS_SUPPORT_VTASK_UNLOCKS_H

#include "tests/support/cmocka.h"

#include <magpie/async.h>
#include <magpie/mutex.h>
#include <magpie/submit_task.h>

/* Starts a waiter: it locks the mutex, notes `*inside` in `*was_inside` and unlocks. */
typedef mag_task (*test_waiter)(bool *inside, bool *was_inside);

MAG_ASYNC(mag_task, unlock_and_note, (struct mag_mutex *, mutex, test_waiter, wait_for),
          bool inside;
          bool was_inside; mag_task waiter;)
{
    MAG_BEGIN(f);
    MAG_PIN(f);
    f->was_inside = true;
    MAG_AWAIT_DONE(f, mag_mutex_lock(f->mutex, NULL));
    f->waiter = f->wait_for(&f->inside, &f->was_inside);
    f->inside = true;
    if (mag_mutex_unlock(f->mutex) != 0)
        MAG_FAIL(f, -EPROTO);
    f->inside = false;
    MAG_AWAIT_DONE(f, f->waiter);
    if (f->was_inside)
        MAG_FAIL(f, -EBADMSG);
    return mag_task_done();
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, unlock_there, struct mag_mutex *, mutex, test_waiter, wait_for)
static mag_task unlock_there(struct mag_mutex *mutex, test_waiter wait_for)
{
    return unlock_and_note(mutex, wait_for);
}

#endif
