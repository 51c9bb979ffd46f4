/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/thread.h"

#include "base/os.h"
#include "base/probe.h"
#include "base/space.h"
#include "sched/fork/check.h"
#include "sched/fork/end.h"
#include "sched/fork/join.h"
#include "sched/kind.h"
#include "sched/worker/bench.h"
#include "sched/worker/memory.h"
#include "sched/worker/next.h"
#include "sched/worker/park.h"
#include "sched/worker/region.h"
#include "sched/worker/seen.h"
#include "sched/worker/self.h"
#include "sched/worker/spend.h"

#include <magpie/executor.h>
#include <magpie/unpinned.h>

#include <pthread.h>
#include <stdio.h>

/* A thread's name has room for 15 bytes; the longest suffix is "/4095". */
enum { WORKER_PREFIX = 10 };

/* The gap on a worker's stack between its thread's first function and the functions that
 * run jobs. */
enum { GAP = 4096 };

/* The time of one thread as a worker; lies on the thread's stack. */
struct tenancy {
    struct mag_berth *berth;
    const struct mag_stand_in *stand_in; /* NULL: the thread is a worker's own */
    bool serves; /* between the call of `on_start` and that of `on_stop` */
    bool over;   /* the berth belongs to another thread, or to none */
};

static void name_worker(const struct mag_berth *berth)
{
    char name[MAG_NAME_ROOM];

    (void)snprintf(name, sizeof(name), "%.*s/%u", WORKER_PREFIX,
                   berth->sched->settings.config.name, berth->index);
    mag_os_name(name);
}

/* MAG_NONE: it does not matter where the thread's memory lies. */
static uint32_t node_to_settle_on(const struct mag_berth *berth)
{
    return berth->sched->seats.pins ? mag_berth_os_node(berth) : MAG_NONE;
}

/* Ends what create_near has begun.  Memory that the C library has used for an earlier
 * thread may lie on another node all the same. */
static void settle_thread(const struct mag_berth *berth)
{
    uint32_t os_node = node_to_settle_on(berth);

    if (os_node == MAG_NONE)
        return;
    mag_space_prefer_again(&berth->sched->policy);
    mag_os_stack_bring(os_node);
}

/* Pins before the first touch, so that pages come from the right node even if the kernel
 * refuses a memory policy. */
static enum mag_pinned pin(const struct mag_berth *berth)
{
    enum mag_pinned pinned = mag_seats_sit_down(&berth->sched->seats, berth->index);

    settle_thread(berth);
    return pinned;
}

enum mag_pinned mag_worker_pinned(struct mag_worker *worker)
{
    /* relaxed, both: values of the moment; nothing depends on them. */
    enum mag_pinned pinned =
        (enum mag_pinned)atomic_load_explicit(&worker->pinned, memory_order_relaxed);
    /* relaxed: as above. */
    int32_t thread = atomic_load_explicit(&worker->thread, memory_order_relaxed);

    /* The kernel reports to nobody when it moves a thread, so this asks for the mask. */
    if (pinned == MAG_PINNED && thread != 0)
        return mag_seats_look(&worker->sched->seats,
                              worker->index % worker->sched->place_count, thread);
    return pinned;
}

/* The C library writes a thread's record and thread-local variables before the thread
 * begins. */
static int create_near(struct mag_berth *berth, void *(*run)(void *berth))
{
    size_t stack_size = berth->sched->settings.config.stack_size;
    uint32_t os_node = node_to_settle_on(berth);
    struct mag_space_policy before;

    if (os_node == MAG_NONE)
        return mag_os_create(&berth->thread, stack_size, run, berth);
    mag_space_prefer(os_node, &before);
    int r = mag_os_create(&berth->thread, stack_size, run, berth);
    mag_space_prefer_again(&before);
    return r;
}

static int start_thread(struct mag_berth *berth, void *(*run)(void *berth))
{
    struct mag_unpinned starter;

    /* The caller may be in a job, or a worker's thread that ends. */
    mag_unpinned_begin(&starter);
    int r = create_near(berth, run);
    mag_unpinned_end(&starter);
    return r;
}

/* The worker exists; the starting thread decides whether the scheduler goes on. */
static bool wait_for_start(struct mag_sched *sched)
{
    /* ready, release: this thread's preparations come before the start. */
    (void)atomic_fetch_add_explicit(&sched->ready, 1, memory_order_release);
    mag_os_wake(&sched->ready, 1);
    while (mag_sched_phase(sched) == MAG_PHASE_STARTING)
        mag_os_wait(&sched->phase, MAG_PHASE_STARTING, -1);
    return mag_sched_phase(sched) != MAG_PHASE_ENDING;
}

static void run_child(struct mag_worker *worker, const struct mag_fork_taken *child)
{
    struct mag_fork_stack *forks = mag_worker_forks(worker);

    MAG_PROBE2(child_begin, worker->index, child->body);
    mag_fork_stack_run(forks, child, forks->slots);
    MAG_PROBE1(child_end, worker->index);
}

MAG_INLINE_ALWAYS void run_job(struct mag_worker *worker, struct mag_job *job)
{
    mag_count(&worker->counts.jobs);
    worker->running = job;
    MAG_PROBE3(job_begin, worker->index, job, job->run);
    job->run(job);
    MAG_PROBE1(job_end, worker->index);
    if (MAG_UNLIKELY(mag_fp_differ(&worker->fp)))
        mag_fp_write(worker->fp);
}

static void run_work(struct mag_worker *worker, const struct mag_work *work)
{
    if (work->job != NULL)
        run_job(worker, work->job);
    else
        run_child(worker, &work->child);
}

static MAG_NOINLINE void run_seen(struct mag_worker *worker, const struct mag_work *work)
{
    struct mag_job_description what = {NULL, NULL};

    if (work->job != NULL)
        mag_job_describe(work->job, &what);
    else
        what.function = (void (*)(void))work->child.body;
    bool traced = mag_seen_begin(worker, &what);
    run_work(worker, work);
    mag_seen_end(worker, traced);
}

/* Work that was found after a wait, when a trace may have begun meanwhile. */
static void run_found(struct mag_worker *worker, const struct mag_work *work)
{
    if (mag_sched_is_seen(worker->sched))
        run_seen(worker, work);
    else
        run_work(worker, work);
}

/* By a worker that has found nothing near: waits for work, and runs it.  False: the
 * scheduler ends. */
static bool wait_and_run(struct mag_worker *worker)
{
    struct mag_work work;

    if (!mag_worker_wait(worker, &work))
        return false;
    run_found(worker, &work);
    return true;
}

static void loop_unseen(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;

    while (mag_phase_goes_on_unseen(mag_phase_read_word(&sched->phase))) {
        struct mag_job *job = mag_worker_next(worker);

        if (job != NULL)
            run_job(worker, job);
        else if (!wait_and_run(worker))
            return;
    }
}

/* A loop of its own, so that a job that nobody sees costs nothing more. */
static void loop_seen(struct mag_worker *worker)
{
    while (mag_sched_is_seen(worker->sched) &&
           mag_sched_phase(worker->sched) != MAG_PHASE_ENDING) {
        struct mag_work work;

        work.job = mag_worker_next(worker);
        if (work.job != NULL)
            run_seen(worker, &work);
        else if (!wait_and_run(worker))
            return;
    }
}

static void loop(struct mag_worker *worker)
{
    while (mag_sched_phase(worker->sched) != MAG_PHASE_ENDING) {
        loop_unseen(worker);
        loop_seen(worker);
    }
}

/* As loop(), until the monitor sends the stand-in away. */
static void loop_until_dismissed(struct mag_worker *worker)
{
    struct mag_work work;

    while (mag_sched_phase(worker->sched) != MAG_PHASE_ENDING &&
           !mag_worker_is_dismissed(worker)) {
        work.job = mag_worker_next(worker);
        if (work.job == NULL && !mag_worker_idle(worker, &work))
            break;
        run_found(worker, &work);
    }
}

void mag_self_become(struct mag_worker *worker)
{
    struct mag_self *self = mag_self_get();

    self->worker = worker;
    self->sched = worker != NULL ? worker->sched : NULL;
    mag_here_set(self->sched);
}

static void serve(struct tenancy *tenancy)
{
    struct mag_worker *worker = tenancy->berth->worker;
    const struct mag_sched_config *config = &worker->sched->settings.config;

    mag_self_become(worker);
    tenancy->serves = true;
    mag_worker_spend(worker, MAG_TIME_RUN, mag_os_now_ns());
    if (config->on_start != NULL)
        config->on_start(worker->index, config->hook_arg);
    worker->fp = mag_fp_read();
    mag_sched_note_busy(worker->sched, mag_idle_read(&worker->sched->idle));
    if (tenancy->stand_in != NULL)
        loop_until_dismissed(worker);
    else
        loop(worker);
    tenancy->serves = false;
    if (config->on_stop != NULL)
        config->on_stop(worker->index, config->hook_arg);
    mag_self_become(NULL);
}

static void leave_berth(struct tenancy *tenancy)
{
    struct mag_sched *sched = tenancy->berth->sched;

    struct mag_worker *worker = tenancy->berth->worker;

    tenancy->over = true;
    mag_worker_spend(worker, MAG_TIME_NONE, mag_os_now_ns());
    mag_worker_note_thread(worker, 0, mag_worker_pinned(worker));
    /* live, release: this thread's last touch of the scheduler comes before the
     * scheduler's end.  The stop joins this thread as well. */
    if (atomic_fetch_sub_explicit(&sched->live, 1, memory_order_release) == 1)
        mag_os_wake(&sched->live, 1);
}

/* ------------------------------------------- threads that end before they return */

static void *succeed(void *arg);

/* Starts the worker's next thread.  The berth's earlier ended thread is joined if it is
 * gone.  If its own destructors have not come to an end, it is detached. */
static bool hand_berth_over(struct mag_berth *berth)
{
    pthread_t self = pthread_self();

    if (berth->has_ended)
        mag_os_join_or_detach(berth->ended);
    berth->ended = self;
    berth->has_ended = true;
    if (start_thread(berth, succeed) == 0)
        return true;
    berth->thread = self;
    berth->has_ended = false;
    return false;
}

static struct mag_fork_stack *forks_at(const void *sched, uint32_t index)
{
    struct mag_worker *worker = mag_sched_open_at(sched, index);

    return worker != NULL ? mag_worker_forks(worker) : NULL;
}

void mag_worker_end_children(struct mag_worker *worker)
{
    struct mag_fork_family family = {
        .at = forks_at, .arg = worker->sched, .count = worker->sched->capacity};

    mag_fork_stack_end(mag_worker_forks(worker), &family);
}

/* Ends what the functions that the thread left had begun.  Their frames lie below the gap
 * on the stack, so that nothing overwrites them: stolen children may still be reading
 * there. */
static void end_job(struct mag_worker *worker)
{
    mag_count(&worker->counts.ended);
    mag_seen_lost(worker);
    /* Children first: other threads continue roots and strands at once. */
    mag_worker_end_children(worker);
    mag_job_kind_end(worker->sched);
    mag_region_close(worker);
    mag_fp_keep(worker->fp);
    (void)mag_misuse_tell(MAG_E_THREAD, "a job or a hook of a worker ended its thread");
}

static void end_early(void *arg);

/* If no successor could be started, the thread works on inside this cleanup handler until
 * the scheduler ends. */
/* NOLINTNEXTLINE(readability-function-size): the macros hold more than they show. */
static void work_on(struct tenancy *tenancy)
{
    pthread_cleanup_push(end_early, tenancy);
    serve(tenancy);
    pthread_cleanup_pop(0);
    if (!tenancy->over)
        leave_berth(tenancy);
}

/* A job or a hook ended the thread by a call, or was canceled. */
static void end_early(void *arg)
{
    struct tenancy *tenancy = arg;

    /* If the thread worked on inside a handler, handlers of the same thread nest, and the
     * scheduler may be gone. */
    if (tenancy->over)
        return;
    if (mag_self_get()->leave_all != NULL)
        mag_self_get()->leave_all();

    struct mag_worker *worker = tenancy->berth->worker;
    const struct mag_sched_config *config = &worker->sched->settings.config;

    if (tenancy->serves) {
        end_job(worker);
        tenancy->serves = false;
        if (config->on_stop != NULL)
            config->on_stop(worker->index, config->hook_arg);
    }
    mag_self_become(NULL);
    if (tenancy->stand_in != NULL) {
        tenancy->over = true;
        tenancy->stand_in->ended(tenancy->stand_in->arg);
    } else if (mag_sched_phase(worker->sched) == MAG_PHASE_ENDING)
        leave_berth(tenancy);
    else if (hand_berth_over(tenancy->berth))
        tenancy->over = true;
    else
        work_on(tenancy);
}

/* The frame of this function is the gap, or contains it. */
static MAG_NOINLINE void serve_below(struct tenancy *tenancy)
{
    char gap[GAP];

    /* Makes the compiler treat the whole gap as used, before and after. */
    __asm__ volatile("" ::"r"(gap) : "memory");
    serve(tenancy);
    __asm__ volatile("" ::"r"(gap) : "memory");
}

/* NOLINTNEXTLINE(readability-function-size): as above. */
static void work(struct mag_berth *berth)
{
    struct tenancy tenancy = {.berth = berth};

    pthread_cleanup_push(end_early, &tenancy);
    serve_below(&tenancy);
    pthread_cleanup_pop(0);
    leave_berth(&tenancy);
}

/* NOLINTNEXTLINE(readability-function-size): as above. */
void mag_worker_stand_in(struct mag_berth *berth, const struct mag_stand_in *stand_in)
{
    struct tenancy tenancy = {.berth = berth, .stand_in = stand_in};

    uint32_t worker = berth->index % berth->sched->place_count;

    mag_worker_note_thread(berth->worker, mag_os_thread(),
                           mag_seats_sit_beside(&berth->sched->seats, worker));
    pthread_cleanup_push(end_early, &tenancy);
    serve_below(&tenancy);
    pthread_cleanup_pop(0);
}

static void note_thread(struct mag_berth *berth, enum mag_pinned pinned)
{
    mag_worker_note_thread(berth->worker, mag_os_thread(), pinned);
}

static void set_up(struct mag_berth *berth)
{
    name_worker(berth);
    enum mag_pinned pinned = pin(berth);

    mag_berth_prepare(berth);
    note_thread(berth, pinned);
}

static void *succeed(void *arg)
{
    struct mag_berth *berth = arg;

    name_worker(berth);
    note_thread(berth, pin(berth));
    work(berth);
    return NULL;
}

static void *run_late(void *arg)
{
    struct mag_berth *berth = arg;

    name_worker(berth);
    note_thread(berth, pin(berth));
    mag_worker_come(berth->worker);
    work(berth);
    return NULL;
}

static void *run_worker(void *arg)
{
    struct mag_berth *berth = arg;

    set_up(berth);
    if (wait_for_start(berth->sched))
        work(berth);
    else
        leave_berth(&(struct tenancy){.berth = berth});
    return NULL;
}

int mag_worker_start(struct mag_berth *berth)
{
    return start_thread(berth, run_worker);
}

int mag_worker_start_late(struct mag_berth *berth)
{
    return start_thread(berth, run_late);
}
