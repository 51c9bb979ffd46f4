/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/nqueens.h"

uint64_t kernel_queens_serial(uint32_t full, uint32_t taken, uint32_t rising,
                              uint32_t falling)
{
    uint64_t count = 0;

    if (taken == full)
        return 1;
    for (uint32_t free = kernel_queens_free(full, taken, rising, falling); free != 0;
         free = kernel_queens_rest(free)) {
        uint32_t queen = kernel_queens_first(free);

        count +=
            kernel_queens_serial(full, taken | queen, kernel_queens_rising(rising, queen),
                                 kernel_queens_falling(falling, queen));
    }
    return count;
}
