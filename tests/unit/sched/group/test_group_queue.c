/* SPDX-License-Identifier: Apache-2.0 */
/* White box: the queue of a group, node by node. */
#include "sched/group/queue.c" /* NOLINT(bugprone-suspicious-include) */

#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <stdlib.h>

enum { ENTRIES = 500, KEYS = 50 };

static struct mag_group_entry entries[ENTRIES];

/* Counts the nodes below `node`, and those that stand where they must not. */
static uint32_t check(const struct mag_group_entry *node, uint64_t *wrong)
{
    uint32_t count = 1;

    *wrong += rank_of(node->before) < rank_of(node->next);
    *wrong += node->rank != rank_of(node->next) + 1;
    for (int i = 0; i < 2; i++) {
        const struct mag_group_entry *child = i == 0 ? node->before : node->next;

        if (child == NULL)
            continue;
        *wrong += child->parent != node || !comes_before(node, child);
        count += check(child, wrong);
    }
    return count;
}

static void assert_sound(const struct mag_group_queue *queue, uint32_t count)
{
    uint64_t wrong = 0;

    if (queue->root != NULL) {
        assert_null(queue->root->parent);
        assert_int_equal(check(queue->root, &wrong), count);
    } else {
        assert_int_equal(count, 0);
    }
    assert_int_equal(wrong, 0);
}

static void a_heap_yields_jobs_by_key_and_equal_keys_in_order(void **state)
{
    struct mag_group_queue queue = {.first = NULL};
    uint64_t random = test_seed();
    const struct mag_group_entry *last = NULL;
    (void)state;

    for (uint32_t i = 0; i < ENTRIES; i++) {
        entries[i] = (struct mag_group_entry){
            .key = (int64_t)test_random_below(&random, KEYS) - KEYS / 2, .number = i};
        mag_group_heap_add(&queue, &entries[i]);
        assert_sound(&queue, i + 1);
    }
    for (uint32_t i = ENTRIES; i-- > 0;) {
        struct mag_group_entry *next = mag_group_queue_next(&queue);

        assert_true(last == NULL || comes_before(last, next));
        mag_group_queue_remove(&queue, next);
        assert_int_equal(next->rank, 0);
        assert_sound(&queue, i);
        last = next;
    }
    assert_null(mag_group_queue_next(&queue));
}

static void any_job_can_be_taken_out_of_a_heap(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t round = 0; round < test_rounds(20); round++) {
        struct mag_group_queue queue = {.first = NULL};
        uint32_t count = 0;
        bool in[ENTRIES] = {false};

        for (uint32_t step = 0; step < 4 * ENTRIES; step++) {
            uint32_t i = test_random_below(&random, ENTRIES);

            if (in[i]) {
                mag_group_queue_remove(&queue, &entries[i]);
            } else {
                entries[i] = (struct mag_group_entry){
                    .key = (int64_t)test_random_below(&random, KEYS), .number = step};
                mag_group_heap_add(&queue, &entries[i]);
            }
            count += in[i] ? -1U : 1U;
            in[i] = !in[i];
            assert_sound(&queue, count);
        }
    }
}

static void the_list_comes_before_the_heap(void **state)
{
    struct mag_group_queue queue = {.first = NULL};
    struct mag_group_entry keyed = {.key = -5};
    struct mag_group_entry one = {.key = 1};
    struct mag_group_entry two = {.key = 2};
    struct mag_group_entry three = {.key = 3};
    (void)state;

    mag_group_heap_add(&queue, &keyed);
    one.next = &two;
    two.before = &one;
    mag_group_queue_append(&queue, &one, &two);
    mag_group_queue_push_front(&queue, &three);
    assert_ptr_equal(mag_group_queue_next(&queue), &three);
    mag_group_queue_remove(&queue, &one);
    mag_group_queue_remove(&queue, &three);
    assert_ptr_equal(mag_group_queue_next(&queue), &two);
    mag_group_queue_remove(&queue, &two);
    assert_null(queue.last);
    assert_ptr_equal(mag_group_queue_next(&queue), &keyed);
    mag_group_queue_push_front(&queue, &one);
    mag_group_queue_append(&queue, &two, &two);
    assert_ptr_equal(one.next, &two);
    assert_ptr_equal(two.before, &one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heap_yields_jobs_by_key_and_equal_keys_in_order),
        cmocka_unit_test(any_job_can_be_taken_out_of_a_heap),
        cmocka_unit_test(the_list_comes_before_the_heap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
