/*
 * filter.hpp - filters, partitions and searches with lambdas.  Include
 * <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_FILTER_HPP
#define MAGPIE_CPP_FILTER_HPP

#include <magpie/cpp/reduce.hpp>
#include <magpie/find.h>

namespace magpie
{
namespace detail
{

template <class T> struct no_others {
    void operator()(std::size_t, const T &) const noexcept
    {
    }
};

/* A filter is a scan that counts the items to keep. */
template <class T, class Keep, class Others>
std::size_t filter_items(where at, const T *from, std::size_t count, T *into, Keep &keep,
                         Others others)
{
    auto split = [&](mag_range range, std::size_t &kept) {
        for (std::size_t i = range.begin; i < range.end; i++) {
            if (keep(from[i]))
                into[kept++] = from[i];
            else
                others(i - kept, from[i]);
        }
    };
    auto fold = [&](mag_range range, std::size_t &kept) {
        for (std::size_t i = range.begin; i < range.end; i++)
            kept += keep(from[i]) ? 1 : 0;
    };
    std::plus<std::size_t> add;

    return scan(
        at, {0, count}, std::size_t(0),
        scan_by<decltype(split) &, decltype(fold) &, decltype(add)>{split, fold, add});
}

/* A search.  An index whose question throws fits: it counts if no earlier one does. */
template <class F> struct searched {
    F &fits;
    exceptions thrown{};
    std::mutex lock{};
    std::size_t first = SIZE_MAX; /* index that has thrown, and the code of that */
    int code = 0;

    static std::size_t body(mag_range range, std::uint32_t, void *arg)
    {
        auto *self = static_cast<searched *>(arg);
        std::size_t at = range.begin;
        int failed = self->thrown.guard([&] {
            while (at < range.end && !self->fits(at))
                at++;
        });

        if (failed != 0)
            self->keep(at, failed);
        return at;
    }
    void keep(std::size_t at, int failed)
    {
        std::lock_guard<std::mutex> held(lock);

        if (at < first) {
            first = at;
            code = failed;
        }
    }
};

} // namespace detail

/*
 * Copies the items of from[0] to from[count - 1] that are to be kept to `into`, in their
 * order, and returns how many they are (filter.h).  `partition` also copies the others,
 * to `others`.  The arrays must not overlap.
 *
 *   keep       whether an item is to be kept.  May be asked twice for an item, and must
 *              answer the same
 *   Throws     what a lambda or the copying of an item throws; error: as mag_scan.  The
 *              contents of the two arrays are unknown then
 */
template <class T, class Keep>
std::size_t filter(where at, const T *from, std::size_t count, T *into, Keep &&keep)
{
    return detail::filter_items(at, from, count, into, keep, detail::no_others<T>());
}
template <class T, class Keep>
std::size_t partition(where at, const T *from, std::size_t count, T *into, T *others,
                      Keep &&keep)
{
    return detail::filter_items(
        at, from, count, into, keep,
        [others](std::size_t index, const T &item) { others[index] = item; });
}

/*
 * The first index of `whole` for which fits(index) is true; whole.end if there is none
 * (find.h).
 *
 *   Throws     what `fits` throws, unless an earlier index fits; canceled; error: as
 *              mag_find_with
 */
template <class F>
std::size_t find(where at, mag_range whole, F &&fits, const mag_for_options &options = {})
{
    detail::searched<std::remove_reference_t<F>> search{fits};
    std::size_t index = whole.end;

    check(at.call(mag_find_with, mag_find_in, &options, &index, whole.begin, whole.end,
                  search.body, &search));
    if (index == search.first && index != whole.end)
        search.thrown.finish(search.code);
    return index;
}

} // namespace magpie

#endif
