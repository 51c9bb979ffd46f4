/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/idle/idle.h"

#include "sched/policy/linger.h"
#include "sched/policy/watch.h"

#include "base/os.h"
#include "base/turns.h"

void mag_idle_init(struct mag_idle *idle, uint32_t used)
{
    atomic_init(&idle->state, used * MAG_IDLE_USE);
    for (unsigned i = 0; i < MAG_IDLE_WORDS; i++)
        atomic_init(&idle->parked[i], 0);
}

/* Takes one of the bits of a word that are set in `wanted`, the lowest first. */
static bool claim_bit(_Atomic(uint64_t) *word, uint64_t wanted, uint32_t *ret_bit)
{
    /* relaxed: a look; the read-modify-write below decides. */
    uint64_t bits = wanted & atomic_load_explicit(word, memory_order_relaxed);

    while (bits != 0) {
        uint32_t bit = (uint32_t)__builtin_ctzll(bits);
        uint64_t mask = (uint64_t)1 << bit;

        /* parked, acquire: the sleeper's word was reset before it set the bit; vacant,
         * acquire: what the last tenant did is visible.  No release: nothing is handed on
         * by clearing the bit. */
        uint64_t before = atomic_fetch_and_explicit(word, ~mask, memory_order_acquire);
        if (before & mask) {
            *ret_bit = bit;
            return true;
        }
        bits = before & ~mask & wanted;
    }
    return false;
}

bool mag_idle_claim_bit(_Atomic(uint64_t) *words, struct mag_span span,
                        struct mag_span avoid, uint32_t *ret_rank)
{
    for (uint32_t word = span.begin / 64; word * 64 < span.end; word++) {
        uint64_t wanted = mag_span_bits(span, word) & ~mag_span_bits(avoid, word);
        uint32_t bit;

        if (claim_bit(&words[word], wanted, &bit)) {
            *ret_rank = word * 64 + bit;
            return true;
        }
    }
    return false;
}

uint32_t mag_idle_parked_in(struct mag_idle *idle, struct mag_span span,
                            struct mag_span avoid)
{
    uint32_t count = 0;

    for (uint32_t word = span.begin / 64; word * 64 < span.end; word++) {
        /* relaxed: a value of the moment. */
        uint64_t bits = atomic_load_explicit(&idle->parked[word], memory_order_relaxed);

        bits &= mag_span_bits(span, word);
        count += (uint32_t)__builtin_popcountll(bits & ~mag_span_bits(avoid, word));
    }
    return count;
}

/* For a thread that has taken one from `parked`, so that there is a bit for it.  The walk
 * may miss it: another waker may take a bit just ahead, and its own is then still behind.
 * So the walk goes round until it finds one. */
static uint32_t claim_any(struct mag_idle *idle, const struct mag_routes *routes,
                          struct mag_wake wake)
{
    struct mag_wake_walk walk = mag_wake_begin(wake);

    for (;;) {
        struct mag_span span = mag_wake_next(routes, &walk);
        uint32_t rank;

        if (mag_idle_claim_bit(idle->parked, span, walk.wake.avoid, &rank))
            return rank;
    }
}

uint32_t mag_idle_claim(struct mag_idle *idle, const struct mag_routes *routes,
                        struct mag_wake wake, bool even_so)
{
    uint64_t state = mag_idle_read(idle);

    do {
        if (mag_idle_parked(state) == 0 || (mag_idle_searching(state) != 0 && !even_so))
            return UINT32_MAX;
        /* (2), seq_cst: a later poster must see that a wake is in flight.
         * On failure seq_cst: the value read decides, as in mag_idle_read. */
    } while (!atomic_compare_exchange_weak_explicit(
        &idle->state, &state, state - MAG_IDLE_PARK + MAG_IDLE_SEARCH + MAG_IDLE_WAKE,
        memory_order_seq_cst, memory_order_seq_cst));
    return claim_any(idle, routes, wake);
}

static bool is_parked(struct mag_idle *idle, uint32_t rank)
{
    /* seq_cst: a parked worker's bit is set before its (3); together with the post before
     * this load, as in (1) and (2). */
    uint64_t bits = atomic_load_explicit(&idle->parked[rank / 64], memory_order_seq_cst);

    return (bits >> rank % 64 & 1) != 0;
}

uint32_t mag_idle_claim_one(struct mag_idle *idle, const struct mag_routes *routes,
                            uint32_t rank)
{
    for (unsigned tries = 1; is_parked(idle, rank); tries++) {
        uint32_t claimed = mag_idle_claim(idle, routes, mag_wake_one(routes, rank), true);

        if (claimed != UINT32_MAX)
            return claimed;
        mag_give_way(tries);
    }
    return UINT32_MAX;
}

bool mag_idle_try_search(struct mag_idle *idle)
{
    /* relaxed: a limit on the number of searchers, not a promise. */
    uint64_t state = atomic_load_explicit(&idle->state, memory_order_relaxed);

    if (!mag_linger_may_search(mag_idle_searching(state),
                               mag_idle_used(state) - mag_idle_parked(state)))
        return false;
    /* seq_cst: posters that see this searcher rely on its later (3) and (4). */
    (void)atomic_fetch_add_explicit(&idle->state, MAG_IDLE_SEARCH, memory_order_seq_cst);
    return true;
}

uint64_t mag_idle_found(struct mag_idle *idle)
{
    /* seq_cst: the caller reads the queues after it, as in (3) and (4). */
    return atomic_fetch_sub_explicit(&idle->state, MAG_IDLE_SEARCH,
                                     memory_order_seq_cst) -
           MAG_IDLE_SEARCH;
}

uint64_t mag_idle_announce(struct mag_idle *idle, uint32_t rank, bool searching,
                           bool *ret_watcher)
{
    /* parked, release: the wake word was reset before.  seq_cst: if a thread posts to
     * this worker alone and misses the bit, the last look (4) sees its job. */
    (void)atomic_fetch_or_explicit(&idle->parked[rank / 64], (uint64_t)1 << rank % 64,
                                   memory_order_seq_cst);

    /* relaxed: the swap below checks it. */
    uint64_t state = atomic_load_explicit(&idle->state, memory_order_relaxed);
    uint64_t next;
    bool watcher;

    do {
        next = state + MAG_IDLE_PARK - (searching ? MAG_IDLE_SEARCH : 0);
        uint32_t resting = mag_idle_parked(next) + mag_idle_searching(next);
        watcher =
            mag_watch_begins(mag_idle_watched(state), resting, mag_idle_used(state));
        if (watcher)
            next |= MAG_IDLE_WATCH;
        /* (3), seq_cst: before the caller's last look (4).
         * On failure relaxed: the loop tries again. */
    } while (!atomic_compare_exchange_weak_explicit(
        &idle->state, &state, next, memory_order_seq_cst, memory_order_relaxed));
    *ret_watcher = watcher;
    return next;
}

void mag_idle_end_watch(struct mag_idle *idle)
{
    /* seq_cst: posters decide by this bit (2). */
    (void)atomic_fetch_and_explicit(&idle->state, ~MAG_IDLE_WATCH, memory_order_seq_cst);
}

bool mag_idle_end_idle_watch(struct mag_idle *idle)
{
    /* relaxed: the swap below checks it. */
    uint64_t state = atomic_load_explicit(&idle->state, memory_order_relaxed);

    do {
        if (mag_idle_parked(state) != mag_idle_used(state))
            return false;
        /* relaxed: this word alone decides, and nothing else is read because of it.  A
         * worker that has been woken since, and may rely on the watch, is no longer
         * counted as parked. */
    } while (!atomic_compare_exchange_weak_explicit(
        &idle->state, &state, state & ~MAG_IDLE_WATCH, memory_order_relaxed,
        memory_order_relaxed));
    return true;
}

uint64_t mag_idle_enter(struct mag_idle *idle)
{
    /* release: the berth's bit was taken before; a worker that parks later (3) sees the
     * bit at its last look (4).  A thread that begins a drain has waited for the threads
     * that came in. */
    return atomic_fetch_add_explicit(&idle->state, MAG_IDLE_USE, memory_order_release) +
           MAG_IDLE_USE;
}

void mag_idle_leave(struct mag_idle *idle, bool searching)
{
    uint64_t less = MAG_IDLE_USE + (searching ? MAG_IDLE_SEARCH : 0);

    /* (3), seq_cst: before the caller's look at the phase and at the queues (4). */
    (void)atomic_fetch_sub_explicit(&idle->state, less, memory_order_seq_cst);
}
