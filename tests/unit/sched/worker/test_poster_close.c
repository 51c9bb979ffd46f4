/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: the file is compiled into this test, with its sleep replaced. */
#include "tests/support/sched/fake.h"

#include "sched/worker/self.h"

static void poster_leaves(int64_t nap_ns);

#define mag_os_nap poster_leaves
/* NOLINTNEXTLINE(bugprone-suspicious-include): what it calls is replaced above. */
#include "sched/worker/self.c"
#undef mag_os_nap

static unsigned naps;

static void poster_leaves(int64_t nap_ns)
{
    /* Ignores the nap that stands for a barrier. */
    if (nap_ns == POST_NAP_NS) {
        naps++;
        mag_poster_leave(&fake.sched, &mag_self);
    }
}

static void closing_waits_for_posters_that_are_only_counted(void **state)
{
    (void)state;

    fake_begin(1);
    (void)mag_asym_init();
    assert_null(mag_self.poster);
    assert_int_equal(mag_poster_enter_counted(&fake.sched), 0);
    assert_true(mag_poster_close(&fake.sched, INT64_MAX));
    assert_int_equal(naps, 1);
    assert_int_equal(mag_poster_enter_counted(&fake.sched), -ESHUTDOWN);
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
