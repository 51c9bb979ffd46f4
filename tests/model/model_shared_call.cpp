/*
 * Three threads that share calls: a call that began after a thread had asked has seen
 * what the thread did before, and the thread sees what that call did.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/shared_call.h"
#include "tests/model/model.h"

enum { THREADS = 3 };

static bool serve();

struct shared_call_model : rl::test_suite<shared_call_model, THREADS> {
    mag_shared_call shared;
    _Atomic(uint32_t) asked[THREADS];
    _Atomic(uint32_t) served[THREADS];

    void before()
    {
        mag_shared_call_init(&shared);
        for (int i = 0; i < THREADS; i++) {
            atomic_init(&asked[i], 0);
            atomic_init(&served[i], 0);
        }
    }

    void serve_all()
    {
        for (int i = 0; i < THREADS; i++) {
            /* relaxed, both: whatever order there is comes from the shared call. */
            if (atomic_load_explicit(&asked[i], memory_order_relaxed) != 0)
                /* relaxed: as above. */
                atomic_store_explicit(&served[i], 1, memory_order_relaxed);
        }
    }

    void thread(unsigned index)
    {
        running = this;
        /* relaxed: as above. */
        atomic_store_explicit(&asked[index], 1, memory_order_relaxed);
        RL_ASSERT(mag_shared_call_ask(&shared, serve));
        /* relaxed: as above. */
        RL_ASSERT(atomic_load_explicit(&served[index], memory_order_relaxed) == 1);
    }

    static shared_call_model *running;
};

shared_call_model *shared_call_model::running;

static bool serve()
{
    shared_call_model::running->serve_all();
    return true;
}

int main()
{
    return run_model<shared_call_model>(100000);
}
