/*
 * The owner of a biased lock and two thieves: never two inside, and what one did is
 * visible to the next.  Both sides fence, as where the kernel refuses membarrier.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/queue/bias.h"
#include "tests/model/model.h"

#include "sched/queue/bias.c"

bool mag_asym_heavy()
{
    mag_asym_light(true);
    return true;
}

enum { THIEVES = 2 };

struct bias_model : rl::test_suite<bias_model, THIEVES + 1> {
    mag_bias bias;
    rl::var<int> inside; /* plain: two at once are a race */
    rl::var<int> entries;

    void before()
    {
        mag_bias_init(&bias);
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
                bool fast = mag_bias_enter(&bias, true);
                work();
                mag_bias_leave(&bias, fast);
            }
        } else if (mag_bias_try_revoke(&bias)) {
            work();
            mag_bias_release(&bias);
        }
    }

    void after()
    {
        RL_ASSERT(entries($) >= 2);
    }
};

int main()
{
    return run_model<bias_model>(100000);
}
