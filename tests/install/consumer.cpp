/* SPDX-License-Identifier: Apache-2.0 */
#include "every_header.h" /* made by test_install.sh from what is installed */

#include <cstring>

MAG_FORKABLE(long, fib, int, n)
static long fib(mag_fork w, int n)
{
    if (n < 2)
        return n;
    fib_child child = fib_fork(&w, n - 1);
    long b = fib(w, n - 2);
    return fib_join(&w, child) + b;
}

MAG_VTASK_DEFINE(long_task, long)
MAG_FORK_TASK(long_task, number, int, n)
static long_task number(mag_fork w, int n)
{
    return long_task_result(fib(w, n));
}

MAG_FORKABLE(long_task, hand_out, int, n)
static long_task hand_out(mag_fork w, int n)
{
    number_child child = number_fork(&w, n);

    return number_task(&w, child);
}

struct counted : mag_job {
    long runs = 0;
};

int main()
{
    mag_sched *sched = nullptr;
    long result = 0;
    long handed = 0;
    long_task task;
    mag_strand strand;
    counted job;
    counted in_turn;
    mag_timer timer{};

    if (mag_sched_start(nullptr, &sched) != 0 || fib_run(sched, &result, 20) != 0)
        return 1;
    if (hand_out_run(sched, &task, 20) != 0 ||
        mag_vtask_wait_completed(&task.task, 8, -1) != 0 ||
        long_task_get(task, &handed) != 0 || handed != result)
        return 5;
    mag_vtask_release(task.task);
    job.run = [](mag_job *self) { static_cast<counted *>(self)->runs++; };
    in_turn.run = job.run;
    timer.job.run = job.run;
    if (mag_timer_start_in(sched, &timer, INT64_MAX) != 0 || !mag_timer_cancel(&timer))
        return 4;
    mag_strand_init(&strand, sched);
    if (mag_sched_post(sched, &job) != 0 || mag_strand_post(&strand, &in_turn) != 0)
        return 2;
    mag_sched_destroy(sched);
    return result == 6765 && job.runs == 1 && in_turn.runs == 1 ? 0 : 3;
}
