/*
 * The stack of a pool in the form with ck, which is the usual one: its two fences around
 * ck's relaxed swaps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/pool_storm.h"

int main()
{
    return run_model<storm_model>(100000);
}
