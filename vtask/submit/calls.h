/*
 * calls.h - calls of submitted functions that a thread has begun and not finished.
 * Private to vtask/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_SUBMIT_CALLS_H
#define VTASK_SUBMIT_CALLS_H

/* The calling thread ends in the middle of its calls: their tasks fail with
 * -EOWNERDEAD. */
void mag_submit_task_end_calls(void);

#endif
