/*
 * The owner of an owner lock and two thieves: never are two threads inside, and each sees
 * what the thread before it did.  `Fenced`: both sides use fences, as if the kernel
 * refused membarrier; otherwise membarrier is represented as a fence of the owner.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"
#include "tests/model/membarrier.h"

#include "sched/queue/owner_lock.h"

#include "sched/queue/owner_lock.c"

bool mag_asym_heavy()
{
    mag_asym_light(true);
    return true;
}

enum { THIEVES = 2 };

template <bool Fenced>
struct owner_lock_model : rl::test_suite<owner_lock_model<Fenced>, THIEVES + 1> {
    mag_owner_lock lock;
    rl::var<int> inside; /* plain: two at once are a race */
    rl::var<int> entries;

    void before()
    {
        mag_owner_lock_init(&lock, Fenced);
        entries($) = 0;
    }

    void work()
    {
        inside($) = 1;
        entries($) = entries($) + 1;
        inside($) = 0;
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            for (int i = 0; i < 2; i++) {
                bool fast = mag_owner_lock_enter(&lock);
                work();
                mag_owner_lock_leave(&lock, fast);
            }
        } else if (mag_owner_lock_try_revoke(&lock)) {
            work();
            mag_owner_lock_release(&lock);
        }
    }

    void after()
    {
        RL_ASSERT(entries($) >= 2);
    }
};

int main()
{
    return run_model<owner_lock_model<false> >(100000) |
           run_model<owner_lock_model<true> >(100000);
}
