/*
 * The claim of an object that begins one operation after another.  Two completers try
 * each key as soon as they see it, and one of them also tries a late key.  For each
 * operation one completer wins, and sees what the owner wrote before it shared the
 * operation.  No late key wins anything.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

#include <stdint.h>

#include "vtask/operation/claim.h"

enum { COMPLETERS = 2, OPERATIONS = 2 };

static const uint64_t IDLE = UINT64_MAX, BUSY = UINT64_MAX - 1;

/* VT-148, VT-152, VT-153 */
struct claim_model : rl::test_suite<claim_model, COMPLETERS + 1> {
    rl::atomic<uint64_t> claim;
    rl::atomic<uint64_t> shown; /* operations that the completers know of */
    rl::atomic<uint64_t> done;  /* operations that were completed */
    rl::var<uint64_t> payload;  /* plain: used by the owner, then by the winner */
    uint64_t won[OPERATIONS];

    void before()
    {
        claim($).store(IDLE, rl::mo_relaxed);
        shown($).store(0, rl::mo_relaxed);
        done($).store(0, rl::mo_relaxed);
        payload($) = 0;
        won[0] = won[1] = 0;
    }

    void own()
    {
        for (uint64_t token = 0; token < OPERATIONS; token++) {
            RL_ASSERT(mag_claim_own(&claim, IDLE, BUSY));
            payload($) = token + 10;
            mag_claim_open(&claim, token);
            /* relaxed: the claim alone must carry the payload. */
            shown($).store(token + 1, rl::mo_relaxed);
            while (done($).load(rl::mo_acquire) != token + 1)
                rl::yield(1, $);
            RL_ASSERT(payload($) == token + 20);
            mag_claim_free(&claim, IDLE);
        }
    }

    void attempt(uint64_t key)
    {
        if (!mag_claim_take(&claim, key))
            return;
        won[key]++;
        RL_ASSERT(payload($) == key + 10);
        payload($) = key + 20;
        done($).store(key + 1, rl::mo_release);
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            own();
            return;
        }
        for (uint64_t token = 0; token < OPERATIONS; token++) {
            while (shown($).load(rl::mo_relaxed) <= token)
                rl::yield(1, $);
            attempt(token);
            /* Tries once more, however late. */
            attempt(0);
        }
    }

    void after()
    {
        RL_ASSERT(won[0] == 1 && won[1] == 1);
    }
};

/* Two threads want the same idle object: one gets it, and after that the other may. */
struct own_model : rl::test_suite<own_model, 2> {
    rl::atomic<uint64_t> claim;
    rl::var<int> inside; /* plain: two at once are a race */

    void before()
    {
        claim($).store(IDLE, rl::mo_relaxed);
        inside($) = 0;
    }

    void thread(unsigned index)
    {
        (void)index;
        for (int i = 0; i < 2; i++) {
            if (!mag_claim_own(&claim, IDLE, BUSY))
                continue;
            inside($) = inside($) + 1;
            mag_claim_free(&claim, IDLE);
        }
    }

    void after()
    {
        RL_ASSERT(inside($) >= 2);
    }
};

int main()
{
    return run_model<claim_model>(100000) | run_model<own_model>(20000);
}
