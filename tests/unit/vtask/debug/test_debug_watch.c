/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/debug.h"

#include <setjmp.h>

/* A watch need not return: it may jump to another place of its program. */
struct jumper {
    struct mag_misuse_watch watch; /* first */
    unsigned told;
    jmp_buf back;
};

static struct jumper jumper;

static void make_misuse(void)
{
    mag_vtask task;

    assert_int_equal(mag_vtask_from_error(0, 0, &task), MAG_E_ARG);
}

static void jump(struct mag_misuse_watch *watch, const struct mag_misuse *misuse)
{
    (void)watch;
    (void)misuse;
    jumper.told++;
    /* Not reported, because the watch itself causes it. */
    make_misuse();
    longjmp(jumper.back, 1); /* NOLINT(*-err52-*): this is what is tested. */
}

/* Causes misuse below `depth` frames of this function. */
static NOT_INLINE void misuse_at_depth(unsigned depth)
{
    volatile char room[64];

    room[0] = (char)depth;
    if (depth == 0)
        make_misuse();
    else
        misuse_at_depth(depth - 1);
    room[1] = room[0];
}

static void a_watch_that_jumps_away_is_called_again(void **state)
{
    /* As deep as before, deeper, and less deep. */
    static const unsigned depths[] = {3, 3, 40, 3, 0, 7, 7};
    enum { CALLS = sizeof(depths) / sizeof(depths[0]) };
    (void)state;

    jumper.watch.told = jump;
    (void)mag_debug_watch(&jumper.watch);
    for (volatile unsigned i = 0; i < CALLS; i++) {
        if (setjmp(jumper.back) == 0) { /* NOLINT(*-err52-*) */
            misuse_at_depth(depths[i]);
            fail();
        }
        assert_int_equal(jumper.told, i + 1);
    }
    (void)mag_debug_watch(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_that_jumps_away_is_called_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
