/*
 * configured_await.c - choosing where an async function resumes after an await.
 *
 * A window's functions run on its strand and must come back to it: a plain await does
 * that. A library function may resume anywhere, so it says so and saves the way back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

MAG_VTASK_DEFINE(int_task, int)

static struct mag_strand window;
static bool library_left, window_came_back;

/* Looks something up on the strand, when it is its turn there, and then works on the
 * scheduler.  The strand runs one job at a time, so a function that calls this on the
 * strand has to wait. */
MAG_ASYNC(int_task, load, (void), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, &window.executor);
    MAG_CONTINUE_ON(f, NULL);
    return int_task_result(20);
    MAG_END(f);
}

/* More work on the scheduler. */
MAG_ASYNC(int_task, transform, (int, raw), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    return int_task_result(2 * f->raw);
    MAG_END(f);
}

/* The library function: resumes where its work was completed, and does not go back. */
MAG_ASYNC(int_task, process, (void), int raw; int processed;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->raw, int_task_configure(load(), false));
    MAG_AWAIT(f, f->processed, int_task_configure(transform(f->raw), false));
    library_left = mag_strand_self() == NULL;
    return int_task_result(f->processed);
    MAG_END(f);
}

/* The window's function: goes to its strand, and is there again after the await. */
MAG_ASYNC(int_task, show, (void), int shown;)
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, &window.executor);
    MAG_AWAIT(f, f->shown, process());
    window_came_back = mag_strand_self() == &window;
    return int_task_result(f->shown);
    MAG_END(f);
}

int main(void)
{
    struct mag_sched *sched;
    int shown = 0;

    if (mag_sched_default(&sched) != 0)
        return 1;
    mag_strand_init(&window, sched);
    int error = int_task_wait(show(), &shown);

    printf("shown: %d, the library %s the strand, the window %s\n", shown,
           library_left ? "left" : "was brought back to",
           window_came_back ? "is on it again" : "is lost");
    return error == 0 && shown == 40 && library_left && window_came_back ? 0 : 1;
}
