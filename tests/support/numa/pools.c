/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/numa/pools.h"

#include "tests/support/run.h"

#include "numa/pool/magazine.h"

#include <inttypes.h>
#include <stdio.h>

static void tell(const struct mag_pool *pool, uint64_t taken)
{
    struct mag_pool_info info;

    mag_pool_query(pool, &info);
    if (taken != 0)
        (void)printf("%" PRIu64 " objects of %" PRIu32
                     " bytes are missing from their pool\n",
                     taken, info.stride);
}

bool test_pools_balance(uint64_t kept)
{
    double since = test_now();
    uint64_t taken;

    while ((taken = mag_pools_taken(NULL)) != kept && !test_gives_up(since))
        test_sleep_ms(1);
    if (taken == kept)
        return true;
    (void)printf("%" PRIu64 " objects have not been given back, and %" PRIu64
                 " should be kept\n",
                 taken, kept);
    (void)mag_pools_taken(tell);
    return false;
}
