/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mirror.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

/* Maps the pages at `bytes` once more, behind them. */
static int map_again(char *bytes, size_t size)
{
    /* Of a shared mapping an old size of 0 asks for a second one of the same pages. */
    void *again = mremap(bytes, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, bytes + size);

    return again == MAP_FAILED ? -ENOMEM : 0;
}

int mag_mirror_map(size_t size, void **ret_bytes)
{
    if (size > SIZE_MAX / 2)
        return -ENOMEM;
    void *bytes =
        mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (bytes == MAP_FAILED)
        return -ENOMEM;
    /* A child that wrote to the memory would write to the parent's. */
    if (map_again(bytes, size) != 0 || madvise(bytes, 2 * size, MADV_DONTFORK) != 0) {
        (void)munmap(bytes, 2 * size);
        return -ENOMEM;
    }
    *ret_bytes = bytes;
    return 0;
}

void mag_mirror_unmap(void *bytes, size_t size)
{
    (void)munmap(bytes, 2 * size);
}
