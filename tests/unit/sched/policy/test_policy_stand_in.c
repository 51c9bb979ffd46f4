/* SPDX-License-Identifier: Apache-2.0 */
/* How many threads stand in for blocked workers, and how often the relief thread looks:
 * tables. */
#include "sched/policy/stand_in.h"
#include "tests/support/cmocka.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void stand_ins_are_called_for_blocked_workers_while_jobs_wait(void **state)
{
    static const struct {
        struct mag_strain strain;
        uint32_t wanted;
    } rows[] = {
        {{.announced = 1, .waiting = true}, 1},
        {{.announced = 3, .waiting = true}, 3},
        {{.announced = 9, .waiting = true}, MAG_SUMMON_ANNOUNCED},
        {{.announced = 9, .standing = 7, .waiting = true}, 2},
        {{.announced = 2, .standing = 2, .waiting = true}, 0},
        {{.announced = 2, .standing = 3, .waiting = true}, 0},
        {{.announced = 2, .waiting = false}, 0},
        {{.announced = 2, .waiting = true, .resting = true}, 0},
        {{.stuck = 2, .waiting = true}, MAG_SUMMON_STUCK},
        {{.stuck = 2, .standing = 1, .waiting = true}, MAG_SUMMON_STUCK},
        {{.stuck = 2, .standing = 2, .waiting = true}, 0},
        {{.announced = 1, .stuck = 2, .standing = 2, .waiting = true}, MAG_SUMMON_STUCK},
    };
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(mag_stand_in_wanted(&rows[i].strain), rows[i].wanted);
}

static void stand_ins_beyond_the_blocked_workers_are_too_many(void **state)
{
    static const struct {
        struct mag_strain strain;
        uint32_t surplus;
    } rows[] = {
        {{.announced = 1, .standing = 1}, 0},
        {{.announced = 1, .stuck = 1, .standing = 1}, 0},
        {{.announced = 1, .standing = 3}, 2},
        {{.standing = 3, .waiting = true}, 3},
    };
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(mag_stand_in_surplus(&rows[i].strain), rows[i].surplus);
}

static void the_monitor_looks_as_often_as_somebody_may_need_it(void **state)
{
    static const struct {
        struct mag_strain strain;
        bool all;
        uint32_t linger, calm;
        enum mag_pace pace;
    } rows[] = {
        {{.announced = 1}, false, 0, 0, MAG_PACE_FAST},
        {{.announced = 0}, false, 0, 0, MAG_PACE_FAST},
        {{.announced = 0}, false, MAG_PACE_LINGER, 0, MAG_PACE_OFF},
        {{.announced = 0}, true, MAG_PACE_LINGER, 0, MAG_PACE_SLOW},
        {{.announced = 0}, true, MAG_PACE_LINGER, 99, MAG_PACE_SLOW},
        {{.announced = 1, .resting = true}, false, 0, 0, MAG_PACE_REST},
        {{.announced = 1, .standing = 1, .resting = true}, false, 0, 0, MAG_PACE_SLOW},
        {{.standing = 1, .resting = true}, false, MAG_PACE_LINGER, 9, MAG_PACE_SLOW},
        {{.resting = true}, true, MAG_PACE_LINGER, 1, MAG_PACE_SLOW},
        {{.resting = true}, true, MAG_PACE_LINGER, MAG_PACE_CALM_MAX, MAG_PACE_SLOW},
        {{.resting = true}, true, MAG_PACE_LINGER, MAG_PACE_CALM_MAX + 1, MAG_PACE_REST},
        {{.resting = true}, false, MAG_PACE_LINGER, 0, MAG_PACE_OFF},
    };
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(
            mag_stand_in_pace(&rows[i].strain, rows[i].all, rows[i].linger, rows[i].calm),
            rows[i].pace);
}

static void pauses_grow_while_nothing_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(mag_pace_pause(MAG_PACE_OFF, 0), -1);
    assert_int_equal(mag_pace_pause(MAG_PACE_REST, 0), -1);
    assert_int_equal(mag_pace_pause(MAG_PACE_FAST, 9), MAG_PACE_FAST_NS);
    assert_int_equal(mag_pace_pause(MAG_PACE_SLOW, 0), MAG_PACE_SLOW_NS);
    assert_int_equal(mag_pace_pause(MAG_PACE_SLOW, 1), 2 * MAG_PACE_SLOW_NS);
    assert_int_equal(mag_pace_pause(MAG_PACE_SLOW, MAG_PACE_CALM_MAX), 40000000);
    assert_int_equal(mag_pace_pause(MAG_PACE_SLOW, UINT32_MAX), 40000000);
}

static void jobs_that_wait_and_stand_ins_that_should_leave_are_wrong(void **state)
{
    static const struct {
        struct mag_strain strain;
        bool wrong;
    } rows[] = {
        {{.standing = 1}, true},
        {{.standing = 1, .resting = true}, true},
        {{.announced = 1, .standing = 1, .resting = true}, false},
        {{.announced = 1}, true},
        {{.announced = 1, .resting = true}, false},
        {{.waiting = true}, true},
        {{.waiting = false}, false},
    };
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(mag_stand_in_is_wrong(&rows[i].strain), rows[i].wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stand_ins_are_called_for_blocked_workers_while_jobs_wait),
        cmocka_unit_test(stand_ins_beyond_the_blocked_workers_are_too_many),
        cmocka_unit_test(the_monitor_looks_as_often_as_somebody_may_need_it),
        cmocka_unit_test(pauses_grow_while_nothing_is_wrong),
        cmocka_unit_test(jobs_that_wait_and_stand_ins_that_should_leave_are_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
