/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"

#include <magpie/promise.h>
#include <magpie/rwlock.h>

static struct mag_rwlock lock = MAG_RWLOCK_INIT;

static int begin(void **state)
{
    (void)state;
    mag_rwlock_init(&lock);
    return 0;
}

static mag_task read_lock(void)
{
    return mag_rwlock_read_lock(&lock, NULL);
}

static mag_task write_lock(void)
{
    return mag_rwlock_write_lock(&lock, NULL);
}

static void read_unlock(void)
{
    assert_int_equal(mag_rwlock_read_unlock(&lock), 0);
}

static void write_unlock(void)
{
    assert_int_equal(mag_rwlock_write_unlock(&lock), 0);
}

static bool is_pending(mag_task task)
{
    return mag_vtask_status(task.task) == MAG_PENDING;
}

static void readers_share_the_lock_and_a_writer_does_not(void **state)
{
    (void)state;
    assert_int_equal(read_lock().task.backing, 0);
    assert_int_equal(read_lock().task.backing, 0);
    assert_true(mag_rwlock_try_read_lock(&lock));
    assert_false(mag_rwlock_try_write_lock(&lock));
    for (int i = 0; i < 3; i++)
        read_unlock();
    assert_int_equal(write_lock().task.backing, 0);
    assert_false(mag_rwlock_try_read_lock(&lock));
    assert_false(mag_rwlock_try_write_lock(&lock));
    write_unlock();
    assert_true(mag_rwlock_try_write_lock(&lock));
    write_unlock();
}

static void the_last_reader_lets_the_writer_in(void **state)
{
    (void)state;
    assert_true(mag_rwlock_try_read_lock(&lock));
    assert_true(mag_rwlock_try_read_lock(&lock));
    mag_task writer = write_lock();

    read_unlock();
    assert_true(is_pending(writer));
    read_unlock();
    assert_int_equal(mag_task_get(writer), 0);
    assert_false(mag_rwlock_try_read_lock(&lock));
    write_unlock();
}

static void a_reader_goes_behind_a_writer_that_waits(void **state)
{
    (void)state;
    assert_true(mag_rwlock_try_read_lock(&lock));
    mag_task writer = write_lock();
    assert_false(mag_rwlock_try_read_lock(&lock));
    mag_task reader = read_lock();

    assert_true(is_pending(reader));
    read_unlock();
    assert_int_equal(mag_task_get(writer), 0);
    assert_true(is_pending(reader));
    write_unlock();
    assert_int_equal(mag_task_get(reader), 0);
    read_unlock();
}

static void readers_behind_a_writer_come_in_together_up_to_the_next_writer(void **state)
{
    mag_task readers[3];
    (void)state;

    assert_true(mag_rwlock_try_write_lock(&lock));
    for (int i = 0; i < 3; i++)
        readers[i] = read_lock();
    mag_task writer = write_lock();
    mag_task late = read_lock();
    write_unlock();
    for (int i = 0; i < 3; i++)
        assert_int_equal(mag_task_get(readers[i]), 0);
    assert_true(is_pending(writer));
    for (int i = 0; i < 3; i++) {
        assert_true(is_pending(writer));
        read_unlock();
    }
    assert_int_equal(mag_task_get(writer), 0);
    assert_true(is_pending(late));
    write_unlock();
    assert_int_equal(mag_task_get(late), 0);
    read_unlock();
}

static void a_writer_that_is_canceled_lets_the_readers_behind_it_in(void **state)
{
    struct mag_cancel cancel = {0};
    (void)state;

    assert_true(mag_rwlock_try_read_lock(&lock));
    mag_task writer = mag_rwlock_write_lock(&lock, &cancel);
    mag_task reader = read_lock();
    assert_true(is_pending(reader));
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_task_get(writer), -ECANCELED);
    assert_int_equal(mag_task_get(reader), 0);
    read_unlock();
    read_unlock();
    assert_true(mag_rwlock_try_write_lock(&lock));
    write_unlock();
}

static void a_reader_can_be_canceled(void **state)
{
    struct mag_cancel cancel = {0};
    (void)state;

    assert_true(mag_rwlock_try_write_lock(&lock));
    mag_task reader = mag_rwlock_read_lock(&lock, &cancel);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_task_get(reader), -ECANCELED);
    write_unlock();
    assert_true(mag_rwlock_try_write_lock(&lock));
    write_unlock();
}

static void unlocking_what_is_not_locked_is_misuse(void **state)
{
    (void)state;
    assert_int_equal(mag_rwlock_read_unlock(&lock), MAG_E_RELEASE);
    assert_int_equal(mag_rwlock_write_unlock(&lock), MAG_E_RELEASE);
    assert_true(mag_rwlock_try_read_lock(&lock));
    assert_int_equal(mag_rwlock_write_unlock(&lock), MAG_E_RELEASE);
    read_unlock();
    assert_true(mag_rwlock_try_write_lock(&lock));
    assert_int_equal(mag_rwlock_read_unlock(&lock), MAG_E_RELEASE);
    mag_task waits = read_lock();
    assert_int_equal(mag_rwlock_read_unlock(&lock), MAG_E_RELEASE);
    write_unlock();
    assert_int_equal(mag_task_get(waits), 0);
    read_unlock();
}

static void wait_often(void)
{
    for (int i = 0; i < 1000; i++) {
        assert_true(mag_rwlock_try_write_lock(&lock));
        mag_task reader = read_lock(), writer = write_lock();
        write_unlock();
        assert_int_equal(mag_task_get(reader), 0);
        read_unlock();
        assert_int_equal(mag_task_get(writer), 0);
        write_unlock();
    }
}

static void waiting_allocates_nothing_after_warm_up(void **state)
{
    (void)state;
    wait_often();
    uint64_t before = test_allocations();
    wait_often();
    assert_int_equal(test_allocations() - before, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(readers_share_the_lock_and_a_writer_does_not),
        TEST(the_last_reader_lets_the_writer_in),
        TEST(a_reader_goes_behind_a_writer_that_waits),
        TEST(readers_behind_a_writer_come_in_together_up_to_the_next_writer),
        TEST(a_writer_that_is_canceled_lets_the_readers_behind_it_in),
        TEST(a_reader_can_be_canceled),
        TEST(unlocking_what_is_not_locked_is_misuse),
        TEST(waiting_allocates_nothing_after_warm_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
