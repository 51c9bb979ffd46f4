/*
 * Sorts under bad circumstances: orders that make every division bad, orders that are
 * none, and no memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/fault.h"
#include "tests/support/sched/sortable.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

/* -------------------------------------------------------------------- bad inputs */

enum { VICTIMS = 4000, SOLID_NONE = 2 * VICTIMS, LONG = 65536 };

/* An order that decides only when it is asked, and then so that the pivot of a quicksort
 * becomes the least item: M. McIlroy, A Killer Adversary for Quicksort, 1999. */
struct adversary {
    uint32_t values[VICTIMS]; /* SOLID_NONE: not decided yet */
    uint32_t solid;
    uint32_t candidate;
    uint64_t comparisons;
};

/* NOLINTNEXTLINE(readability-function-size): name_sort_with has many parameters. */
MAG_SORT(adverse, uint32_t, struct adversary *, adversary)
static bool adverse(const uint32_t *a, const uint32_t *b, struct adversary *adversary)
{
    uint32_t *values = adversary->values;

    adversary->comparisons++;
    if (values[*a] == SOLID_NONE && values[*b] == SOLID_NONE)
        values[*a == adversary->candidate ? *a : *b] = adversary->solid++;
    if (values[*a] == SOLID_NONE)
        adversary->candidate = *a;
    else if (values[*b] == SOLID_NONE)
        adversary->candidate = *b;
    return values[*a] < values[*b];
}

static void no_order_takes_more_than_n_log_n_comparisons(void **state)
{
    static struct adversary adversary;
    static uint32_t items[VICTIMS];
    uint64_t log2 = 12;
    (void)state;

    for (int stable = 0; stable < 2; stable++) {
        for (uint32_t i = 0; i < VICTIMS; i++) {
            items[i] = i;
            adversary.values[i] = SOLID_NONE;
        }
        adversary.solid = 0;
        adversary.comparisons = 0;
        assert_int_equal(stable ? adverse_sort_stable(NULL, items, VICTIMS, &adversary)
                                : adverse_sort(NULL, items, VICTIMS, &adversary),
                         0);
        for (uint32_t i = 1; i < VICTIMS; i++)
            assert_true(adversary.values[items[i - 1]] <= adversary.values[items[i]]);
        assert_true(adversary.comparisons < 6 * VICTIMS * log2);
    }
}

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_SORT(counted, uint32_t, uint64_t *, comparisons)
static bool counted(const uint32_t *a, const uint32_t *b, uint64_t *comparisons)
{
    ++*comparisons;
    return *a < *b;
}

/* Comparisons of a sort in place by one thread. */
static uint64_t comparisons_of(enum sortable_shape shape, size_t count, uint64_t *random)
{
    static uint32_t items[LONG];
    struct counted_sort_options alone = {.leaf_count = SIZE_MAX};
    uint64_t comparisons = 0;

    for (size_t i = 0; i < count; i++)
        items[i] = sortable_key(shape, i, count, random);
    assert_int_equal(counted_sort_with(NULL, &alone, items, count, &comparisons), 0);
    for (size_t i = 1; i < count; i++)
        assert_true(items[i - 1] <= items[i]);
    return comparisons;
}

static void no_shape_takes_more_than_n_log_n_comparisons(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (int shape = 0; shape < SORTABLE_SHAPES; shape++) {
        uint64_t log2 = 8;

        for (size_t count = 256; count <= LONG; count *= 2, log2++)
            assert_true(comparisons_of((enum sortable_shape)shape, count, &random) <
                        2 * count * log2);
    }
}

static void nearly_sorted_items_take_fewer_comparisons_than_random_ones(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (size_t count = 4096; count <= LONG; count *= 4)
        assert_true(4 * comparisons_of(SORTABLE_NEARLY, count, &random) <
                    3 * comparisons_of(SORTABLE_RANDOM, count, &random));
}

/* ------------------------------------------------------------------------ no orders */

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_SORT(never_sure, uint32_t, uint64_t, seed)
static bool never_sure(const uint32_t *a, const uint32_t *b, uint64_t seed)
{
    uint64_t mixed = (seed ^ (*a * UINT64_C(0x9e3779b97f4a7c15))) + *b;

    return mixed * UINT64_C(0xd1342543de82ef95) >> 63 != 0;
}

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_SORT(not_above, uint32_t, void)
static bool not_above(const uint32_t *a, const uint32_t *b)
{
    return *a <= *b;
}

enum { MOST = 50000, EDGE = 8, EDGE_VALUE = 4711 };

static void what_is_no_order_touches_only_the_array(void **state)
{
    static uint32_t items[MOST + 2 * EDGE];
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (uint32_t round = 0; round < test_rounds(120); round++) {
        size_t count = sortable_size(&random, MOST);
        uint64_t seed = test_random(&random);

        for (size_t i = 0; i < count + 2 * EDGE; i++)
            items[i] = i < EDGE || i >= count + EDGE ? EDGE_VALUE
                                                     : test_random_below(&random, 1000);
        if (round % 4 == 0)
            assert_int_equal(never_sure_sort(sched, items + EDGE, count, seed), 0);
        else if (round % 4 == 1)
            assert_int_equal(never_sure_sort_stable(sched, items + EDGE, count, seed), 0);
        else if (round % 4 == 2)
            assert_int_equal(not_above_sort(sched, items + EDGE, count), 0);
        else
            assert_int_equal(not_above_sort_stable(sched, items + EDGE, count), 0);
        for (size_t i = 0; i < EDGE; i++) {
            assert_int_equal(items[i], EDGE_VALUE);
            assert_int_equal(items[EDGE + count + i], EDGE_VALUE);
        }
        for (size_t i = 0; i < count; i++)
            assert_true(items[EDGE + i] < 1000);
    }
    mag_sched_destroy(sched);
}

/* Memory between pages that cannot be touched: `count` items up to the second one. */
struct fenced {
    char *pages;
    size_t bytes;
};

static uint32_t *fenced_make(struct fenced *fenced, size_t count)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    fenced->bytes = (count * sizeof(uint32_t) + page - 1) / page * page + 2 * page;
    fenced->pages = mmap(NULL, fenced->bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(fenced->pages, MAP_FAILED);
    assert_int_equal(mprotect(fenced->pages, page, PROT_NONE), 0);
    assert_int_equal(mprotect(fenced->pages + fenced->bytes - page, page, PROT_NONE), 0);
    return (uint32_t *)(void *)(fenced->pages + fenced->bytes - page) - count;
}

/* Answers differently each time; `of_ten` times of ten as an order would. */
/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_SORT(fickle, uint32_t, uint64_t, seed, uint32_t, of_ten)
static bool fickle(const uint32_t *a, const uint32_t *b, uint64_t seed, uint32_t of_ten)
{
    static _Thread_local uint64_t calls;
    uint64_t mixed = (seed + ++calls) * UINT64_C(0x9e3779b97f4a7c15);
    bool is_before = *a < *b;

    return (mixed >> 33) % 10 < of_ten ? is_before : !is_before;
}

static void sort_fickly(struct mag_sched *sched, size_t count, uint64_t *random)
{
    struct fenced fenced;
    uint32_t *items = fenced_make(&fenced, count);
    uint64_t seed = test_random(random);
    uint32_t of_ten = 5 + test_random_below(random, 5);

    for (size_t i = 0; i < count; i++)
        items[i] = test_random_below(random, 100);
    assert_int_equal(fickle_sort(sched, items, count, seed, of_ten), 0);
    assert_int_equal(fickle_sort_stable(sched, items, count, seed, of_ten), 0);
    for (size_t i = 0; i < count; i++)
        assert_true(items[i] < 100);
    assert_int_equal(munmap(fenced.pages, fenced.bytes), 0);
}

static void what_changes_its_answers_reads_and_writes_only_the_array(void **state)
{
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (uint32_t round = 0; round < test_rounds(20); round++) {
        for (size_t count = 0; count < 300; count++)
            sort_fickly(sched, count, &random);
        sort_fickly(sched, sortable_size(&random, MOST), &random);
    }
    mag_sched_destroy(sched);
}

/* --------------------------------------------------------------------------- memory */

struct pair {
    uint32_t key;
    uint32_t at;
};
SORTABLE(pair)

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_SORT(pair_before, struct pair, void)
static bool pair_before(const struct pair *a, const struct pair *b)
{
    return a->key < b->key;
}

static struct pair pairs[MOST];

static void without_memory_a_stable_sort_leaves_the_array_as_it_was(void **state)
{
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    pairs_fill(pairs, MOST, SORTABLE_RANDOM, &random);
    test_fail_allocation(1);
    assert_int_equal(pair_before_sort_stable(sched, pairs, MOST), -ENOMEM);
    assert_true(test_has_failed());
    for (uint32_t i = 0; i < MOST; i++)
        assert_int_equal(pairs[i].at, i);
    assert_int_equal(pair_before_sort_stable(sched, pairs, MOST), 0);
    pairs_sorted(pairs, MOST, true);
    mag_sched_destroy(sched);
}

static void only_a_large_stable_sort_allocates(void **state)
{
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(2);
    int64_t live = test_live_allocations();
    uint64_t before;
    (void)state;

    /* The first computation from outside may make a place for the guest. */
    pairs_fill(pairs, MOST, SORTABLE_RANDOM, &random);
    assert_int_equal(pair_before_sort(sched, pairs, MOST), 0);
    before = test_allocations();
    pairs_fill(pairs, MOST, SORTABLE_RANDOM, &random);
    assert_int_equal(pair_before_sort(sched, pairs, MOST), 0);
    pairs_fill(pairs, 100, SORTABLE_RANDOM, &random);
    assert_int_equal(pair_before_sort_stable(sched, pairs, 100), 0);
    assert_int_equal(test_allocations(), before);
    pairs_fill(pairs, MOST, SORTABLE_RANDOM, &random);
    assert_int_equal(pair_before_sort_stable(sched, pairs, MOST), 0);
    assert_int_equal(test_allocations(), before + 1);
    assert_int_equal(test_live_allocations(), live);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------ threads that end */

enum { ANY_WORKER = -1 };

/* Which worker began the sort, and which other one has ended its thread. */
struct ending {
    _Atomic(int) first;
    _Atomic(int) ended;
};

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_SORT(ending_before, uint32_t, struct ending *, ending)
static bool ending_before(const uint32_t *a, const uint32_t *b, struct ending *ending)
{
    int here = (int)mag_sched_worker();
    int first = ANY_WORKER;
    int ended = ANY_WORKER;

    /* relaxed: the end of the sort orders the rest. */
    if (!atomic_compare_exchange_strong_explicit(
            &ending->first, &first, here, memory_order_relaxed, memory_order_relaxed) &&
        first != here &&
        atomic_compare_exchange_strong_explicit(
            &ending->ended, &ended, here, memory_order_relaxed, memory_order_relaxed))
        pthread_exit(NULL);
    if (*a % 64 == 0)
        (void)sched_yield();
    return *a < *b;
}

/* Sorts until a thief has ended its thread.  False: none has come in many sorts. */
static bool end_a_thief(struct mag_sched *sched, bool stable)
{
    static uint32_t items[LONG];
    struct ending_before_sort_options options = {.stable = stable};
    uint64_t random = test_seed();

    for (int round = 0; round < 1000; round++) {
        struct ending ending;

        atomic_init(&ending.first, ANY_WORKER);
        atomic_init(&ending.ended, ANY_WORKER);
        for (size_t i = 0; i < LONG; i++)
            items[i] = (uint32_t)test_random(&random);
        int r = ending_before_sort_with(sched, &options, items, LONG, &ending);
        /* relaxed: the sort has ended. */
        int ended = atomic_load_explicit(&ending.ended, memory_order_relaxed);
        if (ended != ANY_WORKER) {
            assert_int_equal(r, -EOWNERDEAD);
            return true;
        }
        assert_int_equal(r, 0);
    }
    return false;
}

static void an_order_that_ends_the_thread_of_a_thief_fails_the_sort(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(2);
    (void)state;

    for (int round = 0; round < 10; round++) {
        assert_true(end_a_thief(sched, false));
        assert_true(end_a_thief(sched, true));
    }
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_order_takes_more_than_n_log_n_comparisons),
        cmocka_unit_test(no_shape_takes_more_than_n_log_n_comparisons),
        cmocka_unit_test(nearly_sorted_items_take_fewer_comparisons_than_random_ones),
        cmocka_unit_test(what_is_no_order_touches_only_the_array),
        cmocka_unit_test(what_changes_its_answers_reads_and_writes_only_the_array),
        cmocka_unit_test(without_memory_a_stable_sort_leaves_the_array_as_it_was),
        cmocka_unit_test(only_a_large_stable_sort_allocates),
        cmocka_unit_test(an_order_that_ends_the_thread_of_a_thief_fails_the_sort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
