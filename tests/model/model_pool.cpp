/*
 * The stack of a pool (numa/pool/stack.h) under the Relacy model checker: random
 * interleavings of three threads on two or three links, in the C11 memory model, races of
 * plain accesses included.
 *
 * Both forms are written out again below, step by step, because Relacy needs its own
 * atomics, and because ck's are assembly; each step names the code that it stands for.
 * Then every order and every step that the proof needs is taken away, one at a time: the
 * model must find a fault in each of these mutants, or else it proves nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <relacy/relacy_std.hpp>

#include <cstdlib>
#include <iostream>
#include <streambuf>

enum { THREADS = 3, LINKS = 3, NONE = 0 };

enum mutant {
    ORIGINAL,
    NO_GENERATION, /* ck: a pop does not advance the generation */
    BATCH_POP,     /* ck: one thread takes all, as ck_stack_batch_pop_mpmc does */
    BATCH_ADVANCE, /* ck: the same, but advances the generation */
    NO_RELEASE,    /* push does not release the chain (ck: without both fences) */
    EARLY_RELEASE, /* ck: only with our fence, which comes before `next` is written */
    NO_ACQUIRE,    /* pop does not acquire it (ck: without both fences) */
    NO_LOCK,       /* C11: pops do not exclude one another */
    LOCK_RELAXED,  /* C11: the lock is taken without acquire */
    UNLOCK_RELAXED /* C11: the lock is left without release */
};

/* What the holder of a link finds there; Relacy reports races on `uses`. */
struct pool_link {
    rl::atomic<unsigned> next; /* number of another link, 1 to LINKS, or NONE */
    rl::var<unsigned> uses;
    rl::atomic<unsigned> owner;
};

/* Head and generation in one word, as the double-width swap sees them. */
static unsigned pack(unsigned head, unsigned generation)
{
    return generation << 8 | head;
}

static unsigned head_of(unsigned top)
{
    return top & 0xff;
}

static unsigned generation_of(unsigned top)
{
    return top >> 8;
}

template <int mutant> struct ck_form {
    rl::atomic<unsigned> top;

    void init()
    {
        top($).store(pack(NONE, 0), rl::mo_relaxed);
    }

    /* The single-width swap: swaps the head, whatever the generation is. */
    bool swap_head(unsigned &head, unsigned wanted)
    {
        for (;;) {
            unsigned seen = top($).load(rl::mo_relaxed);

            if (head_of(seen) != head) {
                head = head_of(seen);
                return false;
            }
            if (top($).compare_exchange_strong(seen, pack(wanted, generation_of(seen)),
                                               rl::mo_relaxed, rl::mo_relaxed))
                return true;
        }
    }

    void push(pool_link *links, unsigned pushed)
    {
        unsigned head = head_of(top($).load(rl::mo_relaxed));

        if (mutant != NO_RELEASE)
            rl::atomic_thread_fence(rl::mo_release, $);
        do {
            links[pushed].next($).store(head, rl::mo_relaxed);
            /* ck_pr_fence_store.  C11 has no fence that orders only stores.  This one
             * does the work of our fence too, so the model cannot notice if ours is
             * missing. */
            if (mutant != NO_RELEASE && mutant != EARLY_RELEASE)
                rl::atomic_thread_fence(rl::mo_release, $);
        } while (!swap_head(head, pushed));
    }

    /* ck_pr_fence_load.  C11 has no fence that orders only loads. */
    void fence_load()
    {
        if (mutant != NO_ACQUIRE)
            rl::atomic_thread_fence(rl::mo_acquire, $);
    }

    unsigned pop(pool_link *links)
    {
        unsigned generation = generation_of(top($).load(rl::mo_relaxed));
        fence_load();
        unsigned seen = pack(head_of(top($).load(rl::mo_relaxed)), generation);

        for (;;) {
            if (head_of(seen) == NONE)
                return NONE;
            fence_load();
            unsigned next = links[head_of(seen)].next($).load(rl::mo_relaxed);
            unsigned step = mutant == NO_GENERATION ? 0 : 1;

            if (top($).compare_exchange_strong(seen,
                                               pack(next, generation_of(seen) + step),
                                               rl::mo_relaxed, rl::mo_relaxed))
                break;
        }
        if (mutant != NO_ACQUIRE)
            rl::atomic_thread_fence(rl::mo_acquire, $);
        return head_of(seen);
    }

    /* Takes all links by swapping only the head. */
    unsigned batch_pop()
    {
        unsigned seen = top($).load(rl::mo_relaxed);
        unsigned step = mutant == BATCH_ADVANCE ? 1 : 0;

        while (!top($).compare_exchange_strong(seen,
                                               pack(NONE, generation_of(seen) + step),
                                               rl::mo_relaxed, rl::mo_relaxed)) {
        }
        rl::atomic_thread_fence(rl::mo_acquire, $);
        return head_of(seen);
    }
};

template <int mutant> struct c11_form {
    rl::atomic<unsigned> head;
    rl::atomic<unsigned> popping;

    void init()
    {
        head($).store(NONE, rl::mo_relaxed);
        popping($).store(0, rl::mo_relaxed);
    }

    void push(pool_link *links, unsigned pushed)
    {
        unsigned seen = head($).load(rl::mo_relaxed);

        do
            links[pushed].next($).store(seen, rl::mo_relaxed);
        while (!head($).compare_exchange_weak(
            seen, pushed, mutant == NO_RELEASE ? rl::mo_relaxed : rl::mo_release,
            rl::mo_relaxed));
    }

    unsigned pop(pool_link *links)
    {
        rl::memory_order acquire = mutant == NO_ACQUIRE ? rl::mo_relaxed : rl::mo_acquire;
        rl::memory_order lock = mutant == LOCK_RELAXED ? rl::mo_relaxed : rl::mo_acquire;
        rl::memory_order unlock =
            mutant == UNLOCK_RELAXED ? rl::mo_relaxed : rl::mo_release;

        if (head($).load(rl::mo_relaxed) == NONE)
            return NONE;
        rl::linear_backoff backoff;
        while (mutant != NO_LOCK && popping($).exchange(1, lock) != 0)
            backoff.yield($);
        unsigned seen = head($).load(acquire);
        while (seen != NONE &&
               !head($).compare_exchange_weak(
                   seen, links[seen].next($).load(rl::mo_relaxed), acquire, acquire)) {
        }
        if (mutant != NO_LOCK)
            popping($).store(0, unlock);
        return seen;
    }

    unsigned batch_pop()
    {
        return NONE;
    }
};

/*
 * Thread 0 pops twice and keeps both links to the end.  The others pop two links and push
 * them back in the order in which they came.  So a link returns to the top although a
 * slow pop has already read its `next`.
 */
template <template <int> class form, int mutant>
struct storm : rl::test_suite<storm<form, mutant>, THREADS> {
    form<mutant> stack;
    pool_link links[LINKS + 1];

    void before()
    {
        stack.init();
        for (unsigned i = 1; i <= LINKS; i++) {
            links[i].owner($).store(0, rl::mo_relaxed);
            links[i].uses($) = 0;
            stack.push(links, i);
        }
    }

    void own(unsigned i, unsigned thread)
    {
        if (i == NONE)
            return;
        RL_ASSERT(links[i].owner($).exchange(thread + 1, rl::mo_relaxed) == 0);
        links[i].uses($) = links[i].uses($) + 1;
    }

    void disown(unsigned i, unsigned thread)
    {
        RL_ASSERT(links[i].owner($).exchange(0, rl::mo_relaxed) == thread + 1);
        links[i].uses($) = links[i].uses($) + 1;
    }

    void give(unsigned i, unsigned thread)
    {
        if (i == NONE)
            return;
        disown(i, thread);
        stack.push(links, i);
    }

    /* Takes all links and keeps all but the first, which it pushes back. */
    void drain(unsigned thread)
    {
        unsigned first = stack.batch_pop();

        for (unsigned i = first; i != NONE;) {
            unsigned next = links[i].next($).load(rl::mo_relaxed);
            own(i, thread);
            i = next;
        }
        give(first, thread);
    }

    void thread(unsigned thread)
    {
        if ((mutant == BATCH_POP || mutant == BATCH_ADVANCE) && thread == 1) {
            drain(thread);
            return;
        }

        unsigned first = stack.pop(links);
        own(first, thread);
        unsigned second = stack.pop(links);
        own(second, thread);
        if (thread == 0)
            return;
        give(first, thread);
        give(second, thread);
    }
};

/* Swallows Relacy's output.  A string stream would not do: Relacy replaces operator new
 * and takes the stream's memory for the model's. */
struct silent : std::streambuf {
    int overflow(int character)
    {
        return character;
    }
};

/* Whether the model finds no fault within so many interleavings. */
template <template <int> class form, int mutant>
static bool holds(const char *what, unsigned interleavings)
{
    static silent nothing;
    static std::ostream silence(&nothing);
    rl::test_params params;

    params.iteration_count = interleavings;
    params.output_stream =
        mutant == ORIGINAL || mutant == BATCH_ADVANCE ? &std::cout : &silence;
    params.progress_stream = &silence;
    params.execution_depth_limit = 5000;
    typedef storm<form, mutant> suite;
    bool held = rl::simulate<suite>(params);

    std::cout << (held ? "held   " : "failed ") << what << ", interleaving "
              << params.stop_iteration << ", " << rl::test_result_str(params.test_result)
              << std::endl;
    return held;
}

int main()
{
    const char *scale = std::getenv("MAG_TEST_SCALE");
    unsigned percent = scale != NULL ? (unsigned)std::atoi(scale) : 100;
    unsigned rounds = 3000 * (percent != 0 ? percent : 1);
    bool right = true;

    right &= holds<ck_form, ORIGINAL>("ck form", rounds);
    right &= holds<c11_form, ORIGINAL>("C11 form", rounds);
    right &= holds<ck_form, BATCH_ADVANCE>("ck form beside a batch pop as it should be",
                                           rounds);

    right &= !holds<ck_form, NO_GENERATION>("ck form without generation", 1000000);
    right &= !holds<ck_form, BATCH_POP>("ck form beside ck's batch pop", 1000000);
    right &= !holds<ck_form, NO_RELEASE>("ck form, push without release", 1000000);
    right &= !holds<ck_form, EARLY_RELEASE>("ck form, `next` unreleased", 1000000);
    right &= !holds<ck_form, NO_ACQUIRE>("ck form, pop without acquire", 1000000);
    right &= !holds<c11_form, NO_RELEASE>("C11 form, push without release", 1000000);
    right &= !holds<c11_form, NO_ACQUIRE>("C11 form, pop without acquire", 1000000);
    right &= !holds<c11_form, NO_LOCK>("C11 form without lock", 1000000);
    right &= !holds<c11_form, LOCK_RELAXED>("C11 form, lock without acquire", 1000000);
    right &=
        !holds<c11_form, UNLOCK_RELAXED>("C11 form, unlock without release", 1000000);
    return right ? 0 : 1;
}
