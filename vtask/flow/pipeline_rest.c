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

/* Under the lock: the caller is to wake, if it sleeps. */
static bool rouse_caller(struct mag_line *line)
{
    if (!line->caller_sleeps)
        return false;
    line->caller_sleeps = false;
    /* relaxed: read under the lock, or by the system. */
    atomic_fetch_add_explicit(&line->bell, 1, memory_order_relaxed);
    return true;
}

bool mag_line_call_caller(struct mag_line *line)
{
    line->caller_works = true;
    return rouse_caller(line);
}

void mag_line_ring(struct mag_line *line, bool rouse)
{
    if (rouse)
        mag_os_wake(&line->bell, 1);
}

/* Under the lock: whether the offer is to be posted. */
static bool begin_offer(struct mag_line *line)
{
    /* relaxed: under the lock. */
    if (atomic_load_explicit(&line->is_offered, memory_order_relaxed))
        return false;
    /* relaxed: a hint where the lock is not held. */
    atomic_store_explicit(&line->is_offered, true, memory_order_relaxed);
    line->references++;
    return true;
}

/* Under the lock: calls a thread.  A worker that waits for the line is the nearest. */
static void summon(struct mag_line *line, struct mag_summons *summons)
{
    if (line->caller_is_worker && rouse_caller(line))
        summons->caller = true;
    else
        summons->runner |= begin_offer(line);
}

void mag_line_see_to_work(struct mag_line *line, struct mag_summons *summons)
{
    if (mag_line_count(&line->runners) == 0 && mag_line_has_work(line))
        summon(line, summons);
    if (line->caller_sleeps && mag_line_has_callers_work(line))
        summons->caller |= rouse_caller(line);
}

/* Posts the offer; another one may be posted as soon as it runs. */
static void post_offer(struct mag_line *line)
{
    if (MAG_UNLIKELY(mag_sched_post(line->sched, &line->offer) != 0))
        mag_line_take_over(line);
}

void mag_line_send(struct mag_line *line, struct mag_summons summons)
{
    mag_line_ring(line, summons.caller);
    if (summons.runner)
        post_offer(line);
}

/* ------------------------------------------------------------------------ offers */

static MAG_NOINLINE void make_offer(struct mag_line *line)
{
    struct mag_summons summons = {false, false};

    mag_spin_lock(&line->lock);
    if (!line->is_refused && mag_line_has_work(line))
        summon(line, &summons);
    mag_spin_unlock(&line->lock);
    mag_line_send(line, summons);
}

void mag_line_offer(struct mag_runner *runner)
{
    struct mag_line *line = runner->line;

    /* relaxed, both: hints. */
    if (atomic_load_explicit(&line->is_cheap, memory_order_relaxed) ||
        atomic_load_explicit(&line->is_offered, memory_order_relaxed))
        return;
    if (mag_line_count(&line->waiting) != 0 ||
        (!line->input_is_callers && mag_line_count(&line->room) != 0))
        make_offer(line);
}

/* ------------------------------------------------------------------------ leaving */

/* Under the lock. */
static void add_counts(struct mag_runner *runner)
{
    struct mag_line *line = runner->line;

    for (uint32_t i = 0; i < line->stage_count; i++) {
        struct mag_stage_counts *to = &line->counts[i];
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
    struct mag_line *line = runner->line;

    if (runner->is_caller)
        return false;
    if (runner->gives_way)
        return !line->is_refused;
    /* relaxed: a hint. */
    return mag_line_count(&line->runners) > 1 &&
           atomic_load_explicit(&line->is_cheap, memory_order_relaxed);
}

static bool has_work_for(struct mag_runner *runner)
{
    return (runner->works && mag_line_has_work(runner->line)) ||
           (runner->is_caller && mag_line_has_callers_work(runner->line));
}

void mag_line_count_in(struct mag_line *line, bool works)
{
    uint32_t runners = mag_line_count(&line->runners) + (works ? 1 : 0);

    mag_line_set_count(&line->runners, runners);
    if (line->runners_max < runners)
        line->runners_max = runners;
}

void mag_line_lose_runner(struct mag_line *line)
{
    struct mag_summons summons = {false, false};

    mag_spin_lock(&line->lock);
    mag_line_set_count(&line->runners, mag_line_count(&line->runners) - 1);
    mag_line_see_to_work(line, &summons);
    mag_spin_unlock(&line->lock);
    mag_line_send(line, summons);
    mag_line_release(line);
}

/* Under the lock: the runner is none any more. */
static void count_out(struct mag_runner *runner, struct mag_summons *summons)
{
    struct mag_line *line = runner->line;

    add_counts(runner);
    mag_line_set_count(&line->runners,
                       mag_line_count(&line->runners) - (runner->works ? 1 : 0));
    mag_line_see_to_work(line, summons);
    if (mag_line_count(&line->runners) != 0 || !mag_line_is_at_rest(line) ||
        runner->is_caller)
        return;
    if (line->done == NULL)
        summons->caller |= rouse_caller(line);
    else
        line->has_ended = true;
}

enum mag_line_rest mag_line_leave(struct mag_runner *runner, struct mag_token *spare)
{
    struct mag_line *line = runner->line;
    struct mag_summons summons = {false, false};
    enum mag_line_rest rest = MAG_LINE_GOES_ON;

    mag_spin_lock(&line->lock);
    if (spare != NULL)
        mag_line_put_free(line, spare);
    if (!has_work_for(runner) || lets_others(runner)) {
        bool ended = line->has_ended;

        count_out(runner, &summons);
        rest = line->has_ended && !ended ? MAG_LINE_ENDS : MAG_LINE_LEFT;
    } else {
        mag_line_see_to_work(line, &summons);
    }
    mag_spin_unlock(&line->lock);
    mag_line_send(line, summons);
    return rest;
}

/* ------------------------------------------------------------------------ the caller */

/* Before the caller sleeps it looks under the lock several times, and more often without
 * it. */
enum { CALLER_ROUNDS = 10, CALLER_LOOKS = 50 };

/* Under the lock.  True: the caller is a runner again, or the line is at rest. */
static bool has_reason_to_wake(struct mag_runner *runner, bool *ret_ended)
{
    struct mag_line *line = runner->line;

    runner->works = line->caller_works;
    *ret_ended = mag_line_count(&line->runners) == 0 && mag_line_is_at_rest(line);
    if (*ret_ended)
        line->has_ended = true;
    else if (!has_work_for(runner))
        return false;
    else
        mag_line_count_in(line, runner->works);
    return true;
}

/* Looks, without the lock, whether to look under it. */
static void spin_for_work(struct mag_line *line)
{
    for (int i = 0; i < CALLER_LOOKS; i++) {
        if (mag_line_count(&line->waiting) != 0 || mag_line_count(&line->called) != 0 ||
            (mag_line_input(line) == MAG_INPUT_FREE && mag_line_count(&line->room) != 0))
            return;
        mag_os_pause();
    }
}

static void sleep_once(struct mag_line *line, uint32_t bell)
{
    struct mag_blocking region;

    if (line->caller_is_worker)
        mag_blocking_begin(&region);
    mag_os_wait(&line->bell, bell, -1);
    if (line->caller_is_worker)
        mag_blocking_end(&region);
}

bool mag_line_wait(struct mag_runner *runner)
{
    struct mag_line *line = runner->line;
    bool ended = false;

    for (int round = 0;; round++) {
        bool sleeps = round >= CALLER_ROUNDS;

        if (!sleeps)
            spin_for_work(line);
        mag_spin_lock(&line->lock);
        bool wakes = has_reason_to_wake(runner, &ended);
        /* relaxed: under the lock. */
        uint32_t bell = atomic_load_explicit(&line->bell, memory_order_relaxed);
        line->caller_sleeps = !wakes && sleeps;
        mag_spin_unlock(&line->lock);
        if (wakes)
            return !ended;
        if (sleeps)
            sleep_once(line, bell);
    }
}
