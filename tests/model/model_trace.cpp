/*
 * A tenant writes more events than its ring has places, while another thread reads them:
 * an event that the reader takes is whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/trace/ring.h"
#include "tests/model/model.h"

enum { PLACES = 2, EVENTS = 5 };

struct trace_model : rl::test_suite<trace_model, 2> {
    mag_trace_ring ring;
    _Atomic(uint64_t) words[PLACES * MAG_TRACE_WORDS];

    void before()
    {
        ring.words = words;
        ring.size = PLACES;
        atomic_init(&ring.count, (uint64_t)0);
        for (int i = 0; i < PLACES * MAG_TRACE_WORDS; i++)
            atomic_init(&words[i], (uint64_t)0);
    }

    void put(uint64_t number)
    {
        mag_trace_event event;

        event.time_ns = (int64_t)number + 1;
        event.kind = MAG_TRACE_MARK;
        event.detail = (uint32_t)number + 1;
        event.object = (uintptr_t)number + 1;
        event.name = (const char *)((uintptr_t)number + 1);
        mag_trace_ring_put(&ring, &event);
    }

    void look()
    {
        uint64_t count = mag_trace_ring_count(&ring);
        mag_trace_event event;

        for (uint64_t i = count > PLACES ? count - PLACES : 0; i < count; i++) {
            if (!mag_trace_ring_read(&ring, i, &event))
                continue;
            RL_ASSERT(event.time_ns == (int64_t)i + 1);
            RL_ASSERT(event.detail == i + 1);
            RL_ASSERT(event.object == i + 1);
            RL_ASSERT((uintptr_t)event.name == i + 1);
        }
    }

    void thread(unsigned index)
    {
        for (uint64_t i = 0; index == 0 && i < EVENTS; i++)
            put(i);
        for (int i = 0; index == 1 && i < 2; i++)
            look();
    }
};

int main()
{
    return run_model<trace_model>(200000);
}
