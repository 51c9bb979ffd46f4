/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/policy/reseat.h"

static const uint32_t NOWHERE = UINT32_MAX; /* NOLINT(readability-identifier-naming) */

static uint32_t find_home(const struct mag_reseat *all, uint32_t home)
{
    for (uint32_t i = 0; i < all->count; i++) {
        if (all->usable[i] == home)
            return i;
    }
    return NOWHERE;
}

void mag_reseat(const struct mag_reseat *all, uint32_t *ret_seats, bool *taken)
{
    uint32_t next = 0;
    uint32_t turn = 0;

    for (uint32_t i = 0; i < all->count; i++)
        taken[i] = false;
    for (uint32_t i = 0; i < all->workers; i++) {
        ret_seats[i] = find_home(all, all->homes[i]);
        if (ret_seats[i] != NOWHERE)
            taken[ret_seats[i]] = true;
    }
    for (uint32_t i = 0; i < all->workers; i++) {
        if (ret_seats[i] != NOWHERE)
            continue;
        while (next < all->count && taken[next])
            next++;
        /* There is a seat for each worker that asks. */
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero) */
        ret_seats[i] = next < all->count ? next++ : turn++ % all->count;
    }
}
