/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/monitor/pins.h"

#include "sched/seat/seats.h"
#include "sched/worker/worker.h"

#include <errno.h>
#include <stdlib.h>

/* How long it is between two looks, at least; and how much of it each worker adds, so
 * that the looks never cost more than a thousandth of a CPU. */
#define PERIOD_NS     ((int64_t)100 * 1000 * 1000)
#define PER_WORKER_NS ((int64_t)4 * 1000 * 1000)

/* The thread of a worker that is pinned or loosened; 0: there is none. */
static int32_t thread_of(struct mag_worker *worker)
{
    if (worker == NULL)
        return 0;
    /* relaxed, both: values of the moment; an old thread's number is refused by the
     * kernel, or its mask is not the worker's. */
    if (atomic_load_explicit(&worker->pinned, memory_order_relaxed) != MAG_PINNED)
        return 0;
    /* relaxed: as above. */
    return atomic_load_explicit(&worker->thread, memory_order_relaxed);
}

static void look_at_worker(struct mag_pins *pins, uint32_t index)
{
    struct mag_pin_view *view = &pins->views[index];
    struct mag_seats *seats = &pins->sched->seats;
    int32_t thread = thread_of(mag_sched_open_at(pins->sched, index));
    struct mag_usage usage;

    if (thread == 0 || !mag_os_usage(thread, &usage)) {
        view->thread = 0;
        return;
    }
    if (thread == view->thread) {
        struct mag_pin_look look = {usage.ran_ns - view->usage.ran_ns,
                                    usage.waited_ns - view->usage.waited_ns};
        enum mag_pin_range range =
            mag_pin_next(&view->memory, look, mag_seats_widest(seats, index));

        view->memory.range = mag_seats_set_range(seats, index, thread, range);
    } else {
        view->memory =
            (struct mag_pin_memory){.range = mag_seats_read(seats, index).range};
    }
    view->thread = thread;
    view->usage = usage;
}

static int64_t look_at_pins(void *state)
{
    struct mag_pins *pins = state;

    for (uint32_t i = 0; i < pins->sched->place_count; i++)
        look_at_worker(pins, i);
    return pins->period_ns;
}

int mag_pins_make(struct mag_pins *pins, struct mag_sched *sched,
                  struct mag_monitor *monitor)
{
    int64_t all = sched->place_count * PER_WORKER_NS;

    *pins =
        (struct mag_pins){.sched = sched, .period_ns = all > PERIOD_NS ? all : PERIOD_NS};
    if (sched->settings.config.pin != MAG_PIN_ADAPTIVE ||
        !mag_topology_is_this_machine(sched->settings.topology))
        return 0;
    pins->views = calloc(sched->place_count, sizeof(pins->views[0]));
    if (pins->views == NULL)
        return -ENOMEM;
    mag_monitor_add(monitor, (struct mag_duty){
                                 .look = look_at_pins,
                                 .state = pins,
                                 .first_ns = pins->period_ns,
                             });
    return 0;
}

void mag_pins_free(struct mag_pins *pins)
{
    free(pins->views);
}
