/*
 * The meet of a team (meet.h): members go through barriers, leave at different times, and
 * sleep; member 0 waits for the end.  A sleep ends only if its thread is woken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

#include "base/os.h"

/* The kernel, whose threads sleep until they are woken. */
struct bed {
    bool asleep;
};
static bed beds[8];

static void sleep_in_kernel(_Atomic(uint32_t) *word, uint32_t expected)
{
    bed *mine = &beds[rl::thread_index()];

    /* seq_cst: the kernel reads the newest value. */
    if (atomic_fetch_add_explicit(word, 0, memory_order_seq_cst) != expected)
        return;
    mine->asleep = true;
    while (mine->asleep)
        rl::yield(1, $);
}

static void wake_in_kernel()
{
    for (unsigned i = 0; i < 8; i++)
        beds[i].asleep = false;
}

#define mag_os_wait(word, expected, timeout_ns) sleep_in_kernel(word, expected)
#define mag_os_wake(word, count)                wake_in_kernel()
#include "sched/team/meet.c"

static bool nobody_is_alone(const void *)
{
    return false;
}

static const mag_meet_patience patience = {0, true, nobody_is_alone, NULL};

struct meet_world {
    mag_meet root;
    mag_meet groups[2];

    void open(unsigned members)
    {
        for (unsigned i = 0; i < 8; i++)
            beds[i].asleep = false;
        mag_meet_init(&root, NULL, members);
    }

    /* Two groups: one of two members, the other of the rest. */
    void open_tree(unsigned members)
    {
        open(2);
        mag_meet_init(&groups[0], &root, 2);
        mag_meet_init(&groups[1], &root, members - 2);
    }
};

/* Each member reads, after a barrier, what all others wrote before it. */
struct barrier_model : rl::test_suite<barrier_model, 3>, meet_world {
    enum { MEMBERS = 3 };
    rl::var<int> written[2][MEMBERS];

    void before()
    {
        open(MEMBERS);
        for (unsigned i = 0; i < MEMBERS; i++)
            written[0][i]($) = written[1][i]($) = 0;
    }

    void thread(unsigned index)
    {
        mag_meet_part part;

        mag_meet_join(&part, &root, &root, MEMBERS);
        for (unsigned round = 0; round < 2; round++) {
            written[round][index]($) = 1;
            mag_meet_arrive(&part, &patience);
            for (unsigned i = 0; i < MEMBERS; i++)
                RL_ASSERT(written[round][i]($) == 1);
        }
    }
};

/* Member 2 leaves instead of the second barrier.  Member 0 sees at the end what all have
 * written, and the meet is then free. */
struct leave_model : rl::test_suite<leave_model, 3>, meet_world {
    enum { MEMBERS = 3 };
    rl::var<int> written[MEMBERS];
    rl::var<int> last;

    void before()
    {
        open(MEMBERS);
        for (unsigned i = 0; i < MEMBERS; i++)
            written[i]($) = 0;
        last($) = 0;
    }

    void thread(unsigned index)
    {
        mag_meet_part part;

        mag_meet_join(&part, &root, &root, MEMBERS);
        mag_meet_arrive(&part, &patience);
        written[index]($) = 1;
        if (index != 2) {
            mag_meet_arrive(&part, &patience);
            RL_ASSERT(written[1 - index]($) == 1);
            /* Nobody has left before writing, though that is another word. */
            RL_ASSERT(written[2]($) == 1);
            if (index == 1)
                last($) = 1;
        }
        mag_meet_leave(&part);
        if (index == 0) {
            mag_meet_wait_end(&root, &patience);
            RL_ASSERT(last($) == 1);
        }
    }
};

/* The same in two groups: one of them becomes empty, the other goes on. */
struct tree_model : rl::test_suite<tree_model, 3>, meet_world {
    enum { MEMBERS = 3 };
    rl::var<int> written[MEMBERS];

    void before()
    {
        open_tree(MEMBERS);
        for (unsigned i = 0; i < MEMBERS; i++)
            written[i]($) = 0;
    }

    void thread(unsigned index)
    {
        mag_meet_part part;

        mag_meet_join(&part, &groups[index / 2], &root, 2);
        written[index]($) = 1;
        mag_meet_arrive(&part, &patience);
        RL_ASSERT(written[0]($) + written[1]($) + written[2]($) == 3);
        mag_meet_arrive(&part, &patience);
        written[index]($) = 2;
        if (index == 0)
            mag_meet_arrive(&part, &patience);
        mag_meet_leave(&part);
        if (index == 0) {
            mag_meet_wait_end(&root, &patience);
            RL_ASSERT(written[1]($) == 2 && written[2]($) == 2);
        }
    }
};

int main()
{
    return run_model<barrier_model>(50000) | run_model<leave_model>(50000) |
           run_model<tree_model>(50000);
}
