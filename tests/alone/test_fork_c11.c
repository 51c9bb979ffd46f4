/*
 * The deque and the join alone: these two files and C11 atomics, without the rest of the
 * library, without membarrier, and without the orders that x86 gives for free.
 *
 * White-box: both files are compiled into this program, which does not link the library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define MAG_ATOMIC_MODEL 1 /* <magpie/detail/atomic.h>: C11 operations and nothing else */

#define TEST_ALONE 1
#include "tests/support/cmocka.h"

/* NOLINTBEGIN(bugprone-suspicious-include): these files are all it needs. */
#include "sched/fork/deque.c"
#include "sched/fork/join.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include <magpie/barrier.h>
#include <pthread.h>
#include <sys/mman.h>

/* ------------------------------------------------- what the two files ask for */

void mag_barrier_heavy(void)
{
    mag_asym_light(true);
}

void mag_os_yield(void)
{
    (void)sched_yield();
}

void mag_os_nap(int64_t nap_ns)
{
    (void)nap_ns;
    (void)sched_yield();
}

void mag_os_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns)
{
    (void)timeout_ns;
    for (unsigned i = 0; i < 100; i++) {
        /* relaxed: like the kernel's own look at the word. */
        if (atomic_load_explicit(word, memory_order_relaxed) != expected)
            return;
        (void)sched_yield();
    }
}

void mag_os_wake(_Atomic(uint32_t) *word, int count)
{
    (void)word;
    (void)count;
}

/* -------------------------------------------------------------------- a storm */

enum { THREADS = 3, ROUNDS = 2000, DEPTH = 18 };

static struct mag_fork_stack *stacks[THREADS];
static _Atomic(bool) over;
static _Atomic(uint64_t) thefts;

MAG_FORKABLE(uint64_t, fib, unsigned, n)
static uint64_t fib(mag_fork w, unsigned n)
{
    if (n < 2)
        return n;
    struct fib_child child = fib_fork(&w, n - 2);
    uint64_t a = fib(w, n - 1);
    return a + fib_join(&w, child);
}

static void run_fib(mag_fork w, void *payload)
{
    *(uint64_t *)payload = fib(w, DEPTH);
}

static void steal_once(struct mag_fork_stack *own, struct mag_fork_stack *victim)
{
    struct mag_fork_taken taken;

    if (mag_fork_stack_steal(victim, NULL, own->slots, &taken) != MAG_FORK_STOLEN)
        return;
    /* relaxed: a counter. */
    (void)atomic_fetch_add_explicit(&thefts, 1, memory_order_relaxed);
    mag_fork_stack_run(own, &taken, own->slots);
}

static void *steal(void *arg)
{
    struct mag_fork_stack *own = arg;

    /* relaxed: the join of the threads follows. */
    while (!atomic_load_explicit(&over, memory_order_relaxed)) {
        for (unsigned i = 0; i < THREADS; i++) {
            if (stacks[i] != own)
                steal_once(own, stacks[i]);
        }
        (void)sched_yield();
    }
    return NULL;
}

static void storm(void)
{
    pthread_t threads[THREADS];
    unsigned wrong = 0;

    for (unsigned i = 1; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, steal, stacks[i]), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t result = 0;

        mag_fork_stack_root(stacks[0], run_fib, &result);
        wrong += result == 2584 ? 0 : 1;
    }
    /* relaxed: as above. */
    atomic_store_explicit(&over, true, memory_order_relaxed);
    for (unsigned i = 1; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(wrong, 0);
}

static struct mag_fork_slot *outer_entry, *inner_entry, *entry_after;

static void run_inner(mag_fork w, void *payload)
{
    (void)payload;
    inner_entry = mag_fork_stack_of(w.top)->entry;
}

static void run_outer(mag_fork w, void *payload)
{
    struct mag_fork_stack *stack = mag_fork_stack_of(w.top);
    struct fib_child child = fib_fork(&w, 1);

    outer_entry = stack->entry;
    mag_fork_stack_root(stack, run_inner, NULL);
    entry_after = stack->entry;
    *(uint64_t *)payload = fib_join(&w, child);
}

static void a_root_leaves_the_entry_to_the_function_that_it_stands_in(void)
{
    struct mag_fork_slot *before = stacks[0]->entry;
    uint64_t result = 0;

    mag_fork_stack_root(stacks[0], run_outer, &result);
    assert_int_equal(result, 1);
    assert_true(inner_entry > outer_entry);
    assert_ptr_equal(entry_after, outer_entry);
    assert_ptr_equal(stacks[0]->entry, before);
}

static void on_c11_atomics_alone_the_sums_are_right(void **state)
{
    const uintptr_t span = MAG_FORK_STACK_SPAN;
    char *memory = mmap(NULL, (THREADS + 1) * span, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    char *first = memory + (-(uintptr_t)memory & (span - 1));
    (void)state;

    if (memory == MAP_FAILED) {
        print_message("skipped: there is not so much address space\n");
        skip();
    }
    for (unsigned i = 0; i < THREADS; i++)
        stacks[i] = mag_fork_stack_init(first + i * span, span, 64, true);
    a_root_leaves_the_entry_to_the_function_that_it_stands_in();
    storm();
    /* relaxed: the threads have ended. */
    uint64_t count = atomic_load_explicit(&thefts, memory_order_relaxed);
    print_message("%lu thefts\n", (unsigned long)count);
    (void)munmap(memory, (THREADS + 1) * span);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_c11_atomics_alone_the_sums_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
