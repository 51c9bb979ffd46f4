/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/team.h>

#include <fenv.h>

/* What the members of a team do together. */

enum { WORKERS = 3, MEMBERS_MAX = 16 };

static shared here;
static shared wrong;
static shared counts[MEMBERS_MAX];

static void begin(void)
{
    set(&here, 0);
    set(&wrong, 0);
    for (unsigned i = 0; i < MEMBERS_MAX; i++)
        set(&counts[i], 0);
}

static void check(bool holds)
{
    if (!holds)
        (void)add(&wrong, 1);
}

/* ---------------------------------------------------------------------- members */

/* Waits for all members by other means than the team's. */
static void meet_all(struct mag_team *team, uint32_t member, void *arg)
{
    (void)arg;
    (void)add(&counts[member], 1);
    (void)add(&here, 1);
    check(test_wait_for(&here, mag_team_members(team)));
}

static void all_members_run_at_the_same_time(void **state)
{
    (void)state;

    for (uint32_t workers = 1; workers <= WORKERS; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t members = 1; members <= mag_team_most(sched); members++) {
            begin();
            assert_int_equal(mag_team_run(sched, members, 0, meet_all, NULL), 0);
            assert_int_equal(look(&wrong), 0);
            for (uint32_t i = 0; i < MEMBERS_MAX; i++)
                assert_int_equal(look(&counts[i]), i < members ? 1 : 0);
        }
        mag_sched_destroy(sched);
    }
}

static void no_number_of_members_means_one_for_each_worker(void **state)
{
    struct mag_sched *sched = test_sched_start(WORKERS);
    (void)state;

    begin();
    assert_int_equal(mag_team_run(sched, 0, 0, meet_all, NULL), 0);
    assert_int_equal(look(&here), WORKERS);
    mag_sched_destroy(sched);
}

struct asked {
    struct mag_job job;
    struct mag_sched *sched;
    uint32_t members;
    int result;
    shared done;
};

static void ask(struct mag_job *job)
{
    struct asked *asked = (struct asked *)(void *)job;

    asked->result = mag_team_run(asked->sched, asked->members, 0, meet_all, NULL);
    (void)add(&asked->done, 1);
}

static void a_job_is_member_0_of_a_team_of_all_workers(void **state)
{
    struct mag_sched *sched = test_sched_start(WORKERS);
    struct asked asked = {.job.run = ask, .sched = sched, .members = WORKERS};
    (void)state;

    begin();
    assert_int_equal(mag_sched_post(sched, &asked.job), 0);
    assert_true(test_wait_for(&asked.done, 1));
    assert_int_equal(asked.result, 0);
    assert_int_equal(look(&wrong), 0);

    asked.members = WORKERS + 1;
    set(&asked.done, 0);
    assert_int_equal(mag_sched_post(sched, &asked.job), 0);
    assert_true(test_wait_for(&asked.done, 1));
    assert_int_equal(asked.result, -ERANGE);
    mag_sched_destroy(sched);
}

/* --------------------------------------------------------------------- barriers */

enum { STEPS = 500 };

struct steps {
    uint64_t values[2][MEMBERS_MAX];
};

/* Each step adds up what all members have written in the step before. */
static void step_together(struct mag_team *team, uint32_t member, void *arg)
{
    struct steps *steps = arg;
    uint32_t members = mag_team_members(team);

    for (uint64_t step = 1; step <= STEPS; step++) {
        uint64_t sum = 0;

        steps->values[step % 2][member] = step + member;
        mag_team_barrier(team);
        for (uint32_t i = 0; i < members; i++)
            sum += steps->values[step % 2][i];
        check(sum == members * step + members * (members - 1) / 2);
    }
}

static void what_was_written_before_a_barrier_is_seen_after_it(void **state)
{
    static const uint32_t workers[] = {1, 2, 7, 8, 9};
    static struct steps steps;
    (void)state;

    for (unsigned i = 0; i < sizeof(workers) / sizeof(*workers); i++) {
        struct mag_sched *sched = test_sched_start(workers[i]);

        begin();
        assert_int_equal(mag_team_run(sched, workers[i] + 1, 0, step_together, &steps),
                         0);
        assert_int_equal(look(&wrong), 0);
        mag_sched_destroy(sched);
    }
}

/* Longer than any member spins. */
static void come_late(struct mag_team *team, uint32_t member, void *arg)
{
    (void)arg;
    for (uint32_t late = 0; late < mag_team_members(team); late++) {
        if (member == late) {
            test_sleep_ms(5);
            (void)add(&here, 1);
        }
        mag_team_barrier(team);
        check(look(&here) == late + 1);
        mag_team_barrier(team);
    }
}

static void members_sleep_at_a_barrier_until_the_last_one_comes(void **state)
{
    struct mag_sched_config config = test_sched_config(WORKERS);
    (void)state;

    for (uint32_t spin_us = 0; spin_us <= 50; spin_us += 50) {
        config.spin_us = spin_us;
        struct mag_sched *sched = test_sched_start_as(&config);

        begin();
        assert_int_equal(mag_team_run(sched, WORKERS + 1, 0, come_late, NULL), 0);
        assert_int_equal(look(&wrong), 0);
        mag_sched_destroy(sched);
    }
}

static void return_early(struct mag_team *team, uint32_t member, void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < member; i++) {
        mag_team_barrier(team);
        (void)add(&here, 1);
    }
}

static void barriers_do_not_wait_for_members_that_have_returned(void **state)
{
    struct mag_sched *sched = test_sched_start(9);
    (void)state;

    begin();
    assert_int_equal(mag_team_run(sched, 10, 0, return_early, NULL), 0);
    assert_int_equal(look(&here), 45);
    mag_sched_destroy(sched);
}

/* --------------------------------------------------------- broadcast and single */

static void tell_in_turn(struct mag_team *team, uint32_t member, void *arg)
{
    uint32_t members = mag_team_members(team);
    char *base = arg;

    for (uint32_t i = 0; i < STEPS; i++) {
        void *told = mag_team_broadcast(team, i % members,
                                        i % members == member ? base + i : NULL);

        check(told == base + i);
    }
}

static void a_broadcast_hands_one_members_pointer_to_all(void **state)
{
    static char base[STEPS];
    struct mag_sched *sched = test_sched_start(WORKERS);
    (void)state;

    begin();
    assert_int_equal(mag_team_run(sched, WORKERS + 1, 0, tell_in_turn, base), 0);
    assert_int_equal(look(&wrong), 0);
    mag_sched_destroy(sched);
}

static void tell_and_return(struct mag_team *team, uint32_t member, void *arg)
{
    check(mag_team_broadcast(team, 1, arg) == arg);
    if (member == 1)
        return;
    for (int i = 0; i < 4; i++)
        check(mag_team_broadcast(team, 1, arg) == NULL);
}

static void a_member_that_has_returned_broadcasts_nothing(void **state)
{
    struct mag_sched *sched = test_sched_start(WORKERS);
    (void)state;

    begin();
    assert_int_equal(mag_team_run(sched, WORKERS, 0, tell_and_return, &here), 0);
    assert_int_equal(look(&wrong), 0);
    mag_sched_destroy(sched);
}

static void do_once_each(struct mag_team *team, uint32_t member, void *arg)
{
    (void)member;
    (void)arg;
    for (int i = 0; i < STEPS; i++) {
        if (mag_team_single(team))
            (void)add(&here, 1);
    }
}

static void a_single_is_for_one_member_of_each_round(void **state)
{
    struct mag_sched *sched = test_sched_start(WORKERS);
    (void)state;

    for (int i = 0; i < 10; i++) {
        begin();
        assert_int_equal(mag_team_run(sched, WORKERS + 1, 0, do_once_each, NULL), 0);
        assert_int_equal(look(&here), STEPS);
    }
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------- what a body may do besides */

static void compute(struct mag_team *team, uint32_t member, void *arg)
{
    long result = 0;

    (void)member;
    check(fib_run(arg, &result, 12) == 0 && result == 144);
    mag_team_barrier(team);
    check(fib_run(arg, &result, 10) == 0 && result == 55);
}

static void members_fork_and_join(void **state)
{
    struct mag_sched *sched = test_sched_start(WORKERS);
    (void)state;

    begin();
    for (int i = 0; i < 50; i++)
        assert_int_equal(mag_team_run(sched, WORKERS, 0, compute, sched), 0);
    assert_int_equal(look(&wrong), 0);
    mag_sched_destroy(sched);
}

static struct mag_job behind[MEMBERS_MAX];

static void count(struct mag_job *job)
{
    (void)job;
    (void)add(&here, 1);
}

/* Does not return before the jobs that it has posted to itself have run. */
static void post_behind_oneself(struct mag_team *team, uint32_t member, void *arg)
{
    (void)team;
    behind[member].run = count;
    check(mag_sched_post(arg, &behind[member]) == 0);
    check(test_wait_for(&here, 2));
}

static void jobs_that_wait_behind_a_member_are_stolen(void **state)
{
    struct mag_sched *sched = test_sched_start(WORKERS);
    (void)state;

    for (int i = 0; i < 20; i++) {
        begin();
        assert_int_equal(mag_team_run(sched, 2, 0, post_behind_oneself, sched), 0);
        assert_int_equal(look(&wrong), 0);
    }
    mag_sched_destroy(sched);
}

static void look_at_oneself(struct mag_team *team, uint32_t member, void *arg)
{
    (void)team;
    check(mag_sched_self() == arg);
    check((mag_sched_worker() < WORKERS) == (member != 0));
    check(fegetround() == FE_UPWARD);
    check(fesetround(FE_DOWNWARD) == 0);
}

static void members_have_their_worker_and_the_callers_rounding(void **state)
{
    struct mag_sched *sched = test_sched_start(WORKERS);
    (void)state;

    begin();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fesetround(FE_UPWARD), 0);
        assert_int_equal(mag_team_run(sched, WORKERS, 0, look_at_oneself, sched), 0);
    }
    assert_int_equal(fesetround(FE_TONEAREST), 0);
    assert_int_equal(look(&wrong), 0);
    mag_sched_destroy(sched);
}

static void find_no_place(struct mag_team *team, uint32_t member, void *arg)
{
    (void)arg;
    check((mag_sched_self() == NULL) == (member == 0));
    mag_team_barrier(team);
    (void)add(&here, 1);
}

static void a_caller_without_a_place_is_a_member_as_well(void **state)
{
    struct mag_sched_config config = test_sched_config(WORKERS);
    (void)state;

    config.spare = 0;
    struct mag_sched *sched = test_sched_start_as(&config);

    begin();
    for (int i = 0; i < 10; i++)
        assert_int_equal(mag_team_run(sched, WORKERS + 1, 0, find_no_place, NULL), 0);
    assert_int_equal(look(&wrong), 0);
    assert_int_equal(look(&here), 10 * (WORKERS + 1));
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_members_run_at_the_same_time),
        cmocka_unit_test(no_number_of_members_means_one_for_each_worker),
        cmocka_unit_test(a_job_is_member_0_of_a_team_of_all_workers),
        cmocka_unit_test(what_was_written_before_a_barrier_is_seen_after_it),
        cmocka_unit_test(members_sleep_at_a_barrier_until_the_last_one_comes),
        cmocka_unit_test(barriers_do_not_wait_for_members_that_have_returned),
        cmocka_unit_test(a_broadcast_hands_one_members_pointer_to_all),
        cmocka_unit_test(a_member_that_has_returned_broadcasts_nothing),
        cmocka_unit_test(a_single_is_for_one_member_of_each_round),
        cmocka_unit_test(members_fork_and_join),
        cmocka_unit_test(jobs_that_wait_behind_a_member_are_stolen),
        cmocka_unit_test(members_have_their_worker_and_the_callers_rounding),
        cmocka_unit_test(a_caller_without_a_place_is_a_member_as_well),
    };

    return cmocka_run_group_tests_name("team", tests, NULL, NULL);
}
