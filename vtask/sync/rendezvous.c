/*
 * rendezvous.c - a barrier between async functions.
 *
 * The line's value is the number of members that have arrived in this phase, and a bit
 * that changes with each phase.  A waiter wants the other phase than the one in which it
 * arrived: the last member changes the phase, and so lets all of the line go on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/debug/debug.h"
#include "vtask/sync/line.h"

#include <magpie/connected.h>
#include <magpie/rendezvous.h>

#define OTHER_PHASE (MAG_LINE_VALUES >> 1)

/* A waiter wants a phase, and takes nothing. */
/* NOLINTNEXTLINE(readability-non-const-parameter): it is a rule. */
static bool has_begun(uint32_t *value, uint32_t phase)
{
    return (*value & OTHER_PHASE) == phase;
}

static const struct mag_line_kind rendezvous_kind = {has_begun};

int mag_rendezvous_init(struct mag_rendezvous *rendezvous, uint32_t members)
{
    if (members == 0 || members > MAG_RENDEZVOUS_MAX)
        return mag_misuse_argument(MAG_E_ARG);
    mag_line_init(&rendezvous->line, 0);
    rendezvous->members = members;
    return 0;
}

/* Under the lock: begins the next phase if all members have arrived.  Returns those who
 * go on. */
static struct mag_line_place *begin_phase(struct mag_rendezvous *rendezvous,
                                          uint32_t *value)
{
    if ((*value & ~OTHER_PHASE) != rendezvous->members)
        return NULL;
    *value = ~*value & OTHER_PHASE;
    return mag_line_grant(&rendezvous->line, &rendezvous_kind, value);
}

enum arrival { ARRIVED, ARRIVED_LAST, REFUSED };

static enum arrival come(struct mag_rendezvous *rendezvous, struct mag_line_place *place)
{
    uint32_t value = mag_line_lock(&rendezvous->line);
    struct mag_line_place *granted = NULL;
    enum arrival arrival = REFUSED;

    if (rendezvous->members != 0) {
        value++;
        place->wants = ~value & OTHER_PHASE;
        arrival = (value & ~OTHER_PHASE) == rendezvous->members ? ARRIVED_LAST : ARRIVED;
        granted = begin_phase(rendezvous, &value);
        if (arrival == ARRIVED)
            mag_line_append(&rendezvous->line, place);
    }
    mag_line_unlock(&rendezvous->line, value);
    mag_line_complete(granted);
    return arrival;
}

/* The task of somebody who has arrived; `waits` is the one of a member that waits. */
static mag_task arrived(enum arrival arrival, mag_vtask waits)
{
    if (arrival == ARRIVED)
        return mag_task_of(waits);
    if (arrival == ARRIVED_LAST)
        return mag_task_done();
    return mag_task_of(mag_vtask_failed(mag_misuse_argument(MAG_E_RELEASE), 0));
}

mag_task mag_rendezvous_arrive(struct mag_rendezvous *rendezvous)
{
    struct mag_line_waiter *waiter;
    int r = mag_line_rent(&rendezvous->line, &rendezvous_kind, 0, &waiter);

    if (r < 0)
        return mag_task_of(mag_vtask_failed(r, 0));
    mag_vtask task = mag_operation_task(&waiter->operation);
    enum arrival arrival = come(rendezvous, &waiter->place);
    if (arrival != ARRIVED)
        mag_line_return(waiter);
    return arrived(arrival, task);
}

mag_task mag_rendezvous_arrive_begin(struct mag_waiter *waiter,
                                     struct mag_wait_state *state,
                                     struct mag_rendezvous *rendezvous)
{
    state->waiter = waiter;
    mag_line_connect(&rendezvous->line, &rendezvous_kind, 0, state);
    return arrived(come(rendezvous, &state->place), MAG_STARTED);
}

int mag_rendezvous_leave(struct mag_rendezvous *rendezvous)
{
    uint32_t value = mag_line_lock(&rendezvous->line);
    struct mag_line_place *granted = NULL;
    bool is_left = (value & ~OTHER_PHASE) < rendezvous->members;

    if (is_left) {
        rendezvous->members--;
        if (rendezvous->members != 0)
            granted = begin_phase(rendezvous, &value);
    }
    mag_line_unlock(&rendezvous->line, value);
    mag_line_complete(granted);
    return is_left ? 0 : mag_misuse_argument(MAG_E_RELEASE);
}
