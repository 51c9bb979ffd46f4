/*
 * The stack of a pool in the form without ck.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define MAG_POOL_WITHOUT_CK 1
#include "tests/model/pool_storm.h"

int main()
{
    return run_model<storm_model>(200000);
}
