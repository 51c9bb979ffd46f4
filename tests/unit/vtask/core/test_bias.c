/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include <magpie/barrier.h>
#include <magpie/source.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

/* Operations that begin on one thread and are completed and read on another, one after
 * another.  The thread completes some of its own before. */
enum { OWN = 1500, LENT = 200, LOOK = 64 };

struct lending {
    struct mag_core core; /* first */
    sem_t lent, returned;
    uint32_t biased; /* operations that were lent and biased to their thread */
    int errors;
};

static void keep_it(struct mag_core *used)
{
    (void)used;
}

static const struct mag_core_type kept_type = {0, 0, keep_it, NULL};

static int complete_and_read(struct mag_core *used)
{
    mag_vtask task = mag_core_task(used);
    uint64_t result;

    return mag_core_set_result(used, 1) == 0 && mag_vtask_get(task, &result) == 0 ? 0 : 1;
}

static void *read_elsewhere(void *arg)
{
    struct lending *lending = arg;

    for (unsigned i = 0; i < LENT; i++) {
        while (sem_wait(&lending->lent) != 0) {
        }
        lending->errors += complete_and_read(&lending->core);
        (void)sem_post(&lending->returned);
    }
    return NULL;
}

static void *begin_and_lend(void *arg)
{
    struct lending *lending = arg;

    for (unsigned i = 0; i < OWN; i++) {
        mag_core_begin(&lending->core);
        lending->errors += complete_and_read(&lending->core);
    }
    for (unsigned i = 0; i < LENT; i++) {
        mag_core_begin(&lending->core);
        /* relaxed: this thread wrote it. */
        if (atomic_load_explicit(&lending->core.slot, memory_order_relaxed) != 0)
            lending->biased++;
        (void)sem_post(&lending->lent);
        while (sem_wait(&lending->returned) != 0) {
        }
    }
    return NULL;
}

static void a_thread_learns_that_its_operations_are_completed_elsewhere(void **state)
{
    static struct lending lending;
    pthread_t threads[2];
    (void)state;

    mag_core_init(&lending.core, &kept_type);
    assert_int_equal(sem_init(&lending.lent, 0, 0), 0);
    assert_int_equal(sem_init(&lending.returned, 0, 0), 0);
    assert_int_equal(pthread_create(&threads[0], NULL, begin_and_lend, &lending), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, read_elsewhere, &lending), 0);
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(pthread_join(threads[1], NULL), 0);
    assert_int_equal(lending.errors, 0);
    assert_in_range(lending.biased, mag_barrier_is_asymmetric() ? 1 : 0, LOOK);
    (void)sem_destroy(&lending.lent);
    (void)sem_destroy(&lending.returned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_learns_that_its_operations_are_completed_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
