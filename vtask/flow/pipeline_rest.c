/*
 * pipeline_rest.c - who has nothing to do, and who is called: offers, runners that leave,
 * the sleep of the caller.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/os.h"
#include "vtask/flow/pipeline_lock.h"

#include <magpie/blocking.h>

#include <string.h>

/* ------------------------------------------------------------------------ calling */

/* Under the lock. */
static void set_caller_sleeps(struct mag_belt *belt, bool sleeps)
{
    belt->caller_sleeps = sleeps;
    /* relaxed: a hint where the lock is not held. */
    atomic_store_explicit(&belt->caller_idles, sleeps && belt->caller_works,
                          memory_order_relaxed);
}

/* Under the lock: the caller is to wake, if it sleeps. */
static bool rouse_caller(struct mag_belt *belt)
{
    if (!belt->caller_sleeps)
        return false;
    set_caller_sleeps(belt, false);
    /* relaxed: read under the lock, or by the system. */
    atomic_fetch_add_explicit(&belt->bell, 1, memory_order_relaxed);
    return true;
}

bool mag_belt_call_caller(struct mag_belt *belt)
{
    belt->caller_works = true;
    return rouse_caller(belt);
}

void mag_belt_ring(struct mag_belt *belt, bool rouse)
{
    if (rouse)
        mag_os_wake(&belt->bell, 1);
}

/* Under the lock: whether the offer is to be posted. */
static bool begin_offer(struct mag_belt *belt)
{
    /* relaxed: under the lock. */
    if (atomic_load_explicit(&belt->is_offered, memory_order_relaxed))
        return false;
    /* relaxed: a hint where the lock is not held. */
    atomic_store_explicit(&belt->is_offered, true, memory_order_relaxed);
    belt->references++;
    return true;
}

/* Under the lock: calls a thread.  A caller that sleeps has nothing else to do, whereas
 * all workers may be busy. */
static void call_thread(struct mag_belt *belt, struct mag_summons *summons)
{
    if (belt->caller_works && rouse_caller(belt))
        summons->caller = true;
    else
        summons->runner |= begin_offer(belt);
}

void mag_belt_see_to_work(struct mag_belt *belt, struct mag_summons *summons)
{
    if (mag_belt_count(&belt->runners) == 0 && mag_belt_has_work(belt))
        call_thread(belt, summons);
    if (belt->caller_sleeps && mag_belt_has_callers_work(belt))
        summons->caller |= rouse_caller(belt);
}

/* Posts the offer; another one may be posted as soon as it runs. */
static void post_offer(struct mag_belt *belt)
{
    if (MAG_UNLIKELY(mag_sched_post(belt->sched, &belt->offer) != 0))
        mag_belt_take_over(belt);
}

void mag_belt_send(struct mag_belt *belt, struct mag_summons summons)
{
    mag_belt_ring(belt, summons.caller);
    if (summons.runner)
        post_offer(belt);
}

/* ------------------------------------------------------------------------ offers */

static MAG_NOINLINE void make_offer(struct mag_belt *belt)
{
    struct mag_summons summons = {false, false};

    mag_spin_lock(&belt->lock);
    if (!belt->is_refused && mag_belt_has_work(belt))
        call_thread(belt, &summons);
    mag_spin_unlock(&belt->lock);
    mag_belt_send(belt, summons);
}

void mag_belt_offer(struct mag_runner *runner)
{
    struct mag_belt *belt = runner->belt;

    /* An offer may lie for long, if all workers are busy; the caller comes at once.
     * relaxed, all: hints. */
    if (atomic_load_explicit(&belt->is_cheap, memory_order_relaxed) ||
        (atomic_load_explicit(&belt->is_offered, memory_order_relaxed) &&
         !atomic_load_explicit(&belt->caller_idles, memory_order_relaxed)))
        return;
    if (mag_belt_count(&belt->waiting) != 0 ||
        (!belt->input_is_callers && mag_belt_count(&belt->room) != 0))
        make_offer(belt);
}

/* ------------------------------------------------------------------------ leaving */

/* Under the lock. */
static void add_counts(struct mag_runner *runner)
{
    struct mag_belt *belt = runner->belt;

    for (uint32_t i = 0; i < belt->stage_count; i++) {
        struct mag_stage_counts *to = &belt->counts[i];
        struct mag_stage_counts *from = &runner->counts[i];

        to->calls += from->calls;
        to->measured += from->measured;
        to->busy_ns += from->busy_ns;
        to->waits_for_input += from->waits_for_input;
        to->waits_for_room += from->waits_for_room;
        memset(from, 0, sizeof(*from));
    }
}

/* Under the lock: whether a job leaves although there is something to do. */
static bool lets_others(struct mag_runner *runner)
{
    struct mag_belt *belt = runner->belt;

    if (runner->is_caller)
        return false;
    if (runner->gives_way)
        return !belt->is_refused;
    /* relaxed: a hint. */
    return mag_belt_count(&belt->runners) > 1 &&
           atomic_load_explicit(&belt->is_cheap, memory_order_relaxed);
}

static bool has_work_for(struct mag_runner *runner)
{
    return (runner->works && mag_belt_has_work(runner->belt)) ||
           (runner->is_caller && mag_belt_has_callers_work(runner->belt));
}

void mag_belt_count_in(struct mag_belt *belt, bool works)
{
    uint32_t runners = mag_belt_count(&belt->runners) + (works ? 1 : 0);

    mag_belt_set_count(&belt->runners, runners);
    if (belt->runners_max < runners)
        belt->runners_max = runners;
}

void mag_belt_lose_runner(struct mag_belt *belt)
{
    struct mag_summons summons = {false, false};

    mag_spin_lock(&belt->lock);
    mag_belt_set_count(&belt->runners, mag_belt_count(&belt->runners) - 1);
    mag_belt_see_to_work(belt, &summons);
    mag_spin_unlock(&belt->lock);
    mag_belt_send(belt, summons);
    mag_belt_release(belt);
}

/* Under the lock: the runner is none any more. */
static void count_runner_out(struct mag_runner *runner, struct mag_summons *summons)
{
    struct mag_belt *belt = runner->belt;

    add_counts(runner);
    mag_belt_set_count(&belt->runners,
                       mag_belt_count(&belt->runners) - (runner->works ? 1 : 0));
    mag_belt_see_to_work(belt, summons);
    if (mag_belt_count(&belt->runners) != 0 || !mag_belt_is_at_rest(belt) ||
        runner->is_caller)
        return;
    if (belt->done == NULL)
        summons->caller |= rouse_caller(belt);
    else
        belt->has_ended = true;
}

enum mag_belt_rest mag_belt_leave(struct mag_runner *runner, struct mag_token *spare)
{
    struct mag_belt *belt = runner->belt;
    struct mag_summons summons = {false, false};
    enum mag_belt_rest rest = MAG_BELT_GOES_ON;

    mag_spin_lock(&belt->lock);
    if (spare != NULL)
        mag_belt_put_free(belt, spare);
    if (!has_work_for(runner) || lets_others(runner)) {
        bool ended = belt->has_ended;

        count_runner_out(runner, &summons);
        rest = belt->has_ended && !ended ? MAG_BELT_ENDS : MAG_BELT_LEFT;
    } else {
        mag_belt_see_to_work(belt, &summons);
    }
    mag_spin_unlock(&belt->lock);
    mag_belt_send(belt, summons);
    return rest;
}

/* ------------------------------------------------------------------------ the caller */

/* Before the caller sleeps it looks under the lock several times, and more often without
 * it. */
enum { CALLER_ROUNDS = 10, CALLER_LOOKS = 50 };

/* Under the lock.  True: the caller is a runner again, or the belt is at rest. */
static bool has_reason_to_wake(struct mag_runner *runner, bool *ret_ended)
{
    struct mag_belt *belt = runner->belt;

    runner->works = belt->caller_works;
    *ret_ended = mag_belt_count(&belt->runners) == 0 && mag_belt_is_at_rest(belt);
    if (*ret_ended)
        belt->has_ended = true;
    else if (!has_work_for(runner))
        return false;
    else
        mag_belt_count_in(belt, runner->works);
    return true;
}

/* Looks, without the lock, whether to look under it. */
static void spin_for_work(struct mag_belt *belt)
{
    for (int i = 0; i < CALLER_LOOKS; i++) {
        if (mag_belt_count(&belt->waiting) != 0 || mag_belt_count(&belt->called) != 0 ||
            (mag_belt_input(belt) == MAG_INPUT_FREE && mag_belt_count(&belt->room) != 0))
            return;
        mag_os_pause();
    }
}

static void sleep_once(struct mag_belt *belt, uint32_t bell)
{
    struct mag_blocking region;

    if (belt->caller_is_worker)
        mag_blocking_begin(&region);
    mag_os_wait(&belt->bell, bell, -1);
    if (belt->caller_is_worker)
        mag_blocking_end(&region);
}

bool mag_belt_wait(struct mag_runner *runner)
{
    struct mag_belt *belt = runner->belt;
    bool ended = false;

    for (int round = 0;; round++) {
        bool sleeps = round >= CALLER_ROUNDS;

        if (!sleeps)
            spin_for_work(belt);
        mag_spin_lock(&belt->lock);
        bool wakes = has_reason_to_wake(runner, &ended);
        /* relaxed: under the lock. */
        uint32_t bell = atomic_load_explicit(&belt->bell, memory_order_relaxed);
        set_caller_sleeps(belt, !wakes && sleeps);
        mag_spin_unlock(&belt->lock);
        if (wakes)
            return !ended;
        if (sleeps)
            sleep_once(belt, bell);
    }
}
