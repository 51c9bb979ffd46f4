/*
 * pin.c - pinning the calling thread, and remembering where it could run before.
 *
 * The affinity mask of a pinned thread says where the thread is.  It no longer says where
 * the process may run, and threads and processes that a pinned thread creates inherit the
 * narrow mask.  So pin.c keeps the mask from before the pinning: the thread's origin.
 *
 * A thread pinned here has its origin in a thread-local variable.  A thread created by a
 * pinned thread has only what the kernel passes on to it.  Of that, the timer slack is
 * the only number without another meaning to anybody, so pin.c marks a pinned thread by
 * its timer slack: a few nanoseconds more than before.  How many more depends on the
 * number of the origin and on the PU, so that a thread that has narrowed itself to
 * another PU does not look pinned.
 *
 * A loosened thread (range.c) keeps its mark.  Its mask is one of those that range.c has
 * set, and contains the PU of the mark.
 *
 * Ownership
 *   [L] under the lock; entries below `count` are immutable   [T] the thread itself
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "numa/machine/topology.h"
#include "numa/place/range.h"

#include <magpie/pin.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* Distinct pairs of mask and slack that threads had before they were pinned.  When the
 * table is full, further pairs share the last entry: better a wrong origin than a thread
 * held to one PU. */
enum { ORIGINS = 8 };

/* Number of PUs that marks distinguish: PU numbers count modulo this. */
enum { MARKED_PUS = 32 };

struct origin {
    struct mag_affinity mask;
    int slack; /* nanoseconds; negative: unknown, so created threads are not marked */
};

static pthread_mutex_t origins_lock = PTHREAD_MUTEX_INITIALIZER;
static struct origin origins[ORIGINS]; /* [L] */
static uint32_t origin_count;          /* [L] */

/* [T] Where this thread was pinned, and its origin; NULL: this thread was not pinned
 * here. */
static _Thread_local struct {
    const struct origin *origin;
    uint32_t cpu;
    bool given_up; /* by mag_unpin_self */
} own_pin;

/* ----------------------------------------------------------------------- fork */

static void note_pin(void)
{
    (void)pthread_mutex_lock(&origins_lock);
}

static void after_fork(void)
{
    (void)pthread_mutex_unlock(&origins_lock);
}

static __attribute__((constructor(101))) void see_pin_forks(void)
{
    (void)pthread_atfork(note_pin, after_fork, after_fork);
}

/* -------------------------------------------------------------------- origins */

/* The timer slack that marks a thread of this origin pinned to this PU. */
static int mark_of(const struct origin *origin, uint32_t cpu)
{
    return origin->slack + 1 + (int)(origin - origins) * MARKED_PUS +
           (int)(cpu % MARKED_PUS);
}

static const struct origin *remember(const struct mag_affinity *mask, int slack)
{
    uint32_t i = 0;

    (void)pthread_mutex_lock(&origins_lock);
    while (i < origin_count && (origins[i].slack != slack ||
                                memcmp(&origins[i].mask, mask, sizeof(*mask)) != 0))
        i++;
    if (i == ORIGINS)
        i--;
    if (i == origin_count) {
        origins[i] = (struct origin){.mask = *mask, .slack = slack};
        origin_count++;
    }
    (void)pthread_mutex_unlock(&origins_lock);
    return &origins[i];
}

static const struct origin *find_marked(int slack, uint32_t cpu)
{
    const struct origin *found = NULL;

    (void)pthread_mutex_lock(&origins_lock);
    for (uint32_t i = 0; i < origin_count && found == NULL; i++) {
        if (origins[i].slack >= 0 && mark_of(&origins[i], cpu) == slack)
            found = &origins[i];
    }
    (void)pthread_mutex_unlock(&origins_lock);
    return found;
}

/* The PU of a mask for which the calling thread has a mark, and the mark's origin. */
static const struct origin *find_marked_in(const struct mag_affinity *now,
                                           uint32_t *ret_cpu)
{
    const struct origin *found = NULL;
    int slack = mag_os_slack();

    for (uint32_t cpu = 0; cpu < MAG_AFFINITY_CPUS && found == NULL; cpu++) {
        if (!mag_affinity_has(now, cpu))
            continue;
        found = find_marked(slack, cpu);
        *ret_cpu = cpu;
    }
    return found;
}

/* The origin of the calling thread, whose mask is `now`, and its PU.  The thread was
 * pinned, or a pinned thread created it, and its mask has not changed since, but for its
 * range; otherwise NULL. */
static const struct origin *find_origin(const struct mag_affinity *now, uint32_t *ret_cpu)
{
    uint32_t cpu = mag_affinity_only(now);

    if (cpu == MAG_NONE && !mag_range_is_known(now))
        return NULL;
    if (own_pin.origin == NULL)
        return find_marked_in(now, ret_cpu);
    *ret_cpu = own_pin.cpu;
    return mag_affinity_has(now, own_pin.cpu) && !own_pin.given_up ? own_pin.origin
                                                                   : NULL;
}

bool mag_pin_see_through(struct mag_affinity *ret_mask)
{
    if (!mag_affinity_read(ret_mask))
        return false;

    uint32_t cpu;
    const struct origin *origin = find_origin(ret_mask, &cpu);
    if (origin != NULL)
        *ret_mask = origin->mask;
    return true;
}

/* -------------------------------------------------------------------- pinning */

static void set_pinned(const struct origin *origin, uint32_t cpu)
{
    own_pin.origin = origin;
    own_pin.cpu = cpu;
    own_pin.given_up = false;
    if (origin != NULL && origin->slack >= 0)
        mag_os_set_slack(mark_of(origin, cpu));
}

/* Checks that the kernel really pinned the thread. */
static enum mag_pinned look_again(uint32_t os_pu)
{
    struct mag_affinity now;

    return !mag_affinity_read(&now) || mag_affinity_only(&now) == os_pu ? MAG_PINNED
                                                                        : MAG_PIN_LOST;
}

int mag_pin_self(const struct mag_topology *topology, uint32_t pu,
                 enum mag_pinned *ret_obtained)
{
    struct mag_affinity before;
    const struct origin *origin = NULL;

    if (pu >= topology->pu_count)
        return -EINVAL;
    if (!mag_topology_is_this_machine(topology)) {
        *ret_obtained = MAG_PIN_FOREIGN;
        return 0;
    }
    if (mag_affinity_read(&before)) {
        uint32_t cpu;

        origin = find_origin(&before, &cpu);
        if (origin == NULL)
            origin = remember(&before, mag_os_slack());
    }

    uint32_t os_pu = topology->pus[pu].os_index;
    /* hwloc is not used here because it allocates: for a thread's first allocation the C
     * library reserves 64 MiB of address space. */
    if (!mag_affinity_set_only(os_pu)) {
        *ret_obtained = MAG_PIN_REFUSED;
        return 0;
    }
    set_pinned(origin, os_pu);
    *ret_obtained = look_again(os_pu);
    return 0;
}

uint32_t mag_unpin_self(void)
{
    struct mag_affinity now;
    uint32_t cpu;
    const struct origin *origin =
        mag_affinity_read(&now) ? find_origin(&now, &cpu) : NULL;

    if (origin == NULL || !mag_affinity_set(&origin->mask))
        return MAG_NONE;
    if (origin->slack >= 0)
        mag_os_set_slack(origin->slack);
    /* Record the pin even if this thread only inherited it, so that mag_repin_self
     * works. */
    own_pin.origin = origin;
    own_pin.cpu = cpu;
    own_pin.given_up = true;
    return own_pin.cpu;
}

bool mag_repin_self(uint32_t os_pu)
{
    if (own_pin.origin == NULL || os_pu != own_pin.cpu || !mag_affinity_set_only(os_pu))
        return false;
    set_pinned(own_pin.origin, os_pu);
    return true;
}
