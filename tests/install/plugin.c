/* SPDX-License-Identifier: Apache-2.0 */
/* A plug-in that uses the library; see host.c. */
#include <magpie/magpie.h>

#include <limits.h>
#include <stdatomic.h>

#ifdef OWN_TLS /* bytes of variables that every thread has */
static __thread char own[OWN_TLS];
#else
static __thread char own[1];
#endif

__attribute__((visibility("default"))) int plugin_open(void);
__attribute__((visibility("default"))) int plugin_use(void);
__attribute__((visibility("default"))) long plugin_jobs(void);
__attribute__((visibility("default"))) int plugin_close(void);

MAG_FORKABLE(long, fib, int, n)
static long fib(mag_fork w, int n)
{
    if (n < 2)
        return n;
    struct fib_child child = fib_fork(&w, n - 2);
    long other = fib(w, n - 1);
    return other + fib_join(&w, child);
}

static struct mag_sched *everybodys;
static struct mag_pool *pool;
static atomic_long jobs;

/* Never ends: a worker runs it while the plug-in is unloaded. */
static void go_on(struct mag_job *job)
{
    /* relaxed: a count. */
    (void)atomic_fetch_add_explicit(&jobs, 1, memory_order_relaxed);
    if (mag_sched_post_any(everybodys, job) != 0) {
        /* relaxed: a negative count. */
        atomic_store_explicit(&jobs, LONG_MIN, memory_order_relaxed);
    }
}

int plugin_open(void)
{
    static struct mag_job job = {.run = go_on};
    struct mag_pool_config config;
    int r = mag_sched_default(&everybodys);

    mag_pool_config_init(&config);
    config.object_size = 64;
    if (r == 0)
        r = mag_pool_create(&config, &pool);
    return r != 0 ? r : mag_sched_post(everybodys, &job);
}

int plugin_use(void)
{
    void *object;
    long result = 0;
    mag_vtask task;
    int r = mag_pool_take(pool, &object);

    own[0]++;
    if (r != 0)
        return r;
    mag_pool_give(pool, object);
    r = fib_run(everybodys, &result, 15);
    if (r == 0)
        r = mag_delay(everybodys, 1, &task);
    if (r == 0)
        r = mag_vtask_wait_completed(&task, 0, -1);
    if (r == 0)
        r = mag_vtask_discard(task);
    return r == 0 && result != 610 ? 1 : r;
}

long plugin_jobs(void)
{
    /* relaxed: as above. */
    return atomic_load_explicit(&jobs, memory_order_relaxed);
}

/* Frees the pool.  The default scheduler stays: its destruction is refused. */
int plugin_close(void)
{
    mag_pool_destroy(pool);
    return mag_sched_destroy(everybodys);
}
