/*
 * Functions of 0 to 8 arguments, by every macro that declares or defines one: each
 * argument arrives in its place, whatever its size is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/async.h>
#include <magpie/fork_task.h>
#include <magpie/promise.h>

MAG_VTASK_DEFINE(long_task, long)

/* Each argument is a digit of the result; the third and the seventh are large. */
struct large {
    long digit;
    long rest[8];
};

#define PARAMS_0 void
#define PARAMS_1 int, a
#define PARAMS_2 PARAMS_1, short, b
#define PARAMS_3 PARAMS_2, struct large, c
#define PARAMS_4 PARAMS_3, char, d
#define PARAMS_5 PARAMS_4, long, e
#define PARAMS_6 PARAMS_5, unsigned, g
#define PARAMS_7 PARAMS_6, struct large, h
#define PARAMS_8 PARAMS_7, int, i

#define BEHIND_0
#define BEHIND_1 , int a
#define BEHIND_2 BEHIND_1, short b
#define BEHIND_3 BEHIND_2, struct large c
#define BEHIND_4 BEHIND_3, char d
#define BEHIND_5 BEHIND_4, long e
#define BEHIND_6 BEHIND_5, unsigned g
#define BEHIND_7 BEHIND_6, struct large h
#define BEHIND_8 BEHIND_7, int i

#define PASS_0
#define PASS_1 , 1
#define PASS_2 PASS_1, 2
#define PASS_3 PASS_2, large(3)
#define PASS_4 PASS_3, 4
#define PASS_5 PASS_4, 5
#define PASS_6 PASS_5, 6
#define PASS_7 PASS_6, large(7)
#define PASS_8 PASS_7, 8

#define SUM_0 0L
#define SUM_1 (a)
#define SUM_2 (10L * a + b)
#define SUM_3 (10L * SUM_2 + c.digit + c.rest[7])
#define SUM_4 (10L * SUM_3 + d)
#define SUM_5 (10L * SUM_4 + e)
#define SUM_6 (10L * SUM_5 + g)
#define SUM_7 (10L * SUM_6 + h.digit + h.rest[7])
#define SUM_8 (10L * SUM_7 + i)

static const long sums[] = {0, 1, 12, 123, 1234, 12345, 123456, 1234567, 12345678};

static struct large large(long digit)
{
    return (struct large){.digit = digit - 1, .rest = {[7] = 1}};
}

/* The macros need their lists expanded. */
#define FORKABLE(...)      MAG_FORKABLE(__VA_ARGS__)
#define FORKABLE_VOID(...) MAG_FORKABLE_VOID(__VA_ARGS__)
#define FORK_TASK(...)     MAG_FORK_TASK(__VA_ARGS__)

static long seen;

/* A function of `n` arguments by each macro, and a function that forks all of them. */
#define FUNCTIONS(n)                                                     \
    FORKABLE(long, value##n, PARAMS_##n)                                 \
    static long value##n(mag_fork w BEHIND_##n)                          \
    {                                                                    \
        (void)w;                                                         \
        return SUM_##n;                                                  \
    }                                                                    \
    FORKABLE_VOID(silent##n, PARAMS_##n)                                 \
    static void silent##n(mag_fork w BEHIND_##n)                         \
    {                                                                    \
        (void)w;                                                         \
        seen = SUM_##n;                                                  \
    }                                                                    \
    FORK_TASK(long_task, task##n, PARAMS_##n)                            \
    static long_task task##n(mag_fork w BEHIND_##n)                      \
    {                                                                    \
        (void)w;                                                         \
        return long_task_result(SUM_##n);                                \
    }                                                                    \
    MAG_FORKABLE(int, forks##n, long *, sum)                             \
    static int forks##n(mag_fork w, long *sum)                           \
    {                                                                    \
        struct value##n##_child child = value##n##_fork(&w PASS_##n);    \
        *sum = value##n##_join(&w, child);                               \
        struct silent##n##_child silent = silent##n##_fork(&w PASS_##n); \
        silent##n##_join(&w, silent);                                    \
        if (seen != *sum)                                                \
            return -EDOM;                                                \
        struct task##n##_child late = task##n##_fork(&w PASS_##n);       \
        return long_task_wait(task##n##_task(&w, late), sum);            \
    }
FUNCTIONS(0)
FUNCTIONS(1)
FUNCTIONS(2)
FUNCTIONS(3)
FUNCTIONS(4)
FUNCTIONS(5)
FUNCTIONS(6)
FUNCTIONS(7)
FUNCTIONS(8)

/* Bodies of async functions, which refer to their arguments as fields. */
#define ASYNC(n, arguments, sum)                         \
    MAG_ASYNC(long_task, async##n, arguments, long one;) \
    {                                                    \
        MAG_BEGIN(f);                                    \
        MAG_AWAIT(f, f->one, long_task_result(sum));     \
        return long_task_result(f->one);                 \
        MAG_END(f);                                      \
    }
ASYNC(0, (void), 0)
ASYNC(1, (int, a), f->a)
ASYNC(2, (int, a, int, b), f->a * 10L + f->b)
ASYNC(8,
      (int, a, int, b, struct large, c, int, d, int, e, int, g, struct large, h, int, i),
      ((((((f->a * 10L + f->b) * 10 + f->c.digit + 1) * 10 + f->d) * 10 + f->e) * 10 +
        f->g) *
           10 +
       f->h.digit + 1) *
              10 +
          f->i)

/* Functions of a scope take no more than MAG_SCOPE_PAYLOAD bytes. */
MAG_SPAWNABLE(spawned, int, a, int, b, int, c, int, d, int, e, int, g, int, h, int, i)
static int spawned(mag_fork w, int a, int b, int c, int d, int e, int g, int h, int i)
{
    const int digits[] = {a, b, c, d, e, g, h, i};
    long sum = 0;

    (void)w;
    for (unsigned k = 0; k < 8; k++)
        sum = 10 * sum + digits[k];
    seen = sum;
    return 0;
}

MAG_SPAWNABLE(spawns, void)
static int spawns(mag_fork w)
{
    struct mag_scope scope;

    mag_scope_open(&scope, w);
    spawned_spawn(&w, &scope, 1, 2, 3, 4, 5, 6, 7, 8);
    return mag_scope_join(&w, &scope);
}

static struct mag_sched *sched;

static void each_argument_of_a_forked_function_arrives(void **state)
{
    int (*const run[])(struct mag_sched *, int *, long *) = {
        forks0_run, forks1_run, forks2_run, forks3_run, forks4_run,
        forks5_run, forks6_run, forks7_run, forks8_run};
    (void)state;

    for (unsigned n = 0; n < sizeof(run) / sizeof(run[0]); n++) {
        long sum = -1;
        int r = -1;

        assert_int_equal(run[n](sched, &r, &sum), 0);
        assert_int_equal(r, 0);
        assert_int_equal(sum, sums[n]);
    }
}

static void each_argument_of_a_root_arrives(void **state)
{
    long sum = -1;
    long_task task = long_task_result(0);
    (void)state;

    assert_int_equal(value8_run(sched, &sum PASS_8), 0);
    assert_int_equal(sum, sums[8]);
    assert_int_equal(task8_run(sched, &task PASS_8), 0);
    assert_int_equal(long_task_get(task, &sum), 0);
    assert_int_equal(sum, sums[8]);
    assert_int_equal(silent8_run(sched PASS_8), 0);
    assert_int_equal(seen, sums[8]);
}

static void each_argument_of_a_scope_s_child_arrives(void **state)
{
    (void)state;
    seen = 0;
    assert_int_equal(spawns_run(sched), 0);
    assert_int_equal(seen, sums[8]);
}

static void each_argument_of_an_async_function_arrives(void **state)
{
    long sum = -1;
    (void)state;

    assert_int_equal(long_task_get(async0(), &sum), 0);
    assert_int_equal(sum, 0);
    assert_int_equal(long_task_get(async1(1), &sum), 0);
    assert_int_equal(sum, 1);
    assert_int_equal(long_task_get(async2(1, 2), &sum), 0);
    assert_int_equal(sum, 12);
    assert_int_equal(long_task_get(async8(1, 2, large(3), 4, 5, 6, large(7), 8), &sum),
                     0);
    assert_int_equal(sum, sums[8]);
}

static int start(void **state)
{
    (void)state;
    sched = test_sched_start(1);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_argument_of_a_forked_function_arrives),
        cmocka_unit_test(each_argument_of_a_root_arrives),
        cmocka_unit_test(each_argument_of_a_scope_s_child_arrives),
        cmocka_unit_test(each_argument_of_an_async_function_arrives),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
