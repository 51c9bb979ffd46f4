/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/team/meet.h"

#include "base/os.h"

#include <limits.h>

/* How many looks there are between two looks at the clock. */
enum { MEET_LOOKS = 32 };

/* How often a thread on a crowded machine gives way before it sleeps. */
enum { YIELDS = 4 };

void mag_meet_init(struct mag_meet *meet, struct mag_meet *up, uint32_t participants)
{
    atomic_init(&meet->word, participants * MAG_MEET_EXPECT);
    meet->up = up;
}

static uint32_t arrived(uint32_t word)
{
    return word & MAG_MEET_ARRIVED;
}

static uint32_t expected(uint32_t word)
{
    return (word & MAG_MEET_EXPECTED) / MAG_MEET_EXPECT;
}

static uint32_t epoch(uint32_t word)
{
    return word & ~(MAG_MEET_EPOCH - 1);
}

static uint32_t look(struct mag_meet *meet)
{
    /* relaxed: a look; a swap, or an acquiring load, decides. */
    return atomic_load_explicit(&meet->word, memory_order_relaxed);
}

/* The word of a meet that is complete: open for the next time. */
static uint32_t opened(const struct mag_meet *meet, uint32_t word)
{
    uint32_t next = word & ~MAG_MEET_ARRIVED;

    return meet->up != NULL ? next : (next & ~MAG_MEET_ASLEEP) + MAG_MEET_EPOCH;
}

/* The word after an arrival, or after a leave. */
static uint32_t stepped(const struct mag_meet *meet, uint32_t word, bool leaves)
{
    uint32_t next = leaves ? word - MAG_MEET_EXPECT : word + 1;

    if (expected(next) == 0)
        return next & ~MAG_MEET_ASLEEP;
    return arrived(next) == expected(next) ? opened(meet, next) : next;
}

/* Takes one step; `*word` is a guess.  Returns the word after the step, with the word
 * before it in `*word`. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the swap writes it. */
static uint32_t step_of(struct mag_meet *meet, bool leaves, uint32_t *word)
{
    uint32_t next;

    do {
        next = stepped(meet, *word, leaves);
        /* met, open, release: what this thread did before, and what it learned in the
         * meets below.  met, acquire: the same of the others, for the one that completes
         * the meet.  On failure relaxed: the step is computed anew. */
    } while (!atomic_compare_exchange_weak_explicit(
        &meet->word, word, next, memory_order_acq_rel, memory_order_relaxed));
    return next;
}

/* Whether the step from `before` to `after` made everybody arrive who is expected. */
static bool completes(uint32_t before, uint32_t after, bool leaves)
{
    return arrived(after) == 0 && expected(after) != 0 &&
           (!leaves || arrived(before) != 0);
}

/* Steps at a meet, and at those above as long as that completes or empties them.  True:
 * the root is complete. */
static bool climb(struct mag_meet_part *part, bool leaves)
{
    struct mag_meet *meet = part->meet;
    uint32_t word = part->word;

    for (;;) {
        struct mag_meet *up = meet->up; /* the step may be the last touch */
        uint32_t after = step_of(meet, leaves, &word);
        bool complete = completes(word, after, leaves);

        if (meet == part->meet)
            part->word = after & ~MAG_MEET_ARRIVED;
        if (up == NULL) {
            /* Only the address is used: the team may be over. */
            if ((word & MAG_MEET_ASLEEP) != 0 && (after & MAG_MEET_ASLEEP) == 0)
                mag_os_wake(&meet->word, INT_MAX);
            return complete;
        }
        if (!complete && expected(after) != 0)
            return false;
        leaves = !complete;
        meet = up;
        word = look(up);
    }
}

/* ------------------------------------------------------------------- waiting */

/* What is waited for: another epoch than `since`, or the end. */
struct goal {
    bool end;
    uint32_t since;
};

static bool is_reached(const struct goal *goal, uint32_t word)
{
    return goal->end ? expected(word) == 0 : epoch(word) != goal->since;
}

static bool look_for(struct mag_meet *root, const struct goal *goal)
{
    /* open, acquire: what all others did before. */
    return is_reached(goal, atomic_load_explicit(&root->word, memory_order_acquire));
}

/* True: the goal is reached. */
static bool spin(struct mag_meet *root, const struct goal *goal, uint32_t spin_us)
{
    int64_t until = mag_os_now_ns() + (int64_t)spin_us * 1000;

    do {
        for (unsigned i = 0; i < MEET_LOOKS; i++) {
            if (look_for(root, goal))
                return true;
            mag_os_pause();
        }
    } while (mag_os_now_ns() < until);
    return false;
}

static bool give_way_at_meeting(struct mag_meet *root, const struct goal *goal)
{
    for (unsigned i = 0; i < YIELDS; i++) {
        if (look_for(root, goal))
            return true;
        mag_os_yield();
    }
    return false;
}

static void sleep_until(struct mag_meet *root, const struct goal *goal)
{
    while (!look_for(root, goal)) {
        uint32_t word = look(root);
        uint32_t asleep = word | MAG_MEET_ASLEEP;

        /* relaxed, both: nothing crosses but the flag, and the swap that removes it
         * comes later in the word's own order. */
        if (!is_reached(goal, word) &&
            (word == asleep ||
             atomic_compare_exchange_strong_explicit(
                 &root->word, &word, asleep, memory_order_relaxed, memory_order_relaxed)))
            mag_os_wait(&root->word, asleep, -1);
    }
}

static void wait_for_phase(struct mag_meet *root, const struct goal *goal,
                           const struct mag_meet_patience *patience)
{
    if (look_for(root, goal) || patience->is_alone(patience->arg))
        return;
    if (patience->crowded ? give_way_at_meeting(root, goal)
                          : spin(root, goal, patience->spin_us))
        return;
    sleep_until(root, goal);
}

void mag_meet_join(struct mag_meet_part *part, struct mag_meet *meet,
                   struct mag_meet *root, uint32_t participants)
{
    part->meet = meet;
    part->root = root;
    part->epoch = 0;
    part->word = participants * MAG_MEET_EXPECT;
}

void mag_meet_arrive(struct mag_meet_part *part, const struct mag_meet_patience *patience)
{
    struct goal goal = {.since = part->epoch};

    if (!climb(part, false)) {
        wait_for_phase(part->root, &goal, patience);
        if (part->meet == part->root)
            part->word = look(part->root);
    }
    part->epoch += MAG_MEET_EPOCH;
}

void mag_meet_leave(struct mag_meet_part *part)
{
    (void)climb(part, true);
}

void mag_meet_wait_end(struct mag_meet *root, const struct mag_meet_patience *patience)
{
    struct goal goal = {.end = true};

    wait_for_phase(root, &goal, patience);
}
