/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/fib.h"

uint64_t kernel_fib_serial(int n)
{
    if (n < 2)
        return (uint64_t)n;
    return kernel_fib_serial(n - 1) + kernel_fib_serial(n - 2);
}
