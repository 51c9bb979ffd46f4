/*
 * count_new.hpp - counts the allocations of a program by new.  Include it in one file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_CPP_COUNT_NEW_HPP
#define TESTS_CPP_COUNT_NEW_HPP

#include <atomic>
#include <cstdlib>
#include <new>

static std::atomic<long> allocations{0};

void *operator new(std::size_t size)
{
    void *memory = std::malloc(size);

    allocations++;
    if (memory == nullptr)
        throw std::bad_alloc();
    return memory;
}
void operator delete(void *memory) noexcept
{
    std::free(memory);
}
void operator delete(void *memory, std::size_t) noexcept
{
    std::free(memory);
}

#endif
