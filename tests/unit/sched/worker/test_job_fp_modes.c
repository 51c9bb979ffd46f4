/*
 * The floating-point modes that jobs and forked children run with: rounding, flush to
 * zero, precision.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/modes.h"
#include "tests/support/sched/start.h"

#include <magpie/fork.h>
#include <magpie/strand.h>
#include <stdatomic.h>
#include <string.h>

static struct mag_sched *sched;

static int start(void **state)
{
    struct mag_sched_config config = test_sched_config(2);

    (void)state;
    return mag_sched_start(&config, &sched);
}

static int stop(void **state)
{
    (void)state;
    mag_sched_destroy(sched);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    reset_modes();
    return 0;
}

/* ----------------------------------------------------------------------- jobs */

struct look {
    struct mag_job job;
    struct modes seen;
    bool leave;              /* whether it leaves other modes behind */
    _Atomic(uint64_t) *gate; /* NULL, or what to wait for */
    _Atomic(uint64_t) *done;
};

static void look(struct mag_job *job)
{
    struct look *own = (struct look *)(void *)job;

    own->seen = modes_now();
    if (own->gate != NULL)
        (void)test_wait_for(own->gate, 1);
    if (own->leave)
        set_modes(FE_DOWNWARD);
    /* release: seen by the thread that waits. */
    (void)atomic_fetch_add_explicit(own->done, 1, memory_order_release);
}

static struct look make_look(bool leave, _Atomic(uint64_t) *done)
{
    return (struct look){.job = {.run = look}, .leave = leave, .done = done};
}

/* The modes that a job of worker 0 finds. */
static struct modes modes_of_worker(struct mag_sched *whose)
{
    _Atomic(uint64_t) done;
    struct look own = make_look(false, &done);

    atomic_init(&done, 0);
    assert_int_equal(mag_sched_post_worker(whose, &own.job, 0), 0);
    assert_true(test_wait_for(&done, 1));
    return own.seen;
}

static void a_job_finds_nothing_of_the_modes_that_one_before_it_has_left(void **state)
{
    struct modes usual = modes_of_worker(sched);
    _Atomic(uint64_t) done;
    struct look looks[4];
    (void)state;

    atomic_init(&done, 0);
    for (unsigned i = 0; i < 4; i++) {
        looks[i] = make_look(true, &done);
        assert_int_equal(mag_sched_post_worker(sched, &looks[i].job, 0), 0);
    }
    assert_true(test_wait_for(&done, 4));
    for (unsigned i = 0; i < 4; i++)
        assert_true(same_modes(looks[i].seen, usual));
    assert_true(same_modes(modes_of_worker(sched), usual));
}

static void a_job_keeps_no_modes_of_another_of_its_strand(void **state)
{
    struct modes usual = modes_of_worker(sched);
    struct mag_strand strand;
    _Atomic(uint64_t) done;
    _Atomic(uint64_t) gate;
    struct look looks[4];
    (void)state;

    atomic_init(&done, 0);
    atomic_init(&gate, 0);
    mag_strand_init(&strand, sched);
    for (unsigned i = 0; i < 4; i++) {
        looks[i] = make_look(true, &done);
        /* Runs one job after another without a break. */
        looks[i].gate = &gate;
        assert_int_equal(mag_strand_post(&strand, &looks[i].job), 0);
    }
    /* release: the posts come before it. */
    atomic_store_explicit(&gate, 1, memory_order_release);
    assert_true(test_wait_for(&done, 4));
    for (unsigned i = 0; i < 4; i++)
        assert_true(same_modes(looks[i].seen, usual));
    while (mag_strand_fini(&strand) != 0)
        test_sleep_ms(1);
}

static void set_upward(uint32_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    set_modes(FE_UPWARD);
}

static void jobs_begin_with_the_modes_that_on_start_has_set(void **state)
{
    struct mag_sched *own;
    struct mag_sched_config config = test_sched_config(1);

    (void)state;
    config.on_start = set_upward;
    assert_int_equal(mag_sched_start(&config, &own), 0);
    set_modes(FE_UPWARD);
    struct modes wanted = modes_now();
    assert_true(same_modes(modes_of_worker(own), wanted));
    assert_true(same_modes(modes_of_worker(own), wanted));
    mag_sched_destroy(own);
}

static void jobs_begin_with_the_modes_of_the_starting_thread(void **state)
{
    struct mag_sched *own;
    (void)state;

    set_modes(FE_TOWARDZERO);
    struct modes wanted = modes_now();
    own = test_sched_start(1);
    reset_modes();
    assert_true(same_modes(modes_of_worker(own), wanted));
    mag_sched_destroy(own);
}

/* --------------------------------------------------------------- computations */

/* Where a function ran, and with which modes. */
struct place {
    struct modes modes;
    uint32_t worker;
    _Atomic(uint64_t) begun;
};

struct places {
    struct place root;
    struct place child;      /* stolen by the other worker */
    struct place grandchild; /* stolen back, by the join that waits for the child */
    struct modes after;      /* of the root, after the join */
};

static void arrive(struct place *place)
{
    place->modes = modes_now();
    place->worker = mag_sched_worker();
    /* release: everything else has been written. */
    atomic_store_explicit(&place->begun, 1, memory_order_release);
}

MAG_FORKABLE_VOID(grandchild, struct places *, places)
MAG_FORKABLE_VOID(child, struct places *, places)
MAG_FORKABLE_VOID(root, struct places *, places)

static void grandchild(mag_fork w, struct places *places)
{
    (void)w;
    arrive(&places->grandchild);
    set_modes(FE_TOWARDZERO);
}

static void child(mag_fork w, struct places *places)
{
    arrive(&places->child);
    struct grandchild_child forked = grandchild_fork(&w, places);
    /* Only the waiting join is there to take it. */
    (void)test_wait_for(&places->grandchild.begun, 1);
    grandchild_join(&w, forked);
    set_modes(FE_DOWNWARD);
}

static void root(mag_fork w, struct places *places)
{
    arrive(&places->root);
    struct child_child forked = child_fork(&w, places);
    (void)test_wait_for(&places->child.begun, 1);
    child_join(&w, forked);
    places->after = modes_now();
}

static void check_places(const struct places *places, struct modes wanted)
{
    assert_true(places->child.worker != places->root.worker);
    assert_true(places->grandchild.worker != places->child.worker);
    assert_true(same_modes(places->root.modes, wanted));
    assert_true(same_modes(places->child.modes, wanted));
    assert_true(same_modes(places->grandchild.modes, wanted));
    assert_true(same_modes(places->after, wanted));
}

static void stolen_children_have_the_modes_of_the_computations_caller(void **state)
{
    const int roundings[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    struct modes usual = modes_of_worker(sched);
    (void)state;

    for (size_t i = 0; i < sizeof(roundings) / sizeof(roundings[0]); i++) {
        struct places places;

        memset(&places, 0, sizeof(places));
        set_modes(roundings[i]);
        struct modes wanted = modes_now();
        int r = root_run(sched, &places);
        struct modes after = modes_now();
        reset_modes();
        assert_int_equal(r, 0);
        check_places(&places, wanted);
        assert_true(same_modes(after, wanted));
        assert_true(same_modes(modes_of_worker(sched), usual));
    }
}

struct begin {
    struct mag_job job;
    struct places *places;
    struct modes wanted;
    _Atomic(uint64_t) done;
};

static void begin_in_job(struct mag_job *job)
{
    struct begin *own = (struct begin *)(void *)job;

    set_modes(FE_UPWARD);
    own->wanted = modes_now();
    int r = root_run(mag_sched_self(), own->places);
    /* release: seen by the thread that waits. */
    atomic_store_explicit(&own->done, r == 0 ? 1 : 0, memory_order_release);
}

static void children_get_the_modes_of_the_job_that_computes(void **state)
{
    struct modes usual = modes_of_worker(sched);
    struct places places;
    struct begin own = {.job = {.run = begin_in_job}, .places = &places};
    (void)state;

    memset(&places, 0, sizeof(places));
    assert_int_equal(mag_sched_post(sched, &own.job), 0);
    assert_true(test_wait_for(&own.done, 1));
    check_places(&places, own.wanted);
    assert_true(same_modes(modes_of_worker(sched), usual));
}

#ifdef __x86_64__

/* A third of a number that is too small to be normal: either flushed to zero or not. */
MAG_FORKABLE(double, tiny, double, value)
MAG_FORKABLE(double, tinies, int, n)

static double tiny(mag_fork w, double value)
{
    volatile double small = value;
    (void)w;
    return small / 3;
}

static double tinies(mag_fork w, int n)
{
    if (n == 0)
        return 0;
    struct tiny_child forked = tiny_fork(&w, 2.3e-308);
    double rest = tinies(w, n - 1);
    return rest + tiny_join(&w, forked) * 1e300;
}

static void a_sum_of_tiny_numbers_is_the_same_on_every_worker(void **state)
{
    double flushed = 1;
    double kept = 0;
    (void)state;

    for (uint32_t i = 0; i < test_rounds(200); i++) {
        _mm_setcsr(_mm_getcsr() | 0x8040U);
        int r = tinies_run(sched, &flushed, 500);
        reset_modes();
        assert_int_equal(r, 0);
        assert_true(!(flushed > 0) && !(flushed < 0));
        assert_int_equal(tinies_run(sched, &kept, 500), 0);
        assert_true(kept > 0);
    }
}

#else

static void a_sum_of_tiny_numbers_is_the_same_on_every_worker(void **state)
{
    (void)state;
    print_message("skipped: the flush to zero of this processor is not known here\n");
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            a_job_finds_nothing_of_the_modes_that_one_before_it_has_left, reset),
        cmocka_unit_test_setup(a_job_keeps_no_modes_of_another_of_its_strand, reset),
        cmocka_unit_test_setup(jobs_begin_with_the_modes_that_on_start_has_set, reset),
        cmocka_unit_test_setup(jobs_begin_with_the_modes_of_the_starting_thread, reset),
        cmocka_unit_test_setup(stolen_children_have_the_modes_of_the_computations_caller,
                               reset),
        cmocka_unit_test_setup(children_get_the_modes_of_the_job_that_computes, reset),
        cmocka_unit_test_setup(a_sum_of_tiny_numbers_is_the_same_on_every_worker, reset),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
