/*
 * Two threads post from outside while a third one stops the scheduler, as in the table
 * of sched/worker/self.h: the stop waits for each poster that was let in, and sees
 * everything it did.  A poster that comes after the close touches nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

#include "base/spin.h"

/* The library's record of a thread belongs to the model. */
#define _Thread_local
#define MODEL_POSTERS
#include "sched/worker/self.h"

/* The mutex of the records is made before there is a model, so a spin lock of the model
 * replaces it. */
struct list_lock {
    int unused;
};

static mag_spin *list_spin;

#undef PTHREAD_MUTEX_INITIALIZER
#undef pthread_mutex_init
#undef pthread_mutex_lock
#undef pthread_mutex_unlock
#undef pthread_mutex_t
#define PTHREAD_MUTEX_INITIALIZER \
    {                             \
        0                         \
    }
#define pthread_mutex_t            list_lock
#define pthread_mutex_init(...)    0
#define pthread_mutex_lock(lock)   (mag_spin_lock(list_spin), 0)
#define pthread_mutex_unlock(lock) (mag_spin_unlock(list_spin), 0)

/* The end of a model's thread is not reported. */
#undef pthread_setspecific
#define pthread_setspecific(key, value) 0

/* No thread's number is asked for. */
#define mag_os_thread() 0

/* Atomics cannot be made outside of a model.  So the records belong to the model, which
 * has as many as its threads need. */
#define posters (*posters_of_model)

#include "sched/worker/self.c"

enum { POSTERS = 2, STOPPER = POSTERS };

bool mag_asym_heavy()
{
    mag_asym_light(true);
    return true;
}

struct poster_model : rl::test_suite<poster_model, POSTERS + 1> {
    mag_sched sched;
    struct mag_self selves[POSTERS];
    struct mag_poster records[POSTERS];
    mag_spin spin;
    rl::var<int> touched[POSTERS]; /* plain: stands for the scheduler's memory */

    void before()
    {
        mag_shim_naps = true;
        sched.fenced = true;
        sched.closed($).store(0, rl::mo_relaxed);
        sched.inflight($).store(0, rl::mo_relaxed);
        mag_spin_init(&spin);
        list_spin = &spin;
        posters_of_model = (struct mag_poster(*)[MAG_POSTERS_MAX])records;
        posters_used = 0;
        for (int i = 0; i < POSTERS; i++) {
            touched[i]($) = 0;
            records[i].target($).store(NULL, rl::mo_relaxed);
            owners[i] = NULL;
            selves[i].poster = NULL;
            selves[i].counted = false;
        }
    }

    /* The first post takes a record. */
    void post(unsigned index)
    {
        int r = mag_poster_enter(&sched, &selves[index]);

        RL_ASSERT(r == 0 || r == -ESHUTDOWN);
        if (r != 0)
            return;
        touched[index]($) = 1;
        mag_poster_leave(&sched, &selves[index]);
    }

    /* Posts as a thread that got no record. */
    void post_counted(unsigned index)
    {
        selves[index].counted = true;
        post(index);
    }

    void thread(unsigned index)
    {
        if (index == STOPPER) {
            RL_ASSERT(mag_poster_close(&sched, INT64_MAX));
            for (int i = 0; i < POSTERS; i++)
                touched[i]($) = 2;
        } else if (index == 0) {
            post(index);
            post(index);
        } else {
            post_counted(index);
        }
    }
};

int main()
{
    return run_model<poster_model>(100000);
}
