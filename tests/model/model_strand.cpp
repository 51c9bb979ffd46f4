/*
 * Two threads that post to a strand and run it when they find it idle: every job runs
 * once, in its poster's order, and never two at once.  A job sees its payload and what
 * earlier jobs wrote.  A thread that sees the strand idle may reuse the strand's memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/strand/queue.h"
#include "tests/model/model.h"

enum { POSTERS = 2, EACH = 2, JOBS = POSTERS * EACH };

struct strand_model : rl::test_suite<strand_model, POSTERS + 1> {
    mag_strand strand;
    mag_job jobs[JOBS];
    rl::var<int> runs;   /* plain: written by the jobs alone */
    rl::var<int> memory; /* the strand's, for the thread that ends it */
    int next[POSTERS];   /* what each poster's next job must be */
    rl::atomic<int> still_posting;

    void before()
    {
        atomic_init(&strand.last, (mag_job *)NULL);
        atomic_init(&strand.first, (mag_job *)NULL);
        still_posting($).store(POSTERS, rl::mo_relaxed);
        runs($) = 0;
        memory($) = 0;
        for (int i = 0; i < POSTERS; i++)
            next[i] = i * EACH;
    }

    void run()
    {
        for (;;) {
            mag_job *job = mag_strand_pop(&strand);

            if (job == NULL) {
                rl::yield(1, $);
                continue;
            }
            int payload = job->payload($);
            RL_ASSERT(payload == next[payload / EACH]++);
            runs($) = runs($) + 1;
            memory($) = 1;
            if (mag_strand_rest(&strand))
                return;
        }
    }

    void post(unsigned poster)
    {
        for (unsigned i = 0; i < EACH; i++) {
            mag_job *job = &jobs[poster * EACH + i];
            job->payload($) = (int)(poster * EACH + i);
            if (mag_strand_push(&strand, job))
                run();
        }
        still_posting($).fetch_sub(1, rl::mo_release);
    }

    /* The look of mag_strand_fini, by a thread that knows of the posts but not of the
     * runs. */
    void finish()
    {
        while (still_posting($).load(rl::mo_relaxed) != 0)
            rl::yield(1, $);
        while (atomic_load_explicit(&strand.last, rl::mo_acquire) != NULL)
            rl::yield(1, $);
        memory($) = 2;
        RL_ASSERT(runs($) == JOBS);
    }

    void thread(unsigned index)
    {
        if (index < POSTERS)
            post(index);
        else
            finish();
    }
};

int main()
{
    return run_model<strand_model>(100000);
}
