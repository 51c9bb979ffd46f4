/*
 * The stack in the form that this processor uses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/numa/stack_storm.h"

int main(void)
{
    return storm_run();
}
