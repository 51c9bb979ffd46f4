/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/self.h"

#include <magpie/executor.h>

#include <errno.h>
#include <pthread.h>

_Thread_local struct mag_self mag_self;

/* A store that the closing thread cannot order by a barrier (membarrier has come to be
 * refused) has left its processor long before this time is over. */
enum { CLOSE_NAP_NS = 1000000 };

static pthread_mutex_t posters_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mag_self *posters; /* [L] */
static pthread_key_t exit_key;   /* [I] once it is made */
static bool exit_key_made;       /* [L] */

static void unregister(void *value)
{
    struct mag_self *self = value;

    (void)pthread_mutex_lock(&posters_lock);
    *self->link = self->next;
    if (self->next != NULL)
        self->next->link = self->link;
    self->registered = false;
    (void)pthread_mutex_unlock(&posters_lock);
}

int mag_poster_init(void)
{
    int r = 0;

    (void)pthread_mutex_lock(&posters_lock);
    if (!exit_key_made)
        r = -pthread_key_create(&exit_key, unregister);
    exit_key_made = r == 0;
    (void)pthread_mutex_unlock(&posters_lock);
    return r;
}

static void enlist(struct mag_self *self)
{
    self->next = posters;
    self->link = &posters;
    if (posters != NULL)
        posters->link = &self->next;
    posters = self;
    self->registered = true;
}

bool mag_poster_register(struct mag_self *self)
{
    if (pthread_setspecific(exit_key, self) != 0)
        return false;
    (void)pthread_mutex_lock(&posters_lock);
    enlist(self);
    (void)pthread_mutex_unlock(&posters_lock);
    return true;
}

int mag_poster_enter_counted(struct mag_sched *sched)
{
    /* (1), seq_cst: before (2) in the single order. */
    (void)atomic_fetch_add_explicit(&sched->inflight, 1, memory_order_seq_cst);
    /* (2), seq_cst: after (1). */
    int closed = atomic_load_explicit(&sched->closed, memory_order_seq_cst);
    if (closed == 0)
        return 0;
    /* left, release: as in mag_poster_leave. */
    (void)atomic_fetch_sub_explicit(&sched->inflight, 1, memory_order_release);
    return closed;
}

static bool is_posting(struct mag_sched *sched)
{
    bool found = false;

    (void)pthread_mutex_lock(&posters_lock);
    for (struct mag_self *self = posters; self != NULL && !found; self = self->next) {
        /* (4); left, acquire: the poster's last touch is over. */
        found = atomic_load_explicit(&self->target, memory_order_acquire) == sched;
    }
    (void)pthread_mutex_unlock(&posters_lock);
    /* (4), seq_cst: after (3); left, acquire: as above. */
    return found || atomic_load_explicit(&sched->inflight, memory_order_seq_cst) != 0;
}

static void nap(void)
{
    _Atomic(uint32_t) never;

    atomic_init(&never, 0);
    mag_os_wait(&never, 0, CLOSE_NAP_NS);
}

void mag_poster_close(struct mag_sched *sched)
{
    /* (3), seq_cst: before (4) for counted posters; for the others by the barrier. */
    atomic_store_explicit(&sched->closed, -ESHUTDOWN, memory_order_seq_cst);
    if (!mag_asym_heavy())
        nap();
    for (unsigned looks = 0; is_posting(sched); looks++) {
        /* A post is over in well under a microsecond, unless its thread lost the CPU. */
        if (looks < 64)
            mag_os_pause();
        else
            nap();
    }
}

void mag_poster_after_fork(void)
{
    (void)pthread_mutex_init(&posters_lock, NULL);
    posters = NULL;
    mag_self.worker = NULL;
    mag_here_set(NULL);
    /* relaxed: the only thread there is. */
    atomic_store_explicit(&mag_self.target, NULL, memory_order_relaxed);
    if (mag_self.registered)
        enlist(&mag_self);
}
