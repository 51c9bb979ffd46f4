/*
 * kind.h - what the value knows of each thing that can back it.  Private to vtask/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_KIND_H
#define VTASK_KIND_H

#include <magpie/source.h>

/* value.c - as mag_vtask_from_error, for any code but 0: also one of misuse, when that
 * is what an async function came to. */
mag_vtask mag_vtask_failed(int code, uint64_t detail);

/* promise.c - the entry points of a promise, as those of a source. */
int mag_promise_status_of(struct mag_promise *promise, uint64_t token);
int mag_promise_take_of(struct mag_promise *promise, uint64_t token, void *ret_result,
                        size_t size, uint64_t *ret_detail);
int mag_promise_on_completed_of(struct mag_promise *promise, uint64_t token,
                                struct mag_continuation *continuation, unsigned flags);

#endif
