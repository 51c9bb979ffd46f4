/*
 * loop.hpp - parallel loops with lambdas.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_LOOP_HPP
#define MAGPIE_CPP_LOOP_HPP

#include <magpie/cpp/error.hpp>
#include <magpie/cpp/scheduler.hpp>
#include <magpie/loop.h>
#include <mutex>

namespace magpie
{
namespace detail
{

/* A loop's lambda, and the exception of the smallest indices. */
template <class F> class looped
{
  public:
    explicit looped(F &function) : function_(function)
    {
    }
    static int body(mag_range range, std::uint32_t slot, void *arg)
    {
        auto *self = static_cast<looped *>(arg);
        outcome<void> how;

        record(how, [&] { self->call(range, slot); });
        return how.error ? self->keep(range, how.error) : 0;
    }
    void finish(int code)
    {
        if (error_)
            std::rethrow_exception(error_);
        check(code);
    }

  private:
    void call(mag_range range, std::uint32_t slot)
    {
        if constexpr (std::is_invocable_v<F &, mag_range, std::uint32_t>) {
            function_(range, slot);
        } else if constexpr (std::is_invocable_v<F &, mag_range>) {
            function_(range);
        } else {
            for (std::size_t i = range.begin; i < range.end; i++)
                function_(i);
        }
    }
    int keep(mag_range range, const std::exception_ptr &thrown)
    {
        std::lock_guard<std::mutex> held(lock_);

        if (!error_ || range.begin < first_) {
            error_ = thrown;
            first_ = range.begin;
        }
        return 1;
    }

    F &function_;
    std::mutex lock_;
    std::exception_ptr error_;
    std::size_t first_ = 0;
};

} // namespace detail

/*
 * Calls f for the indices from begin to end - 1, in parallel, and returns when all calls
 * have returned.  f takes an index; or a mag_range, to loop over it itself; or a
 * mag_range and a slot number (loop.h).  If calls throw, the exception of the smallest
 * range leaves this call, and not all indices have run.
 *
 *   sched      NULL: as for mag_for
 *   options    grain, limit, heavy, stop (loop.h)
 *   Throws     what f throws; canceled: the loop was stopped; error: as mag_for_with
 */
template <class F>
void for_each(mag_sched *sched, std::size_t begin, std::size_t end, F &&f,
              const mag_for_options &options = {})
{
    using loop = detail::looped<std::remove_reference_t<F>>;
    loop all(f);

    all.finish(mag_for_with(sched, &options, nullptr, begin, end, loop::body, &all));
}

/* The same inside a computation, with its fork stack; costs less. */
template <class F>
void for_each(fork_stack w, std::size_t begin, std::size_t end, F &&f,
              const mag_for_options &options = {})
{
    using loop = detail::looped<std::remove_reference_t<F>>;
    loop all(f);

    all.finish(mag_for_in(w, &options, nullptr, begin, end, loop::body, &all));
}

} // namespace magpie

#endif
