/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/unpinned.h"

#include "base/os.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <magpie/unpinned.h>

#include <assert.h>
#include <string.h>

/* What is stored in the words of struct mag_unpinned. */
struct before {
    struct mag_worker *worker; /* NULL: not a worker */
    sigset_t signals;
    uint32_t pu;       /* the PU to which it was pinned, or MAG_NONE */
    bool signals_were; /* whether the mask was changed */
    bool was_unpinned; /* there is a pair around this one */
};

static_assert(sizeof(struct before) <= sizeof(struct mag_unpinned), "it has room");

/* The signal mask of the first thread that started a scheduler.  Used for descendants of
 * workers' threads, whose scheduler is unknown. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sigset_t first_signals; /* [I] after `once` */

static void read_first_signals(void)
{
    mag_os_signals(&first_signals);
}

void mag_unpinned_init(void)
{
    (void)pthread_once(&once, read_first_signals);
}

/* The signal mask that this thread's starter had; false: this thread has a mask of its
 * own. */
static bool signals_before(const struct mag_worker *worker, sigset_t *ret_signals)
{
    sigset_t now;

    if (worker != NULL) {
        *ret_signals = worker->sched->signals;
        return true;
    }
    mag_os_signals(&now);
    if (!mag_os_blocks_as_created(&now))
        return false;
    mag_unpinned_init();
    *ret_signals = first_signals;
    return true;
}

/* The monitor pins workers whose mask is that of the program; not this one. */
static bool note_unpinned(const struct mag_worker *worker, bool unpinned)
{
    return worker != NULL && worker->index < worker->sched->place_count &&
           mag_seats_note_unpinned(&worker->sched->seats, worker->index, unpinned);
}

void mag_unpinned_begin(struct mag_unpinned *ret_before)
{
    struct before before = {.worker = mag_self_get()->worker};
    sigset_t signals;

    before.was_unpinned = note_unpinned(before.worker, true);
    before.pu = mag_unpin_self();

    before.signals_were = signals_before(before.worker, &signals);
    if (before.signals_were)
        mag_os_set_signals(&signals, &before.signals);
    memcpy(ret_before->words, &before, sizeof(before));
}

void mag_unpinned_end(const struct mag_unpinned *words)
{
    struct before before;

    memcpy(&before, words->words, sizeof(before));
    if (before.worker != mag_self_get()->worker)
        return;
    if (before.signals_were)
        mag_os_set_signals(&before.signals, NULL);
    if (before.pu != MAG_NONE)
        (void)mag_repin_self(before.pu);
    (void)note_unpinned(before.worker, before.was_unpinned);
}

void mag_unpinned_after_fork(void)
{
    struct mag_worker *worker = mag_self_get()->worker;
    sigset_t now;

    if (worker == NULL)
        return;
    (void)mag_unpin_self();
    mag_os_signals(&now);
    if (mag_os_blocks_as_created(&now))
        mag_os_set_signals(&worker->sched->signals, NULL);
}
