/*
 * try_fast.c - try at once, and become asynchronous only if that fails.
 *
 * A limiter lets a number of requests through in each period.  While there are tickets,
 * taking one is a subtraction in an ordinary function: no frame, no allocation.  Only a
 * caller that finds none pays for an async function, which waits for the next period.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

MAG_VTASK_DEFINE(bool_task, bool)

/* Used by one thread at a time: by main, then by the scheduler, while main waits. */
static int tickets = 3;
static int periods;
static int slow;

static bool take_ticket(void)
{
    return tickets > 0 && tickets-- > 0;
}

MAG_ASYNC(bool_task, try_process_slowly, (void), )
{
    MAG_BEGIN(f);
    while (!take_ticket()) {
        MAG_CONTINUE_ON(f, NULL); /* time passes */
        periods++;
        tickets += 3;
    }
    return bool_task_result(true);
    MAG_END(f);
}

static bool_task try_process(void)
{
    if (take_ticket())
        return bool_task_result(true);
    slow++;
    return try_process_slowly();
}

int main(void)
{
    int processed = 0;

    for (int i = 0; i < 10; i++) {
        bool_task task = try_process();
        bool done = false;

        processed += bool_task_wait(task, &done) == 0 && done;
    }
    printf("%d processed, %d of them at once, %d periods waited for\n", processed,
           processed - slow, periods);
    return processed == 10 && slow == 3 && periods == 3 ? 0 : 1;
}
