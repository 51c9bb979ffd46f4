/*
 * cancel.h - holding back pthread_cancel where the calling thread must not end: during a
 * wait that other threads rely on, or between calls into the system that belong together.
 * Private to the library; see base/os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_CANCEL_H
#define BASE_OS_CANCEL_H

/* From here on a pthread_cancel of this thread has to wait, until the thread passes the
 * returned value to mag_os_let_cancel. */
int mag_os_hold_cancel(void);
void mag_os_let_cancel(int before);

#endif
