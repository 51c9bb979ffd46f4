/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/core.h"

#include <magpie/connected.h>

#include <assert.h>

static_assert(sizeof(struct mag_waiter) == 40, "a waiter is small");

/* Whether an operation may complete the waiter: debug builds tell one that nobody waits
 * for. */
static bool is_armed(const struct mag_waiter *waiter)
{
#ifdef MAG_DEBUG_TASKS
    return mag_vtask_is_started(waiter->outcome);
#else
    (void)waiter;
    return true;
#endif
}

int mag_waiter_settle_slow(struct mag_waiter *waiter, mag_vtask outcome, bool queued)
{
    if (!is_armed(waiter))
        return mag_misuse_argument(MAG_E_DONE);
    waiter->outcome = outcome;
    mag_continuation_dispatch(&waiter->continuation, queued);
    return 0;
}

int mag_waiter_fail(struct mag_waiter *waiter, int code, uint64_t detail)
{
    if (code == 0 || mag_is_misuse(code))
        return mag_misuse_argument(MAG_E_ARG);
    return mag_waiter_settle(waiter, mag_vtask_failed(code, detail));
}

int mag_waiter_post(struct mag_waiter *waiter, mag_vtask outcome)
{
    if (outcome.backing != 0 && (outcome.backing & MAG_VTASK_KIND) != MAG_VTASK_ERROR)
        return mag_misuse_argument(MAG_E_ARG);
    return mag_waiter_settle_slow(waiter, outcome, true);
}
