/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/debug/debug.h"
#include "vtask/sync/line.h"

#include <magpie/latch.h>

static const struct mag_line_kind latch_kind = {mag_latch_pass};

int mag_latch_init(struct mag_latch *latch, uint32_t count)
{
    if (count > MAG_LATCH_MAX)
        return mag_misuse_argument(MAG_E_ARG);
    mag_line_init(&latch->line, count);
    return 0;
}

mag_task mag_latch_wait_slow(struct mag_latch *latch, struct mag_cancel *cancel)
{
    return mag_task_of(mag_line_wait(&latch->line, &latch_kind, 0, cancel));
}

mag_task mag_latch_begin_slow(struct mag_waiter *waiter, struct mag_wait_state *state,
                              struct mag_latch *latch, struct mag_cancel *cancel)
{
    state->waiter = waiter;
    return mag_task_of(mag_line_begin(&latch->line, &latch_kind, 0, cancel, state));
}

int mag_latch_count_slow(struct mag_latch *latch, uint32_t count)
{
    if (mag_line_put(&latch->line, &latch_kind, mag_latch_count, count))
        return 0;
    return mag_misuse_argument(MAG_E_RELEASE);
}
