/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/skynet.h"

enum { WIDTH = KERNEL_SKYNET_WIDTH };

uint64_t kernel_skynet_serial(uint64_t first, uint64_t leaves)
{
    uint64_t sum = 0;

    if (leaves == 1)
        return first;
    for (uint64_t i = 0; i < WIDTH; i++)
        sum += kernel_skynet_serial(first + i * (leaves / WIDTH), leaves / WIDTH);
    return sum;
}
