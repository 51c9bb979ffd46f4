/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/self.h"

#include "base/os.h"

#include <magpie/executor.h>

#include <errno.h>
#include <pthread.h>

_Thread_local struct mag_self mag_self;

/* If the kernel has begun to refuse membarrier, the closing thread cannot order the
 * posters' stores by a barrier.  Any store has left its processor long before this time
 * is over. */
enum { CLOSE_NAP_NS = 1000000 };

/* The nap between two looks at posts that take long. */
enum { POST_NAP_NS = 1000000 };

static pthread_mutex_t posters_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mag_poster posters[MAG_POSTERS_MAX];     /* [A] */
static const struct mag_self *owners[MAG_POSTERS_MAX]; /* [L]; NULL: the record is free */
static uint32_t posters_used;  /* [L] no record from there on was ever given */
static pthread_key_t exit_key; /* [I] once it is made */
static bool exit_key_made;     /* [L] */

/* At the end of the calling thread.  Destructors that run later may still post, but
 * without a record: then no further end has to be reported. */
static void unregister(void *value)
{
    struct mag_self *self = value;

    if (self->leave_all != NULL)
        self->leave_all();
    (void)pthread_mutex_lock(&posters_lock);
    if (self->poster != NULL)
        owners[self->poster - posters] = NULL;
    self->poster = NULL;
    self->counted = true;
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

/* Under the lock: a free record, or the record of an earlier thread at the same address
 * whose end was never reported.  MAG_POSTERS_MAX: there is none. */
static uint32_t find_record(const struct mag_self *self)
{
    uint32_t found = posters_used;

    for (uint32_t i = posters_used; i-- > 0;) {
        if (owners[i] == self)
            return i;
        if (owners[i] == NULL)
            found = i;
    }
    return found;
}

int32_t mag_self_thread(void)
{
    struct mag_self *self = mag_self_get();

    if (self->thread == 0)
        self->thread = mag_os_thread();
    return self->thread;
}

void mag_self_watch_end(struct mag_self *self)
{
    if (self->poster == NULL)
        (void)pthread_setspecific(exit_key, self);
}

bool mag_poster_register(struct mag_self *self)
{
    if (self->counted)
        return false;
    if (pthread_setspecific(exit_key, self) == 0) {
        (void)pthread_mutex_lock(&posters_lock);
        uint32_t found = find_record(self);
        if (found < MAG_POSTERS_MAX) {
            owners[found] = self;
            posters_used = found < posters_used ? posters_used : found + 1;
            self->poster = &posters[found];
        }
        (void)pthread_mutex_unlock(&posters_lock);
    }
    self->counted = self->poster == NULL;
    return !self->counted;
}

int mag_poster_enter_counted(struct mag_sched *sched)
{
    /* (1), seq_cst: before (2) in the single order. */
    (void)atomic_fetch_add_explicit(&sched->inflight, 1, memory_order_seq_cst);
    /* (2), seq_cst: after (1). */
    int closed = atomic_load_explicit(&sched->closed, memory_order_seq_cst);
    if (closed == 0 || mag_self_get()->clock_of == sched)
        return 0;
    /* left, release: as in mag_poster_leave. */
    (void)atomic_fetch_sub_explicit(&sched->inflight, 1, memory_order_release);
    return closed;
}

static bool is_posting(struct mag_sched *sched)
{
    bool found = false;

    (void)pthread_mutex_lock(&posters_lock);
    for (uint32_t i = 0; i < posters_used && !found; i++) {
        /* (4); left, acquire: the poster's last touch is over. */
        found = atomic_load_explicit(&posters[i].target, memory_order_acquire) == sched;
    }
    (void)pthread_mutex_unlock(&posters_lock);
    /* (4), seq_cst: after (3); left, acquire: as above. */
    return found || atomic_load_explicit(&sched->inflight, memory_order_seq_cst) != 0;
}

bool mag_poster_close(struct mag_sched *sched, int64_t until_ns)
{
    /* (3), seq_cst: before (4) for counted posters; for the others by the barrier. */
    atomic_store_explicit(&sched->closed, -ESHUTDOWN, memory_order_seq_cst);
    if (!mag_asym_heavy())
        mag_os_nap(CLOSE_NAP_NS);
    for (unsigned looks = 0; is_posting(sched); looks++) {
        /* A post takes well under a microsecond, unless its thread lost the CPU. */
        if (looks < 64)
            mag_os_pause();
        else if (mag_os_now_ns() >= until_ns)
            return false;
        else
            mag_os_nap(POST_NAP_NS);
    }
    return true;
}

void mag_poster_each(void (*visit)(struct mag_poster *poster, void *arg), void *arg)
{
    (void)pthread_mutex_lock(&posters_lock);
    for (uint32_t i = 0; i < posters_used; i++)
        visit(&posters[i], arg);
    (void)pthread_mutex_unlock(&posters_lock);
}

void mag_poster_after_fork(void)
{
    (void)pthread_mutex_init(&posters_lock, NULL);
    for (uint32_t i = 0; i < MAG_POSTERS_MAX && i < posters_used; i++) {
        owners[i] = &posters[i] == mag_self_get()->poster ? mag_self_get() : NULL;
        /* relaxed: this is the only thread. */
        atomic_store_explicit(&posters[i].target, NULL, memory_order_relaxed);
        /* relaxed, both: as above.  No worker of the parent takes what is added here. */
        atomic_store_explicit(&posters[i].packet, NULL, memory_order_relaxed);
        /* relaxed: as above. */
        atomic_store_explicit(&posters[i].packet_in, NULL, memory_order_relaxed);
    }
    mag_self_get()->worker = NULL;
    mag_self_get()->sched = NULL;
    mag_self_get()->clock_of = NULL;
    mag_self_get()->last_sched = NULL;
    mag_self_get()->thread = 0;
    mag_here_set(NULL);
}
