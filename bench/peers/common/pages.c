/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/peers/common/pages.h"

#include <stdlib.h>
#include <sys/mman.h>

void peer_memory_cleanup(struct peer_run *run)
{
    struct peer_memory *memory = run->data;

    for (int i = 0; memory != NULL && i < PEER_ARRAYS; i++) {
        if (memory->pages[i] != NULL)
            (void)munmap(memory->pages[i], memory->bytes);
    }
    free(memory);
}

struct peer_memory *peer_memory_map(struct peer_run *run, int arrays, size_t bytes)
{
    struct peer_memory *memory = calloc(1, sizeof(*memory));

    run->data = memory;
    if (memory == NULL)
        return NULL;
    memory->bytes = bytes;
    for (int i = 0; i < arrays; i++) {
        void *pages =
            mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (pages == MAP_FAILED) {
            peer_memory_cleanup(run);
            run->data = NULL;
            return NULL;
        }
        memory->pages[i] = pages;
    }
    if (arrays == PEER_ARRAYS)
        memory->triad = (struct kernel_triad){memory->pages[0], memory->pages[1],
                                              memory->pages[2], bytes / sizeof(double)};
    return memory;
}

void peer_triad_reset(struct peer_run *run)
{
    const struct peer_memory *memory = run->data;

    kernel_triad_clear(&memory->triad);
}

void peer_triad_check(struct peer_run *run)
{
    const struct peer_memory *memory = run->data;

    run->answer = kernel_triad_answer(&memory->triad);
}
