/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/sync/line.h"

#include <magpie/event.h>

static const struct mag_line_kind event_kind = {mag_event_take};

void mag_event_init(struct mag_event *event, enum mag_event_kind kind, bool is_set)
{
    mag_line_init(&event->line, is_set ? 1 : 0);
    event->takes = kind == MAG_EVENT_AUTOMATIC ? 1 : 0;
}

mag_task mag_event_wait_slow(struct mag_event *event, struct mag_cancel *cancel)
{
    return mag_task_of(mag_line_wait(&event->line, &event_kind, event->takes, cancel));
}

mag_task mag_event_begin_slow(struct mag_waiter *waiter, struct mag_wait_state *state,
                              struct mag_event *event, struct mag_cancel *cancel)
{
    state->waiter = waiter;
    return mag_task_of(
        mag_line_begin(&event->line, &event_kind, event->takes, cancel, state));
}

bool mag_event_try_slow(struct mag_event *event)
{
    return mag_line_try(&event->line, &event_kind, event->takes);
}

void mag_event_change_slow(struct mag_event *event, uint32_t is_set)
{
    (void)mag_line_put(&event->line, &event_kind, mag_event_change, is_set);
}
