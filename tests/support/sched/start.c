/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sched/start.h"

#include "tests/support/cmocka.h"

struct mag_sched_config test_sched_config(uint32_t workers)
{
    struct mag_sched_config config;

    mag_sched_config_init(&config);
    if (workers != 0)
        config.workers = workers;
    return config;
}

struct mag_sched *test_sched_start_as(const struct mag_sched_config *config)
{
    struct mag_sched *sched = NULL;

    assert_int_equal(mag_sched_start(config, &sched), 0);
    if (config->workers != 0)
        assert_int_equal(mag_sched_workers(sched), config->workers);
    return sched;
}

struct mag_sched *test_sched_start(uint32_t workers)
{
    struct mag_sched_config config = test_sched_config(workers);

    return test_sched_start_as(&config);
}

struct mag_sched *test_sched_start_alone(uint32_t workers)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.spare = 0;
    return test_sched_start_as(&config);
}

struct mag_sched *test_sched_start_sized(uint32_t workers, uint32_t fork_depth,
                                         size_t stack_size)
{
    struct mag_sched_config config = test_sched_config(workers);

    if (fork_depth != 0)
        config.fork_depth = fork_depth;
    if (stack_size != 0)
        config.stack_size = stack_size;
    return test_sched_start_as(&config);
}

struct mag_sched *test_sched_try_as(const struct mag_sched_config *config)
{
    struct mag_sched *sched = NULL;

    return mag_sched_start(config, &sched) == 0 ? sched : NULL;
}

struct mag_sched *test_sched_try(uint32_t workers)
{
    struct mag_sched_config config = test_sched_config(workers);

    return test_sched_try_as(&config);
}

struct mag_sched *test_sched_try_alone(uint32_t workers)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.spare = 0;
    return test_sched_try_as(&config);
}

struct mag_sched_counters test_sched_counters(const struct mag_sched *sched)
{
    struct mag_sched_counters sum = {0};

    for (uint32_t i = 0; i < mag_sched_workers(sched); i++) {
        struct mag_sched_counters counters;

        assert_int_equal(mag_sched_counters(sched, i, &counters), 0);
        sum.jobs += counters.jobs;
        sum.posts += counters.posts;
        sum.steals_near += counters.steals_near;
        sum.steals_far += counters.steals_far;
        sum.parks += counters.parks;
        sum.wakes += counters.wakes;
        sum.ended += counters.ended;
        sum.run_ns += counters.run_ns;
        sum.search_ns += counters.search_ns;
        sum.park_ns += counters.park_ns;
        sum.blocked_ns += counters.blocked_ns;
    }
    return sum;
}
