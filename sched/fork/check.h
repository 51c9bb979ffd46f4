/*
 * check.h - reports misuse that sched/ finds.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_FORK_CHECK_H
#define SCHED_FORK_CHECK_H

#include <stdbool.h>

/* Reports a misuse to the listener.  False: there is no listener. */
bool mag_misuse_tell(int code, const char *text);

#endif
