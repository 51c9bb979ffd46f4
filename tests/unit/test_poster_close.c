/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: the file is compiled into this test, with its sleep replaced. */
#include "tests/unit/fake_sched.h"

#include "sched/self.h"

static void poster_leaves(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns);

#define mag_os_wait poster_leaves
/* NOLINTNEXTLINE(bugprone-suspicious-include): what it calls is replaced above. */
#include "sched/self.c"
#undef mag_os_wait

static unsigned naps;

static void poster_leaves(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns)
{
    (void)word;
    (void)expected;
    (void)timeout_ns;
    naps++;
    mag_poster_leave(&fake.sched, &mag_self);
}

static void closing_waits_for_posters_that_are_only_counted(void **state)
{
    (void)state;

    fake_begin(1);
    (void)mag_asym_init();
    assert_false(mag_self.registered);
    assert_true(mag_poster_enter_counted(&fake.sched));
    mag_poster_close(&fake.sched);
    assert_int_equal(naps, 1);
    assert_false(mag_poster_enter_counted(&fake.sched));
    /* relaxed: one thread. */
    assert_int_equal(atomic_load_explicit(&fake.sched.inflight, memory_order_relaxed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_waits_for_posters_that_are_only_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
