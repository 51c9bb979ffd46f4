/*
 * cancel.h - holding back pthread_cancel where the end of the calling thread would lose
 * what it holds: a wait on whose end others count, or a row of calls into the system.
 * Private to the library; see base/os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_CANCEL_H
#define BASE_OS_CANCEL_H

/* From here on a pthread_cancel of this thread waits, until mag_os_let_cancel gets what
 * this returned. */
int mag_os_hold_cancel(void);
void mag_os_let_cancel(int before);

#endif
