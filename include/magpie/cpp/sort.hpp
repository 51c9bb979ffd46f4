/*
 * sort.hpp - sorts with lambdas.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_SORT_HPP
#define MAGPIE_CPP_SORT_HPP

#include <atomic>
#include <functional>
#include <iterator>
#include <magpie/cpp/where.hpp>
#include <magpie/sort.h>

namespace magpie
{
namespace detail
{

/* The order of one sort. */
template <class T, class Less> struct order {
    Less &less;
    exceptions thrown{};
    std::atomic<int> failed{0};

    /* Compiled into the sort, as MAG_SORT does it.  After an exception the sort goes on
     * to its end, in any order. */
    static bool before(const void *a, const void *b, const void *arg)
    {
        auto *self = static_cast<const order *>(arg);
        auto compare = [&] {
            return static_cast<bool>(
                self->less(*static_cast<const T *>(a), *static_cast<const T *>(b)));
        };

        if constexpr (std::is_nothrow_invocable_v<Less &, const T &, const T &>) {
            return compare();
        } else {
            try {
                return compare();
            } catch (...) {
                self->keep();
                return false;
            }
        }
    }
    void keep() const
    {
        auto *self = const_cast<order *>(this);

        if (self->failed.load() == 0)
            self->failed = self->thrown.keep(std::current_exception());
    }
    void finish(int code)
    {
        thrown.finish(code != 0 ? code : failed.load());
    }
};

/* The functions of MAG_SORT for a type and an order. */
template <class T, class Less> struct sorted {
    using by = order<T, Less>;

    /* Room for items, and the kit. */
    struct kit {
        alignas(T) alignas(8) char one[sizeof(T)];
        alignas(T) alignas(8) char pivot[sizeof(T)];
        alignas(T) alignas(8) char few[MAG_SORT_ROOM(sizeof(T)) * sizeof(T)];
    };

    static void quick(void *items, std::size_t count, const void *less)
    {
        kit room;
        const mag_sort_kit with = {sizeof(T), by::before, less,
                                   room.one,  room.pivot, room.few};

        mag_sort_quick(static_cast<char *>(items), count, &with);
    }
    static void quick_stable(void *items, void *scratch, std::size_t count,
                             const void *less)
    {
        kit room;
        const mag_sort_kit with = {sizeof(T), by::before, less,
                                   room.one,  room.pivot, room.few};

        mag_sort_quick_stable(static_cast<char *>(items), static_cast<char *>(scratch),
                              count, &with);
    }
    static bool is_run(void *items, std::size_t count, bool falling, const void *less)
    {
        kit room;
        const mag_sort_kit with = {sizeof(T), by::before, less,
                                   room.one,  room.pivot, room.few};

        return mag_sort_is_run(static_cast<char *>(items), count, falling, &with);
    }
    static std::size_t divide(void *items, std::size_t count, const void *pivot,
                              bool equal, const void *less)
    {
        kit room;
        const mag_sort_kit with = {sizeof(T), by::before, less,
                                   room.one,  room.pivot, room.few};

        return mag_sort_divide(static_cast<char *>(items), count,
                               static_cast<const char *>(pivot), equal, &with);
    }
    static void merge(const mag_sort_runs *runs, const void *less)
    {
        kit room;
        const mag_sort_kit with = {sizeof(T), by::before, less,
                                   room.one,  room.pivot, room.few};

        mag_sort_merge(*runs, &with);
    }
    static constexpr mag_sort_kind kind = {sizeof(T), by::before, quick, quick_stable,
                                           is_run,    divide,     merge};
};

template <class T, class Less>
void sort_items(where at, T *items, std::size_t count, Less &less, bool stable)
{
    static_assert(std::is_trivially_copyable_v<T>,
                  "items are copied byte by byte: sort pointers to them, or indices");
    static_assert(alignof(T) <= 64, "items are aligned to 64 bytes at most");
    order<T, Less> by{less};
    mag_sort_call call{};

    call.kind = &sorted<T, Less>::kind;
    call.order = &by;
    call.items = items;
    call.count = count;
    call.stable = stable;
    by.finish(at.call(mag_sort_run, mag_sort_run_in, &call));
}

} // namespace detail

/*
 * Sorts `count` items (sort.h).  `sort` is in place, and equal items come out in any
 * order; `stable_sort` keeps their order and needs room for a second array.
 *
 *   less       whether its first argument comes before its second: an order, see sort.h
 *   Allocates  stable_sort: the size of the array, until it returns
 *   Throws     what `less` throws: the array's contents are unknown then; error: as
 *              name_sort of sort.h, and the array is as it was
 */
template <class T, class Less = std::less<>>
void sort(where at, T *items, std::size_t count, Less &&less = {})
{
    detail::sort_items(at, items, count, less, false);
}
template <class T, class Less = std::less<>>
void stable_sort(where at, T *items, std::size_t count, Less &&less = {})
{
    detail::sort_items(at, items, count, less, true);
}

/* The same for a vector, an array, or whatever else has its items one after another. */
template <class Items, class Less = std::less<>,
          class = decltype(std::data(std::declval<Items &>()))>
void sort(where at, Items &&items, Less &&less = {})
{
    detail::sort_items(at, std::data(items), std::size(items), less, false);
}
template <class Items, class Less = std::less<>,
          class = decltype(std::data(std::declval<Items &>()))>
void stable_sort(where at, Items &&items, Less &&less = {})
{
    detail::sort_items(at, std::data(items), std::size(items), less, true);
}

} // namespace magpie

#endif
