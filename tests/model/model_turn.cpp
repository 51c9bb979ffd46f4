/*
 * Whose turn it is: items come to a serial stage in the order of their numbers, or in the
 * order of arrival.  Each item has one turn, no two have theirs at a time, each sees what
 * the turns before it have written, and whoever goes on with an item sees the whole item.
 * The ring is smaller than there are numbers, so that its words are used again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"
#include "vtask/flow/turn.h"

enum { THREADS = 3, TOKENS = 3, WORDS = 4, ITEMS = 6 };

struct token {
    mag_turn_lane_link link; /* first */
    rl::var<uint64_t> number;
};

/* What a thread has: tokens without item. */
struct hands {
    token *tokens[TOKENS];
    int count;
};

template <typename Model> static void take_turns(Model &model, hands &mine)
{
    while (mine.count > 0) {
        uint64_t number = mag_turn_number(&model.next);

        if (number >= ITEMS)
            return;
        token *item = mine.tokens[--mine.count];
        item->number($) = number;
        if (!model.arrive(number, item))
            continue;
        while (item != NULL) {
            uint64_t turn = item->number($);

            model.work(turn);
            mine.tokens[mine.count++] = item;
            item = model.pass(turn);
        }
    }
}

struct ring_model : rl::test_suite<ring_model, THREADS> {
    mag_turns ring;
    _Atomic(uintptr_t) words[WORDS];
    _Atomic(uint64_t) next;
    token tokens[TOKENS];
    rl::var<uint64_t> turns; /* plain: two at once are a race */

    void before()
    {
        mag_turns_init(&ring, words, WORDS);
        atomic_init(&next, (uint64_t)0);
        turns($) = 0;
    }

    bool arrive(uint64_t number, token *item)
    {
        return mag_turns_arrive(&ring, number, item);
    }

    void work(uint64_t number)
    {
        RL_ASSERT(turns($) == number);
        turns($) = number + 1;
    }

    token *pass(uint64_t number)
    {
        return (token *)mag_turns_pass(&ring, number);
    }

    void thread(unsigned index)
    {
        hands mine = {{&tokens[index]}, 1};

        take_turns(*this, mine);
    }

    void after()
    {
        RL_ASSERT(turns($) == ITEMS);
    }
};

struct lane_model : rl::test_suite<lane_model, THREADS> {
    mag_turn_lane lane;
    _Atomic(uint64_t) next;
    token tokens[TOKENS];
    rl::var<uint64_t> turns; /* plain: two at once are a race */

    void before()
    {
        mag_turn_lane_init(&lane);
        atomic_init(&next, (uint64_t)0);
        turns($) = 0;
    }

    bool arrive(uint64_t number, token *item)
    {
        (void)number;
        return mag_turn_lane_arrive(&lane, &item->link);
    }

    void work(uint64_t number)
    {
        (void)number;
        turns($) = turns($) + 1;
    }

    token *pass(uint64_t number)
    {
        (void)number;
        return (token *)mag_turn_lane_pass(&lane);
    }

    void thread(unsigned index)
    {
        hands mine = {{&tokens[index]}, 1};

        take_turns(*this, mine);
    }

    void after()
    {
        RL_ASSERT(turns($) == ITEMS);
    }
};

int main()
{
    int failed = run_model<ring_model>(60000);

    return failed != 0 ? failed : run_model<lane_model>(60000);
}
