/*
 * box.hpp - what a C++ task points to: a core, and behind it a coroutine's frame or a
 * lambda, in memory of the library's pools.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_BOX_HPP
#define MAGPIE_CPP_BOX_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <cxxabi.h>
#include <exception>
#include <magpie/cpp/error.hpp>
#include <magpie/pool.h>
#include <magpie/source.h>
#include <mutex>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace magpie
{
namespace detail
{

/* The head of an object in a pool.  `core` is never constructed: memory that was a core
 * remains one.  `end` destroys what lies behind the head. */
struct alignas(16) box {
    mag_core core;
    mag_job job;
    void (*end)(box *);
    void *outcome;
    std::uint32_t size_class;
};

/* Pools for objects of 128 bytes, 256, and so on up to MAG_POOL_OBJECT_MAX. */
enum { SIZE_CLASSES = 14, SMALLEST = 128 };

struct pools {
    mag_pool *of[SIZE_CLASSES];
};

/* All pools, made at the first use and never destroyed; a pool that could not be made is
 * null, and asked for in vain. */
inline const pools &all_pools()
{
    static const pools made = [] {
        pools result{};
        mag_pool_config config;

        mag_pool_config_init(&config);
        for (unsigned i = 0; i < SIZE_CLASSES; i++) {
            config.object_size = static_cast<std::size_t>(SMALLEST) << i;
            if (mag_pool_create(&config, &result.of[i]) != 0)
                result.of[i] = nullptr;
        }
        return result;
    }();
    return made;
}

inline std::uint32_t class_of(std::size_t size)
{
    std::uint32_t found = 0;

    while (found < SIZE_CLASSES && (static_cast<std::size_t>(SMALLEST) << found) < size)
        found++;
    return found;
}

/* A box with room for `size` bytes behind it; null: no memory, or too large. */
inline box *take_box(std::size_t size) noexcept
{
    std::uint32_t size_class = class_of(sizeof(box) + size);
    void *object = nullptr;

    if (size_class == SIZE_CLASSES || all_pools().of[size_class] == nullptr ||
        mag_pool_take(all_pools().of[size_class], &object) != 0)
        return nullptr;
    box *taken = static_cast<box *>(object);
    taken->size_class = size_class;
    taken->end = nullptr;
    taken->outcome = nullptr;
    return taken;
}

inline void give_box(box *given) noexcept
{
    mag_pool_give(all_pools().of[given->size_class], given);
}

inline box *box_of(mag_core *core)
{
    return reinterpret_cast<box *>(core);
}

/* The operation was consumed: nobody reads the outcome any more. */
inline void recycle_box(mag_core *core)
{
    box *over = box_of(core);

    over->end(over);
    give_box(over);
}

inline const mag_core_type box_type = {0, 0, recycle_box, nullptr};

/* Whether a result travels as a word, so that C code can read it too. */
template <class T>
inline constexpr bool is_word = std::is_trivially_copyable_v<T> &&
                                sizeof(T) <= sizeof(std::uint64_t);
template <> inline constexpr bool is_word<void> = true;

/* How an operation ended: with a value or with an exception. */
template <class T> struct outcome {
    std::optional<T> value;
    std::exception_ptr error;

    T take()
    {
        if (error)
            std::rethrow_exception(error);
        return std::move(*value);
    }
};

template <> struct outcome<void> {
    std::exception_ptr error;

    void take() const
    {
        if (error)
            std::rethrow_exception(error);
    }
};

/* Calls a function, and records how the call ended.  A call that ends its thread
 * (pthread_exit, a cancel) is recorded as -EOWNERDEAD, and the thread ends. */
template <class T, class Call> void record(outcome<T> &how, Call &&call)
{
    try {
        if constexpr (std::is_void_v<T>)
            call();
        else
            how.value.emplace(call());
#ifdef __GLIBC__
    } catch (const abi::__forced_unwind &) {
        how.error = std::make_exception_ptr(error(-EOWNERDEAD));
        throw;
#endif
    } catch (...) {
        how.error = std::current_exception();
    }
}

/* The code by which C code learns of an exception. */
inline int code_of(const std::exception_ptr &thrown) noexcept
{
    try {
        std::rethrow_exception(thrown);
    } catch (const error &known) {
        return mag_is_misuse(known.code()) ? -EIO : known.code();
    } catch (const std::bad_alloc &) {
        return -ENOMEM;
    } catch (...) {
        return -EIO;
    }
}

template <class T> std::uint64_t word_of(const T &value)
{
    std::uint64_t word = 0;

    if constexpr (is_word<T>)
        std::memcpy(&word, &value, sizeof(value));
    return word;
}

/* Completes the operation, whose outcome is there.  The last touch of the box: a
 * continuation may run inside, and end it. */
template <class T> void complete(box *done) noexcept
{
    auto *how = static_cast<outcome<T> *>(done->outcome);
    int r = 0;

    if (how->error)
        r = mag_core_set_error(&done->core, code_of(how->error), 0);
    else if constexpr (std::is_void_v<T>)
        r = mag_core_set_done(&done->core);
    else
        r = mag_core_set_result(&done->core, word_of(*how->value));
    if (r != 0)
        std::terminate();
}

} // namespace detail
} // namespace magpie

#endif
