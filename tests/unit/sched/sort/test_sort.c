/*
 * Sorts of arrays of all shapes, sizes and types on several numbers of workers: the items
 * come out in order, each once, and in their old order where they are equal.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/sortable.h"

#include <errno.h>
#include <magpie/default.h>

enum { MOST = 70000 };

/* -------------------------------------------------------------------------- types */

struct pair {
    uint32_t key;
    uint32_t at;
};
SORTABLE(pair)

/* NOLINTNEXTLINE(readability-function-size): name_sort_with has many parameters. */
MAG_SORT(pair_before, struct pair, void)
static bool pair_before(const struct pair *a, const struct pair *b)
{
    return a->key < b->key;
}

/* Moved with branches only. */
struct heavy {
    uint32_t key;
    uint32_t at;
    char rest[92];
};
SORTABLE(heavy)

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_SORT(heavy_before, struct heavy, void)
static bool heavy_before(const struct heavy *a, const struct heavy *b)
{
    return a->key < b->key;
}

/* Of an odd size. */
struct odd {
    uint16_t key;
    uint32_t at;
    char rest[3];
} __attribute__((packed));
SORTABLE(odd)

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_SORT(odd_before, struct odd, void)
static bool odd_before(const struct odd *a, const struct odd *b)
{
    return a->key < b->key;
}

struct aligned {
    uint64_t key;
    uint32_t at;
} __attribute__((aligned(64)));
SORTABLE(aligned)

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_SORT(aligned_before, struct aligned, void)
static bool aligned_before(const struct aligned *a, const struct aligned *b)
{
    return a->key < b->key;
}

#define SORTS_ARE_RIGHT(type, most)                                                      \
    static void type##s_come_out_in_order(void **state)                                  \
    {                                                                                    \
        uint64_t random = test_seed();                                                   \
        struct type *items = aligned_alloc(64, (most) * sizeof(*items) / 64 * 64 + 64);  \
        (void)state;                                                                     \
                                                                                         \
        assert_non_null(items);                                                          \
        for (uint32_t workers = 1; workers <= 5;                                         \
             workers = workers * 2 + 1 - workers / 2) {                                  \
            struct mag_sched *sched = test_sched_start(workers);                         \
                                                                                         \
            for (uint32_t i = 0; i < test_rounds(200); i++) {                            \
                enum sortable_shape shape = i % SORTABLE_SHAPES;                         \
                size_t count = sortable_size(&random, most);                             \
                bool stable = test_random_below(&random, 2) != 0;                        \
                                                                                         \
                type##s_fill(items, count, shape, &random);                              \
                assert_int_equal(stable ? type##_before_sort_stable(sched, items, count) \
                                        : type##_before_sort(sched, items, count),       \
                                 0);                                                     \
                type##s_sorted(items, count, stable);                                    \
            }                                                                            \
            mag_sched_destroy(sched);                                                    \
        }                                                                                \
        free(items);                                                                     \
    }

SORTS_ARE_RIGHT(pair, MOST)
SORTS_ARE_RIGHT(heavy, 20000)
SORTS_ARE_RIGHT(odd, MOST)
SORTS_ARE_RIGHT(aligned, 20000)

/* ------------------------------------------------------------- plain numbers */

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_SORT(rising, double, void)
static bool rising(const double *a, const double *b)
{
    return *a < *b;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;

    return (*x > *y) - (*x < *y);
}

static void numbers_come_out_as_qsort_sorts_them(void **state)
{
    static double numbers[MOST];
    static double wanted[MOST];
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (uint32_t i = 0; i < test_rounds(100); i++) {
        size_t count = sortable_size(&random, MOST);

        for (size_t k = 0; k < count; k++)
            numbers[k] = wanted[k] =
                sortable_key(i % SORTABLE_SHAPES, k, count, &random) / 3.0;
        qsort(wanted, count, sizeof(*wanted), compare_doubles);
        assert_int_equal(i / SORTABLE_SHAPES % 2 != 0
                             ? rising_sort_stable(sched, numbers, count)
                             : rising_sort(sched, numbers, count),
                         0);
        assert_memory_equal(numbers, wanted, count * sizeof(*numbers));
    }
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------ arguments of the order */

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_SORT(by_key, uint32_t, const struct pair *, pairs, bool, falling)
static bool by_key(const uint32_t *a, const uint32_t *b, const struct pair *pairs,
                   bool falling)
{
    return falling ? pairs[*a].key > pairs[*b].key : pairs[*a].key < pairs[*b].key;
}

static void an_order_has_arguments(void **state)
{
    static struct pair pairs[MOST];
    static uint32_t indices[MOST];
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (int falling = 0; falling < 2; falling++) {
        pairs_fill(pairs, MOST, SORTABLE_FEW, &random);
        for (uint32_t i = 0; i < MOST; i++)
            indices[i] = i;
        assert_int_equal(by_key_sort_stable(sched, indices, MOST, pairs, falling), 0);
        for (uint32_t i = 1; i < MOST; i++) {
            uint32_t a = pairs[indices[i - 1]].key;
            uint32_t b = pairs[indices[i]].key;

            assert_true(a == b ? indices[i - 1] < indices[i] : (a > b) == falling);
        }
    }
    mag_sched_destroy(sched);
}

/* --------------------------------------------------------------- leaves, scratch */

static _Atomic(uint64_t) leaves;
static _Atomic(uint64_t) larger;

enum { LEAF = 1000 };

static void sort_leaf_of_pairs(struct pair *items, size_t count)
{
    (void)test_add(&leaves, 1);
    if (count > LEAF)
        (void)test_add(&larger, 1);
    for (size_t i = 1; i < count; i++) {
        struct pair item = items[i];
        size_t k = i;

        for (; k > 0 && item.key < items[k - 1].key; k--)
            items[k] = items[k - 1];
        items[k] = item;
    }
}

static void a_given_sorter_sorts_the_leaves(void **state)
{
    static struct pair pairs[MOST];
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (int stable = 0; stable < 2; stable++) {
        struct pair_before_sort_options options = {
            .stable = stable != 0, .leaf = sort_leaf_of_pairs, .leaf_count = LEAF};

        for (size_t count = 10; count <= 30000; count *= 5) {
            atomic_init(&leaves, 0);
            atomic_init(&larger, 0);
            pairs_fill(pairs, count, SORTABLE_RANDOM, &random);
            assert_int_equal(pair_before_sort_with(sched, &options, pairs, count), 0);
            pairs_sorted(pairs, count, stable != 0);
            assert_true(test_read(&leaves) >= count / LEAF);
            assert_int_equal(test_read(&larger), 0);
        }
    }
    mag_sched_destroy(sched);
}

static void scratch_can_be_given(void **state)
{
    static struct pair pairs[MOST];
    static struct pair scratch[MOST + 1];
    struct pair_before_sort_options options = {.stable = true, .scratch = scratch};
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (size_t count = 3; count <= MOST; count *= 3) {
        pairs_fill(pairs, count, SORTABLE_FEW, &random);
        scratch[count].at = 77;
        assert_int_equal(pair_before_sort_with(sched, &options, pairs, count), 0);
        pairs_sorted(pairs, count, true);
        assert_int_equal(scratch[count].at, 77);
    }
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------- from where */

MAG_FORKABLE(int, sort_halves, struct pair *, items, size_t, count)
static int sort_halves(mag_fork w, struct pair *items, size_t count)
{
    struct pair_before_sort_options stable = {.stable = true};

    if (count <= MOST / 2)
        return pair_before_sort_in(w, NULL, items, count);
    struct sort_halves_child child =
        sort_halves_fork(&w, items + count / 2, count - count / 2);
    int error = sort_halves(w, items, count / 2);

    error |= sort_halves_join(&w, child);
    return error | pair_before_sort_in(w, &stable, items, count);
}

static void forked_functions_sort(void **state)
{
    static struct pair pairs[MOST];
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(2);
    int error = -1;
    (void)state;

    pairs_fill(pairs, MOST, SORTABLE_RANDOM, &random);
    assert_int_equal(sort_halves_run(sched, &error, pairs, MOST), 0);
    assert_int_equal(error, 0);
    pairs_sorted(pairs, MOST, false);
    mag_sched_destroy(sched);
}

MAG_FORKABLE(int, sort_untyped, const struct mag_sort_call *, call)
static int sort_untyped(mag_fork w, const struct mag_sort_call *call)
{
    return mag_sort_run_in(w, call);
}

static void another_language_sorts_through_a_table(void **state)
{
    static struct pair pairs[MOST];
    struct mag_sort_call call = {
        .kind = &pair_before_kind, .items = pairs, .count = MOST, .stable = true};
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(2);
    int error = -1;
    (void)state;

    pairs_fill(pairs, MOST, SORTABLE_FEW, &random);
    assert_int_equal(mag_sort_run(sched, &call), 0);
    pairs_sorted(pairs, MOST, true);
    pairs_fill(pairs, MOST, SORTABLE_FEW, &random);
    assert_int_equal(sort_untyped_run(sched, &error, &call), 0);
    assert_int_equal(error, 0);
    pairs_sorted(pairs, MOST, true);
    mag_sched_destroy(sched);
}

static void without_a_scheduler_it_is_the_default(void **state)
{
    static struct pair pairs[MOST];
    uint64_t random = test_seed();
    (void)state;

    pairs_fill(pairs, MOST, SORTABLE_RANDOM, &random);
    assert_int_equal(pair_before_sort(NULL, pairs, MOST), 0);
    pairs_sorted(pairs, MOST, false);
}

static void a_stopped_scheduler_sorts_only_what_needs_no_worker(void **state)
{
    static struct pair pairs[MOST];
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(1);
    (void)state;

    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    pairs_fill(pairs, MOST, SORTABLE_FALLING, &random);
    assert_int_equal(pair_before_sort(sched, pairs, MOST), -ESHUTDOWN);
    assert_int_equal(pair_before_sort_stable(sched, pairs, MOST), -ESHUTDOWN);
    assert_int_equal(pairs[0].at, 0);
    assert_int_equal(pair_before_sort(sched, pairs, MAG_SORT_ALONE), 0);
    assert_int_equal(pairs[0].at, MAG_SORT_ALONE - 1);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_come_out_in_order),
        cmocka_unit_test(heavys_come_out_in_order),
        cmocka_unit_test(odds_come_out_in_order),
        cmocka_unit_test(aligneds_come_out_in_order),
        cmocka_unit_test(numbers_come_out_as_qsort_sorts_them),
        cmocka_unit_test(an_order_has_arguments),
        cmocka_unit_test(a_given_sorter_sorts_the_leaves),
        cmocka_unit_test(scratch_can_be_given),
        cmocka_unit_test(forked_functions_sort),
        cmocka_unit_test(another_language_sorts_through_a_table),
        cmocka_unit_test(without_a_scheduler_it_is_the_default),
        cmocka_unit_test(a_stopped_scheduler_sorts_only_what_needs_no_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
