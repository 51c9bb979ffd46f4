/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/probe.h"

#include <magpie/async.h>
#include <magpie/operation.h>
#include <magpie/promise.h>

/* A second continuation is registered in every way there is. */

enum entry { BY_TASK, BY_CORE, BY_DISCARD, BY_FRAME, ENTRIES };

/* The flags that reach a source; one bit is unknown. */
static const unsigned flag_sets[] = {
    0,
    MAG_AWAIT_CONTEXT,
    MAG_AWAIT_FLOW,
    MAG_AWAIT_CONTEXT | MAG_AWAIT_FLOW,
    MAG_AWAIT_HOME,
    1U << 20,
};
enum { FLAG_SETS = sizeof(flag_sets) / sizeof(flag_sets[0]) };

struct way {
    enum entry entry;
    unsigned flags;
    bool come_back; /* how the task is configured */
};

MAG_VTASK_DEFINE(word_task, uint64_t)

MAG_ASYNC(word_task, read_in_frame, (mag_vtask, task), uint64_t word;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->word, word_task_of(f->task));
    return word_task_result(f->word);
    MAG_END(f);
}

/* A frame and a discard have no flags of their own, so each is tried only once. */
static bool is_a_way(const struct way *way)
{
    return way->entry == BY_TASK || way->entry == BY_CORE || way->flags == 0;
}

static int await_in_frame(mag_vtask task)
{
    word_task waiting = read_in_frame(task);
    uint64_t word;

    /* If the await was refused, the function has ended with the code; else it is
     * pending. */
    return mag_vtask_status(waiting.task) == MAG_PENDING ? mag_vtask_discard(waiting.task)
                                                         : word_task_get(waiting, &word);
}

static int await_by(const struct way *way, mag_vtask task, struct mag_core *core,
                    struct probe *probe)
{
    task = mag_vtask_configure(task, way->come_back);
    switch (way->entry) {
    case BY_TASK:
        return mag_vtask_on_completed(task, &probe->continuation, way->flags);
    case BY_CORE:
        return mag_core_on_completed(core, task.payload, &probe->continuation,
                                     way->flags);
    case BY_DISCARD:
        return mag_core_discard(core, task.payload);
    default:
        return await_in_frame(task);
    }
}

static struct way way_of(unsigned number)
{
    return (struct way){(enum entry)(number % ENTRIES),
                        flag_sets[number / ENTRIES % FLAG_SETS],
                        number / ENTRIES / FLAG_SETS != 0};
}
enum { WAYS = ENTRIES * FLAG_SETS * 2 };

static void await_twice(const struct way *one, const struct way *other)
{
    struct probe first = probe_make(), second = probe_make();
    void *object = NULL;
    uint64_t word = 0;

    assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
    struct mag_operation *operation = object;
    mag_vtask task = mag_operation_task(operation);
    bool probed = one->entry == BY_TASK || one->entry == BY_CORE;

    assert_int_equal(await_by(one, task, &operation->core, &first), 0);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(await_by(other, task, &operation->core, &second),
                         MAG_E_CONTINUATION);
    assert_int_equal(mag_vtask_status(task), MAG_PENDING);
    assert_int_equal(mag_core_set_result(&operation->core, 11), 0);
    assert_int_equal(probe_runs(&first), probed);
    assert_int_equal(probe_runs(&second), 0);
    if (probed) {
        /* After the first continuation has run, it is still the only one; a frame would
         * just read. */
        if (other->entry != BY_FRAME)
            assert_int_equal(await_by(other, task, &operation->core, &second),
                             MAG_E_CONTINUATION);
        assert_int_equal(mag_vtask_get(task, &word), 0);
        assert_int_equal(word, 11);
    }
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    assert_int_equal(probe_runs(&second), 0);
}

/* VT-143 */
static void a_second_continuation_is_refused_for_every_mix_of_entries(void **state)
{
    unsigned pairs = 0;
    (void)state;

    for (unsigned i = 0; i < WAYS; i++) {
        for (unsigned j = 0; j < WAYS; j++) {
            struct way one = way_of(i), other = way_of(j);
            /* A discard of a complete task is refused for another reason. */
            if (!is_a_way(&one) || !is_a_way(&other) || other.entry == BY_DISCARD)
                continue;
            await_twice(&one, &other);
            pairs++;
        }
    }
    assert_int_equal(pairs, 28 * 26);
}

static void *await_elsewhere(void *arg)
{
    struct probe *probe = arg;
    mag_vtask *task = probe->arg;
    int r = mag_vtask_on_completed(*task, &probe->continuation, 0);

    return (void *)(intptr_t)r;
}

/* VT-143 */
static void the_swap_refuses_what_the_look_did_not_see(void **state)
{
    uint32_t rounds = test_rounds(300);
    (void)state;

    for (uint32_t i = 0; i < rounds; i++) {
        struct probe mine = probe_make(), theirs = probe_make();
        void *object = NULL, *said = NULL;
        pthread_t thread;
        uint64_t word = 0;

        assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
        struct mag_operation *operation = object;
        /* Not biased to this thread, so that both register by the swap. */
        atomic_store_explicit(&operation->core.slot, MAG_SLOT_EMPTY,
                              memory_order_relaxed);
        mag_vtask task = mag_operation_task(operation);
        theirs.arg = &task;
        assert_int_equal(pthread_create(&thread, NULL, await_elsewhere, &theirs), 0);
        int r = mag_vtask_on_completed(task, &mine.continuation, 0);
        assert_int_equal(pthread_join(thread, &said), 0);
        assert_int_equal(r + (int)(intptr_t)said, MAG_E_CONTINUATION);
        assert_int_equal(mag_core_set_result(&operation->core, 1), 0);
        assert_int_equal(probe_runs(&mine), r == 0);
        assert_int_equal(probe_runs(&theirs), r != 0);
        assert_int_equal(mag_vtask_get(task, &word), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_continuation_is_refused_for_every_mix_of_entries),
        cmocka_unit_test(the_swap_refuses_what_the_look_did_not_see),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
