/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: the locks of pools, including that of the stack without ck. */
#include "tests/support/base/turns.h"

#define MAG_POOL_WITHOUT_CK
#include "numa/pool/magazine.h"

static int set_up(void **state)
{
    (void)state;
    yields = naps = 0;
    return 0;
}

static struct mag_member member;

static void member_is_let_go(void)
{
    mag_member_unlock(&member);
}

static void a_thread_that_waits_for_a_latch_lets_its_holder_run(void **state)
{
    (void)state;

    atomic_init(&member.latch, 1);
    let_go = member_is_let_go;
    mag_member_lock(&member);
    assert_slept();
}

static struct mag_pool_stack stack;
static mag_pool_link pushed;

static void pop_is_over(void)
{
    /* relaxed: one thread. */
    atomic_store_explicit(&stack.popping, 0, memory_order_relaxed);
}

static void a_pop_that_waits_for_another_lets_it_run(void **state)
{
    (void)state;

    mag_pool_stack_init(&stack);
    mag_pool_stack_push(&stack, &pushed);
    /* relaxed: one thread. */
    atomic_store_explicit(&stack.popping, 1, memory_order_relaxed);
    let_go = pop_is_over;
    assert_ptr_equal(mag_pool_stack_pop(&stack), &pushed);
    assert_slept();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_thread_that_waits_for_a_latch_lets_its_holder_run,
                               set_up),
        cmocka_unit_test_setup(a_pop_that_waits_for_another_lets_it_run, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
