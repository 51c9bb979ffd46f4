/*
 * Worker-local storage, read by another thread once all is at rest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/loop.h>

struct local {
    uint64_t indices;
};

static struct mag_sched *start(uint32_t workers, uint32_t spare, size_t size)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.spare = spare;
    config.local_size = size;
    return test_sched_start_as(&config);
}

static int count(struct mag_range range, uint32_t slot, void *arg)
{
    struct local *local = mag_sched_local();

    (void)slot;
    (void)arg;
    local->indices += range.end - range.begin;
    return 0;
}

static uint64_t sum_of(const struct mag_sched *sched)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < mag_sched_capacity(sched); i++) {
        const struct local *local = mag_sched_local_of(sched, i);

        sum += local != NULL ? local->indices : 0;
    }
    return sum;
}

static void what_all_have_counted_can_be_added_up(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = start(workers, 2, sizeof(struct local));
        uint64_t sum = 0;

        for (uint32_t i = 0; i < test_rounds(300); i++) {
            assert_int_equal(mag_for(sched, 0, 1000 + i, count, NULL), 0);
            sum += 1000 + i;
            assert_int_equal(sum_of(sched), sum);
        }
        mag_sched_destroy(sched);
    }
}

static void a_number_that_nobody_had_has_no_storage(void **state)
{
    struct mag_sched *sched = start(2, 3, sizeof(struct local));
    uint32_t places = 0;
    (void)state;

    assert_non_null(mag_sched_local_of(sched, 0));
    assert_non_null(mag_sched_local_of(sched, 1));
    for (uint32_t i = 2; i < mag_sched_capacity(sched); i++)
        places += mag_sched_local_of(sched, i) != NULL;
    assert_int_equal(places, 0);
    assert_null(mag_sched_local_of(sched, mag_sched_capacity(sched)));
    assert_null(mag_sched_local_of(sched, MAG_NONE));
    assert_int_equal(mag_for(sched, 0, 1, count, NULL), 0);
    for (uint32_t i = 2; i < mag_sched_capacity(sched); i++)
        places += mag_sched_local_of(sched, i) != NULL;
    assert_int_equal(places, 1);
    mag_sched_destroy(sched);
}

static void without_a_size_there_is_no_storage(void **state)
{
    struct mag_sched *sched = start(1, 0, 0);
    (void)state;

    assert_null(mag_sched_local_of(sched, 0));
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_have_counted_can_be_added_up),
        cmocka_unit_test(a_number_that_nobody_had_has_no_storage),
        cmocka_unit_test(without_a_size_there_is_no_storage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
