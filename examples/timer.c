/*
 * timer.c - a timeout: a timer that is canceled if the answer comes in time, and whose
 * job gives up if it does not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

struct request {
    struct mag_timer timeout;  /* first: a pointer to it is one to its request */
    struct mag_promise *ended; /* the outcome: an answer, or -ETIMEDOUT */
};

/* On a worker, when the time is over. */
static void give_up(struct mag_job *job)
{
    struct request *request = (struct request *)job;

    if (mag_promise_set_error(request->ended, -ETIMEDOUT, 0) != 0)
        (void)fputs("timer: answered and given up\n", stderr);
}

static int ask(struct mag_sched *sched, struct request *request, int64_t limit_ns)
{
    int error = mag_promise_create(0, 0, &request->ended);

    if (error != 0)
        return error;
    request->timeout.job.run = give_up;
    error = mag_timer_start_in(sched, &request->timeout, limit_ns);
    if (error != 0)
        mag_promise_release(request->ended);
    return error;
}

/* True: the timer was canceled, and give_up will not run. */
static bool answer(struct request *request, uint64_t value)
{
    return mag_timer_cancel(&request->timeout) &&
           mag_promise_set_result(request->ended, value) == 0;
}

static int outcome(struct request *request, uint64_t *ret_value)
{
    mag_vtask task = mag_promise_task(request->ended);
    int error = mag_vtask_wait(task, ret_value, sizeof(*ret_value));

    mag_promise_release(request->ended);
    return error;
}

int main(void)
{
    static struct request soon, never; /* zeroed: not pending */
    const int64_t minute = 60000000000;
    struct mag_sched *sched;
    uint64_t value = 0;
    bool in_time = false;
    int error = mag_sched_default(&sched);

    if (error == 0)
        error = ask(sched, &soon, minute);
    if (error == 0) {
        in_time = answer(&soon, 42);
        error = outcome(&soon, &value);
    }
    if (error == 0)
        error = ask(sched, &never, 1000000); /* one millisecond, without an answer */
    if (error != 0) {
        (void)fprintf(stderr, "timer: %s\n", mag_call_text(error));
        return 1;
    }
    int late = outcome(&never, &value);

    printf("in time: %d; too late: %s\n", (int)value, mag_error_text(late));
    return in_time && value == 42 && late == -ETIMEDOUT ? 0 : 1;
}
