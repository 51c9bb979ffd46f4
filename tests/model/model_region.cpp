/*
 * A worker opens a region, the last searcher finds work, and the relief thread slows
 * down, all at once: in the end no worker rests, and the pace is as fast as that needs.
 * The table in sched/worker/region.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/sched_world.h"

enum { OPENER, SEARCHER, RELIEF, THREADS };

/* `Slower`: the pace that the relief thread sets.  `Regions`: the opener opens one. */
template <unsigned Slower, bool Regions>
struct region_model : rl::test_suite<region_model<Slower, Regions>, THREADS>,
                      sched_world<2> {
    enum { ALL = Slower == MAG_PACE_REST && !Regions };

    static void raise(mag_sched *sched)
    {
        (void)mag_pace_raise(sched, mag_sched_busy_pace(sched));
    }

    void before()
    {
        open(MAG_PHASE_RUNNING);
        atomic_init(&sched.blocked, 0u);
        atomic_init(&sched.pace, (uint32_t)MAG_PACE_FAST);
        sched.on_busy = raise;
        /* Worker 1 searches, worker 0 runs. */
        RL_ASSERT(mag_idle_try_search(&sched.idle));
        workers[1].searching = true;
    }

    /* As announce_region() in blocking.c. */
    void open_region()
    {
        mag_region_open(&workers[0]);
        if (mag_sched_pace(&sched) == MAG_PACE_OFF)
            mag_pace_concern(&sched);
        if (mag_idle_nobody_rests(mag_idle_read(&sched.idle)))
            (void)mag_pace_raise(&sched, MAG_PACE_FAST);
    }

    void thread(unsigned index)
    {
        if (index == OPENER) {
            if (Regions)
                open_region();
        } else if (index == SEARCHER) {
            stop_searching(&workers[1]);
        } else {
            mag_pace_set(&sched, (mag_pace)Slower, ALL);
        }
    }

    void after()
    {
        RL_ASSERT(mag_sched_pace(&sched) >= (Regions ? MAG_PACE_FAST : MAG_PACE_SLOW));
    }
};

typedef region_model<MAG_PACE_OFF, true> off_model;
typedef region_model<MAG_PACE_REST, true> rest_model;
typedef region_model<MAG_PACE_SLOW, true> slow_model;
typedef region_model<MAG_PACE_REST, false> busy_model;

int main()
{
    int r = run_model<off_model>(50000);

    r |= run_model<rest_model>(50000);
    r |= run_model<slow_model>(50000);
    r |= run_model<busy_model>(50000);
    return r;
}
