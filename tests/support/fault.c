/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

/* The linker sends calls of f to __wrap_f, and calls of __real_f to f. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *memory);
void *__real_mmap(void *at, size_t size, int protection, int flags, int file,
                  off_t offset);
int __real_mprotect(void *at, size_t size, int protection);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *arg);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *memory);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file,
                  off_t offset);
int __wrap_mprotect(void *at, size_t size, int protection);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *arg);

static _Atomic(uint32_t) allocation_left;
static _Atomic(uint32_t) thread_left;
static _Atomic(bool) failed;
static _Atomic(int64_t) live;
static _Atomic(uint64_t) made;

/* Counts down to the call that is to fail. */
static bool is_the_one(_Atomic(uint32_t) *left)
{
    /* relaxed: a plain counter. */
    uint32_t now = atomic_load_explicit(left, memory_order_relaxed);

    while (now != 0) {
        /* relaxed: as above. */
        if (!atomic_compare_exchange_weak_explicit(
                left, &now, now - 1, memory_order_relaxed, memory_order_relaxed))
            continue;
        if (now == 1) {
            /* relaxed: as above. */
            atomic_store_explicit(&failed, true, memory_order_relaxed);
        }
        return now == 1;
    }
    return false;
}

static void count_made(void)
{
    /* relaxed: a plain counter. */
    (void)atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
}

static void *counted(void *memory)
{
    if (memory != NULL) {
        /* relaxed: a plain counter. */
        (void)atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
        count_made();
    }
    return memory;
}

void test_fail_allocation(uint32_t nth)
{
    /* relaxed: a plain flag. */
    atomic_store_explicit(&failed, false, memory_order_relaxed);
    /* relaxed: a plain counter. */
    atomic_store_explicit(&allocation_left, nth, memory_order_relaxed);
}

void test_fail_thread(uint32_t nth)
{
    /* relaxed: a plain flag. */
    atomic_store_explicit(&failed, false, memory_order_relaxed);
    /* relaxed: a plain counter. */
    atomic_store_explicit(&thread_left, nth, memory_order_relaxed);
}

bool test_has_failed(void)
{
    /* relaxed: a plain flag. */
    return atomic_load_explicit(&failed, memory_order_relaxed);
}

int64_t test_live_allocations(void)
{
    /* relaxed: a plain counter. */
    return atomic_load_explicit(&live, memory_order_relaxed);
}

uint64_t test_allocations(void)
{
    /* relaxed: a plain counter. */
    return atomic_load_explicit(&made, memory_order_relaxed);
}

void *__wrap_malloc(size_t size)
{
    return is_the_one(&allocation_left) ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_the_one(&allocation_left) ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (is_the_one(&allocation_left))
        return NULL;
    if (memory == NULL)
        return counted(__real_realloc(NULL, size));
    return __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return is_the_one(&allocation_left) ? NULL
                                        : counted(__real_aligned_alloc(alignment, size));
}

void __wrap_free(void *memory)
{
    if (memory != NULL) {
        /* relaxed: a plain counter. */
        (void)atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    }
    __real_free(memory);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file,
                  off_t offset)
{
    if (is_the_one(&allocation_left)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void *pages = __real_mmap(at, size, protection, flags, file, offset);
    if (pages != MAP_FAILED)
        count_made();
    return pages;
}

int __wrap_mprotect(void *at, size_t size, int protection)
{
    if (is_the_one(&allocation_left)) {
        errno = ENOMEM;
        return -1;
    }
    return __real_mprotect(at, size, protection);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *arg)
{
    return is_the_one(&thread_left) ? EAGAIN
                                    : __real_pthread_create(thread, attributes, run, arg);
}
