/*
 * Threads that end in jobs, under load: by pthread_exit or by pthread_cancel, in plain
 * jobs, in strands and in forked functions, during both kinds of stop.  Every accepted
 * job runs once, or is handed back once by a stop that cancels.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/fork.h>
#include <magpie/sched.h>
#include <magpie/strand.h>

#include <sched.h>
#include <string.h>

enum { JOBS = 4000, STRANDS = 4, ROUNDS = 12, DEPTH = 12 };

enum how { RETURNS, EXITS, CANCELED, POSTS, FORKS };

struct piece {
    struct mag_job job;
    enum how how;
    uint64_t seed;
    shared ran;
    shared dropped;
};

static struct mag_sched *sched;
static struct piece pieces[2 * JOBS];
static shared refused, wrong;

static void end_by(enum how how)
{
    if (how == EXITS)
        pthread_exit(NULL);
    if (how == CANCELED) {
        (void)pthread_cancel(pthread_self());
        pthread_testcancel();
    }
}

/* A tree of children, some of which end their thread. */
MAG_FORKABLE(long, tree, int, depth, uint64_t, seed)
static long tree(mag_fork w, int depth, uint64_t seed)
{
    if (seed % 997 == 0)
        end_by(seed % 2 == 0 ? EXITS : CANCELED);
    if (depth == 0)
        return 1;

    struct tree_child child = tree_fork(&w, depth - 1, 2 * seed + 1);
    long sum = tree(w, depth - 1, 3 * seed + 1);
    return sum + tree_join(&w, child);
}

static void run(struct mag_job *job)
{
    struct piece *piece = (struct piece *)(void *)job;
    struct piece *other = piece + JOBS;
    long result = 0;

    (void)add(&piece->ran, 1);
    switch (piece->how) {
    case POSTS:
        if (mag_sched_post(sched, &other->job) != 0)
            (void)add(&other->dropped, 1);
        break;
    case FORKS:
        if (tree_run(sched, &result, DEPTH, piece->seed) != 0 || result > 1L << DEPTH)
            (void)add(&wrong, 1);
        break;
    default:
        end_by(piece->how);
        break;
    }
}

static void drop(struct mag_job *job, void *arg)
{
    struct piece *piece = (struct piece *)(void *)job;

    (void)arg;
    (void)add(&piece->dropped, 1);
}

static void fill(uint64_t *random)
{
    for (unsigned i = 0; i < 2 * JOBS; i++) {
        uint64_t dice = test_random(random) % 100;

        memset(&pieces[i], 0, sizeof(pieces[i]));
        pieces[i].job.run = run;
        pieces[i].seed = test_random(random);
        pieces[i].how = dice < 8    ? EXITS
                        : dice < 12 ? CANCELED
                        : dice < 14 ? FORKS
                        : dice < 50 ? POSTS
                                    : RETURNS;
        /* Pieces that other pieces post do not post any themselves. */
        if (i >= JOBS && pieces[i].how == POSTS)
            pieces[i].how = RETURNS;
    }
}

struct poster {
    pthread_t thread;
    struct mag_strand *strands;
    unsigned first;
    uint64_t random;
};

static int post(struct poster *poster, struct mag_job *job)
{
    uint64_t dice = test_random(&poster->random);

    switch (dice % 4) {
    case 0:
        return mag_strand_post(&poster->strands[dice / 4 % STRANDS], job);
    case 1:
        return mag_sched_post_worker(sched, job,
                                     (uint32_t)(dice / 4 % mag_sched_workers(sched)));
    default:
        return mag_sched_post(sched, job);
    }
}

static void *post_half(void *arg)
{
    struct poster *poster = arg;

    for (unsigned i = poster->first; i < JOBS; i += 2) {
        if (post(poster, &pieces[i].job) != 0) {
            (void)add(&refused, 1);
            (void)add(&pieces[i].dropped, 1);
        }
        if (i % 64 < 2)
            (void)sched_yield();
    }
    return NULL;
}

/* A dropped child has posted nothing, and neither has a job that was not run. */
static void each_piece_came_to_one_end(bool canceled)
{
    for (unsigned i = 0; i < 2 * JOBS; i++) {
        uint64_t ran = look(&pieces[i].ran);
        uint64_t dropped = look(&pieces[i].dropped);
        bool posted = i < JOBS ||
                      (pieces[i - JOBS].how == POSTS && look(&pieces[i - JOBS].ran) != 0);

        assert_int_equal(ran + dropped, posted ? 1 : 0);
        assert_true(canceled || dropped == 0);
    }
}

static void a_round(uint64_t *random, uint32_t workers, bool cancel)
{
    struct mag_strand strands[STRANDS];
    struct poster posters[2];

    set(&refused, 0);
    set(&wrong, 0);
    fill(random);
    sched = test_sched_start(workers);
    for (unsigned i = 0; i < STRANDS; i++)
        mag_strand_init(&strands[i], sched);
    for (unsigned i = 0; i < 2; i++) {
        posters[i] = (struct poster){
            .strands = strands, .first = i, .random = test_random(random) | 1};
        assert_int_equal(pthread_create(&posters[i].thread, NULL, post_half, &posters[i]),
                         0);
    }
    if (!cancel) {
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(pthread_join(posters[i].thread, NULL), 0);
    }
    assert_int_equal(mag_sched_stop(sched, cancel ? MAG_SCHED_CANCEL : MAG_SCHED_DRAIN,
                                    -1, drop, NULL),
                     0);
    for (unsigned i = 0; cancel && i < 2; i++)
        assert_int_equal(pthread_join(posters[i].thread, NULL), 0);
    each_piece_came_to_one_end(cancel);
    assert_int_equal(look(&wrong), 0);
    assert_true(cancel || test_sched_counters(sched).ended > 0);
    mag_sched_destroy(sched);
}

static void every_job_runs_once_whatever_ends_its_thread(void **state)
{
    uint64_t random = test_seed() | 1;
    (void)state;

    for (unsigned i = 0; i < test_rounds(ROUNDS); i++) {
        a_round(&random, 1 + i % 4, false);
        a_round(&random, 1 + i % 4, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once_whatever_ends_its_thread),
    };

    return cmocka_run_group_tests_name("thread exit", tests, NULL, NULL);
}
