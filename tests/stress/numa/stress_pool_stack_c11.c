/*
 * The stack in the form for processors without a double-width swap.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define MAG_POOL_WITHOUT_CK
#include "tests/support/numa/stack_storm.h"

int main(void)
{
    return storm_run();
}
