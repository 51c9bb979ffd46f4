/*
 * Two threads post from outside while a third one stops the scheduler, as in the table of
 * sched/self.h: whoever was let in is waited for, with all that it did, and who comes
 * after the close touches nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

/* The threads' records are the model's. */
#define _Thread_local
#define MODEL_POSTERS
#include "sched/self.h"

/* The list's lock is made before there is a model: a spin lock of the model's stands for
 * it. */
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

/* The record of a thread of the process, which no model has; atomics outside of a model
 * cannot be made. */
#undef _Thread_local
#define _Thread_local extern
char no_record[sizeof(struct mag_self)] __asm__("mag_self");

#include "sched/self.c"

enum { POSTERS = 2, STOPPER = POSTERS };

bool mag_asym_heavy()
{
    mag_asym_light(true);
    return true;
}

struct poster_model : rl::test_suite<poster_model, POSTERS + 1> {
    mag_sched sched;
    struct mag_self selves[POSTERS];
    mag_spin spin;
    rl::var<int> touched[POSTERS]; /* plain: of the scheduler's memory */

    void before()
    {
        mag_shim_naps = true;
        sched.fenced = true;
        sched.closed($).store(false, rl::mo_relaxed);
        sched.inflight($).store(0, rl::mo_relaxed);
        mag_spin_init(&spin);
        list_spin = &spin;
        posters = NULL;
        for (int i = 0; i < POSTERS; i++) {
            touched[i]($) = 0;
            selves[i].target($).store(NULL, rl::mo_relaxed);
            list(&selves[i]);
        }
    }

    void post(unsigned index)
    {
        if (!mag_poster_enter(&sched, &selves[index]))
            return;
        touched[index]($) = 1;
        mag_poster_leave(&sched, &selves[index]);
    }

    /* As a thread that could not be given a record. */
    void post_counted(unsigned index)
    {
        selves[index].registered = false;
        if (!mag_poster_enter_counted(&sched))
            return;
        touched[index]($) = 1;
        mag_poster_leave(&sched, &selves[index]);
    }

    void thread(unsigned index)
    {
        if (index == STOPPER) {
            mag_poster_close(&sched);
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
