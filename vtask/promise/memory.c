/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/pooled.h"
#include "vtask/debug/debug.h"
#include "vtask/promise/promise.h"

struct mag_promise mag_promise_completed = {
    .state = MAG_PROMISE_DONE,
    .references = 1,
    .status = MAG_SUCCEEDED,
};

/* One class for results of at most a word; then each class is four times as large as the
 * one before. */
enum { FIRST_LARGE = 64, GROWTH = 4, CLASSES = 7 };

#define SIZED(bytes)                                 \
    {                                                \
        .size = sizeof(struct mag_promise) + (bytes) \
    }

static struct mag_pooled promise_pools[CLASSES] = {
    SIZED(0), SIZED(64), SIZED(256), SIZED(1024), SIZED(4096), SIZED(16384), SIZED(65536),
};

static uint16_t class_of(size_t result_size)
{
    uint16_t number = 1;

    if (result_size <= sizeof(uint64_t))
        return 0;
    for (size_t room = FIRST_LARGE; room < result_size; room *= GROWTH)
        number++;
    return number;
}

int mag_promise_rent(size_t result_size, struct mag_promise **ret_promise)
{
    uint16_t number;
    void *object;

    if (result_size > MAG_PROMISE_RESULT_MAX)
        return mag_misuse_argument(MAG_E_SIZE);
    number = class_of(result_size);
    int r = mag_pooled_take(&promise_pools[number], &object);
    if (r < 0)
        return r;
    *ret_promise = object;
    (*ret_promise)->size_class = number;
    (*ret_promise)->size = (uint32_t)result_size;
    return 0;
}

void mag_promise_return(struct mag_promise *promise)
{
    /* relaxed, both: nobody else uses the promise; see "Lifetime". */
    uint64_t generation =
        atomic_load_explicit(&promise->generation, memory_order_relaxed);

    mag_debug_ends(promise, generation);
    /* relaxed: as above. */
    atomic_store_explicit(&promise->generation, generation + 1, memory_order_relaxed);
    mag_pooled_give(&promise_pools[promise->size_class], promise);
}
