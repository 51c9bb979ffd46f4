/*
 * check.h - telling of misuse that this room finds.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_FORK_CHECK_H
#define SCHED_FORK_CHECK_H

#include <stdbool.h>

/* Whether anybody listened. */
bool mag_misuse_tell(int code, const char *text);

#endif
