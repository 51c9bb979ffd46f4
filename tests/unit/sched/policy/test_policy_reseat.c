/* SPDX-License-Identifier: Apache-2.0 */
/* Where workers sit when the usable PUs have changed, as a table. */
#include "sched/policy/reseat.h"
#include "tests/support/cmocka.h"

enum { MOST = 8 };

static void workers_keep_their_pus_and_the_others_get_what_is_left(void **state)
{
    static const struct {
        uint32_t workers, homes[MOST];
        uint32_t count, usable[MOST];
        uint32_t seats[MOST]; /* the system's numbers */
    } rows[] = {
        /* nothing has changed */
        {2, {0, 1}, 2, {0, 1}, {0, 1}},
        /* another order of the same PUs */
        {3, {4, 2, 0}, 3, {0, 2, 4}, {4, 2, 0}},
        /* a PU has gone: its worker shares another */
        {2, {0, 1}, 1, {1}, {1, 1}},
        /* a PU has gone, and another has come */
        {2, {0, 1}, 2, {1, 5}, {5, 1}},
        /* the best of what is left first */
        {3, {0, 1, 2}, 5, {7, 1, 6, 5, 4}, {7, 1, 6}},
        /* all are elsewhere, and there are too few */
        {5, {0, 1, 2, 3, 4}, 2, {8, 9}, {8, 9, 8, 9, 8}},
        /* more have come than workers need */
        {2, {0, 1}, 4, {0, 1, 2, 3}, {0, 1}},
        /* workers that share a PU from the beginning */
        {3, {3, 3, 0}, 2, {0, 3}, {3, 3, 0}},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mag_reseat all = {rows[i].homes, rows[i].workers, rows[i].usable,
                                 rows[i].count};
        uint32_t seats[MOST];
        bool taken[MOST];

        mag_reseat(&all, seats, taken);
        for (uint32_t j = 0; j < rows[i].workers; j++) {
            assert_true(seats[j] < rows[i].count);
            assert_int_equal(rows[i].usable[seats[j]], rows[i].seats[j]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_keep_their_pus_and_the_others_get_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
