/*
 * fork_task.c - fork-join and await in one program: the result of a forked child is
 * handed out as a value task.
 *
 * One half of the numbers is checked by a child, the other half by the caller itself,
 * which returns without waiting for the child.  If no worker took the child, its task is
 * an immediate value; if another worker has it, an async function awaits it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

enum { NUMBERS = 20000, PRIMES = 2262 };

MAG_VTASK_DEFINE(count_task, unsigned)

static unsigned is_prime(unsigned number)
{
    for (unsigned i = 2; i * i <= number; i++) {
        if (number % i == 0)
            return 0;
    }
    return number > 1;
}

/* Fork and join: the primes in [from, to). */
MAG_FORKABLE(unsigned, primes, unsigned, from, unsigned, to)
static unsigned primes(mag_fork w, unsigned from, unsigned to)
{
    if (to - from == 1)
        return is_prime(from);
    unsigned middle = from + (to - from) / 2;
    struct primes_child low = primes_fork(&w, from, middle);
    unsigned high = primes(w, middle, to);
    return primes_join(&w, low) + high;
}

/* The same computation as a child whose task is handed out. */
MAG_FORK_TASK(count_task, part, unsigned, from, unsigned, to)
static count_task part(mag_fork w, unsigned from, unsigned to)
{
    if (from > to)
        return count_task_of(mag_vtask_failed(-EINVAL, 0));
    return count_task_result(primes(w, from, to));
}

MAG_ASYNC(count_task, add, (count_task, low, unsigned, high), unsigned value;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->value, f->low);
    return count_task_result(f->value + f->high);
    MAG_END(f);
}

/* Returns as soon as the caller's own half is done. */
MAG_FORK_TASK(count_task, both, unsigned, from, unsigned, middle, unsigned, to)
static count_task both(mag_fork w, unsigned from, unsigned middle, unsigned to)
{
    struct part_child low = part_fork(&w, from, middle);
    unsigned high = primes(w, middle, to);

    return add(part_task(&w, low), high);
}

/* Async code would use MAG_AWAIT; main is no worker, so it may block. */
static int count(struct mag_sched *sched, unsigned from, unsigned middle,
                 unsigned *ret_count)
{
    count_task task;
    int error = both_run(sched, &task, from, middle, NUMBERS);

    if (error != 0)
        return error;
    error = mag_vtask_wait_completed(&task.task, sizeof(*ret_count), -1);
    if (error == 0)
        error = count_task_get(task, ret_count);
    mag_vtask_release(task.task);
    return error;
}

int main(void)
{
    struct mag_sched *sched;
    unsigned found = 0;
    unsigned untouched = 7;

    if (mag_sched_start(NULL, &sched) != 0)
        return 1;
    int error = count(sched, 0, NUMBERS / 4, &found);
    /* A child's error is the error of the function that awaits it. */
    int wrong = count(sched, 9, 3, &untouched);

    printf("primes below %d: %u; a wrong range: %s\n", NUMBERS, found,
           mag_error_text(wrong));
    mag_sched_destroy(sched);
    return error == 0 && found == PRIMES && wrong == -EINVAL && untouched == 7 ? 0 : 1;
}
