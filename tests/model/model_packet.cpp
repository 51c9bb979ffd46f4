/*
 * A thread submits calls into packets, and two workers take and run them: every call runs
 * once, with its payload visible, and nothing touches a packet that is filled again.  In
 * the end each packet has been given back.  There are fewer packets than the calls fill,
 * so the thread waits for one that is given back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define MAG_PACKET_CALLS 2

#include "sched/queue/inject.h"
#include "tests/model/model.h"

enum { WORKERS = 2, CALLS = 6, PACKETS = 2 };

struct packet_pool {
    mag_packet packets[PACKETS];
    rl::atomic<int> is_free[PACKETS];
    int given;
};

static packet_pool *pool;

void mag_packet_give(mag_packet *packet)
{
    pool->given++;
    /* release: as the pool's hand-over. */
    pool->is_free[packet - pool->packets]($).store(1, rl::mo_release);
}

void mag_packet_mark(mag_job *)
{
}

static void run(mag_job *)
{
}

struct packet_model : rl::test_suite<packet_model, WORKERS + 1>, packet_pool {
    mag_inject queue;
    rl::atomic<int> ran;
    int runs[CALLS];
    int begun;

    /* The submitter's record. */
    mag_packet *mine;
    uint32_t added;

    void before()
    {
        pool = this;
        mag_inject_init(&queue);
        ran($).store(0, rl::mo_relaxed);
        for (unsigned i = 0; i < PACKETS; i++)
            is_free[i]($).store(1, rl::mo_relaxed);
        for (unsigned i = 0; i < CALLS; i++)
            runs[i] = 0;
        given = begun = 0;
        mine = NULL;
    }

    /* ------------------------------------------------------------- the submitter */

    mag_packet *take_packet()
    {
        for (unsigned i = 0;; i = (i + 1) % PACKETS) {
            /* acquire: as the pool's hand-over. */
            if (is_free[i]($).load(rl::mo_acquire) != 0) {
                is_free[i]($).store(0, rl::mo_relaxed);
                return &packets[i];
            }
            rl::yield(1, $);
        }
    }

    void let_go()
    {
        mag_packet *packet = mine;

        mine = NULL;
        if (packet != NULL)
            mag_packet_release(packet, 1);
    }

    void begin(int number)
    {
        mine = take_packet();
        begun++;
        added = 1;
        mine->calls[0].job.payload($) = number;
        mag_packet_begin(mine, run, NULL, NULL);
        mag_inject_push(&queue, &mine->job, &mine->job);
    }

    bool add(int number)
    {
        if (mine == NULL)
            return false;
        mine->calls[added].job.payload($) = number;
        bool done = mag_packet_add(mine, added, run, NULL, NULL);
        if (!done || ++added == MAG_PACKET_CALLS)
            let_go();
        return done;
    }

    void submit()
    {
        for (int i = 0; i < CALLS; i++) {
            if (!add(i))
                begin(i);
        }
        let_go();
    }

    /* --------------------------------------------------------------- the workers */

    mag_packet *packet_of(const mag_job *job)
    {
        unsigned i = 0;

        while ((const char *)job < (const char *)&packets[i] ||
               (const char *)job >= (const char *)&packets[i + 1])
            i++;
        return &packets[i];
    }

    void work()
    {
        mag_packet_tab tab = {NULL, 0};
        int last = -1;

        while (ran($).load(rl::mo_relaxed) < CALLS) {
            mag_job *batch[MAG_PACKET_CALLS];
            uint32_t count = mag_inject_take(&queue, batch, MAG_PACKET_CALLS);

            for (uint32_t i = 0; i < count; i++) {
                int number = batch[i]->payload($);
                RL_ASSERT(number > last);
                last = number;
                runs[number]++;
                mag_packet_note(&tab, packet_of(batch[i]));
                ran($).fetch_add(1, rl::mo_relaxed);
            }
            if (count == 0) {
                mag_packet_settle(&tab);
                rl::yield(1, $);
            }
        }
        mag_packet_settle(&tab);
    }

    void thread(unsigned index)
    {
        if (index == 0)
            submit();
        else
            work();
    }

    void after()
    {
        for (unsigned i = 0; i < CALLS; i++)
            RL_ASSERT(runs[i] == 1);
        RL_ASSERT(given == begun);
        RL_ASSERT(!mag_inject_waiting(&queue));
    }
};

int main()
{
    return run_model<packet_model>(100000, 4000);
}
