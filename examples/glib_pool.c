/*
 * A GThreadPool and the group that replaces it, side by side: at most one job at a time,
 * the smallest first, one moved to the front, the number that waits.  docs/guide/
 * migrating.md has the table of calls.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <glib.h>

#include <magpie/default.h>
#include <magpie/group.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { PICTURES = 6, MOVED = 4 };

struct picture {
    int size;
    struct mag_group_job job; /* only for the group */
};

/* The first picture is held up until the others are queued. */
static const int sizes[PICTURES] = {50, 40, 30, 60, 90, 10};

/* What the jobs write down: the sizes in the order in which they ran. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int order[PICTURES];
static int count;
static int begun;
static int held;

/* The work itself, which both pools share. */
static void scale(const struct picture *picture)
{
    (void)pthread_mutex_lock(&lock);
    begun = 1;
    (void)pthread_cond_broadcast(&changed);
    while (held)
        (void)pthread_cond_wait(&changed, &lock);
    order[count++] = picture->size;
    (void)pthread_mutex_unlock(&lock);
}

static void wait_until_begun(void)
{
    (void)pthread_mutex_lock(&lock);
    while (!begun)
        (void)pthread_cond_wait(&changed, &lock);
    (void)pthread_mutex_unlock(&lock);
}

static void let_go(void)
{
    (void)pthread_mutex_lock(&lock);
    held = 0;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

static void begin(struct picture *pictures)
{
    for (int i = 0; i < PICTURES; i++)
        pictures[i].size = sizes[i];
    count = begun = 0;
    held = 1;
}

/* ----------------------------------------------------------------- before: GLib */

static void scale_for_pool(gpointer data, gpointer user_data)
{
    (void)user_data;
    scale((const struct picture *)data);
}

static gint compare(gconstpointer a, gconstpointer b, gpointer user_data)
{
    (void)user_data;
    return ((const struct picture *)a)->size - ((const struct picture *)b)->size;
}

static guint with_thread_pool(void)
{
    struct picture pictures[PICTURES];
    GThreadPool *pool = g_thread_pool_new(scale_for_pool, NULL, 1, TRUE, NULL);
    guint waiting;

    begin(pictures);
    g_thread_pool_set_sort_function(pool, compare, NULL);
    g_thread_pool_push(pool, &pictures[0], NULL);
    wait_until_begun();
    for (int i = 1; i < PICTURES; i++)
        g_thread_pool_push(pool, &pictures[i], NULL);
    g_thread_pool_move_to_front(pool, &pictures[MOVED]);
    waiting = g_thread_pool_unprocessed(pool);
    let_go();
    g_thread_pool_free(pool, FALSE, TRUE);
    return waiting;
}

/* ------------------------------------------------------------------ after: Magpie */

static int scale_for_group(void *arg)
{
    scale((const struct picture *)arg);
    return 0;
}

/* Returns how many jobs waited, or a negative error. */
static long with_group(struct mag_sched *sched)
{
    struct picture pictures[PICTURES];
    struct mag_group_config config;
    struct mag_group_counts counts = {0, 0, 0, 0, 0};
    struct mag_group *group;
    int r;

    begin(pictures);
    mag_group_config_init(&config);
    config.max_running = 1;
    config.order = MAG_GROUP_BY_KEY;
    r = mag_group_create(sched, &config, &group);
    if (r < 0)
        return r;
    r = mag_group_add(group, scale_for_group, &pictures[0]);
    if (r == 0)
        wait_until_begun();
    for (int i = 1; i < PICTURES && r == 0; i++)
        r = mag_group_add_job(group, scale_for_group, &pictures[i], pictures[i].size,
                              &pictures[i].job);
    if (r == 0)
        r = mag_group_move_to_front(group, pictures[MOVED].job);
    if (r == 0)
        r = mag_group_counts(group, &counts);
    let_go();
    int failed = mag_group_wait(group, -1, NULL);
    (void)mag_group_destroy(group);
    return r < 0 ? r : failed != 0 ? failed : (long)counts.waiting;
}

int main(void)
{
    struct mag_sched *sched;
    int before[PICTURES];

    if (mag_sched_default(&sched) != 0)
        return 1;
    guint waiting = with_thread_pool();
    (void)memcpy(before, order, sizeof(order));
    long waiting_now = with_group(sched);
    for (int i = 0; i < PICTURES; i++)
        (void)printf("%d: GThreadPool %d, group %d\n", i, before[i], order[i]);
    return waiting == PICTURES - 1 && waiting_now == PICTURES - 1 && before[1] == 90 &&
                   memcmp(before, order, sizeof(order)) == 0
               ? 0
               : 1;
}
