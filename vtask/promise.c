/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/kind.h"

int mag_promise_status_of(struct mag_promise *promise, uint64_t token)
{
    (void)promise;
    (void)token;
    return MAG_E_TOKEN;
}

int mag_promise_take_of(struct mag_promise *promise, uint64_t token, void *ret_result,
                        size_t size, uint64_t *ret_detail)
{
    (void)promise;
    (void)token;
    (void)ret_result;
    (void)size;
    (void)ret_detail;
    return MAG_E_TOKEN;
}

int mag_promise_on_completed_of(struct mag_promise *promise, uint64_t token,
                                struct mag_continuation *continuation, unsigned flags)
{
    (void)promise;
    (void)token;
    (void)continuation;
    (void)flags;
    return MAG_E_TOKEN;
}
