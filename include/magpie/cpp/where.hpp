/*
 * where.hpp - where a computation runs, and what its lambdas throw.  Include
 * <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_WHERE_HPP
#define MAGPIE_CPP_WHERE_HPP

#include <climits>
#include <magpie/cpp/box.hpp>
#include <magpie/cpp/error.hpp>
#include <magpie/cpp/scheduler.hpp>
#include <mutex>
#include <vector>

namespace magpie
{

/*
 * Where a loop, a reduction or a sort runs.  Pass one of these, from which it is made:
 *
 *   a scheduler, or a mag_sched *   there
 *   nullptr                         the scheduler of the calling worker; on any other
 *                                   thread the default one
 *   a fork_stack                    here, as a part of the computation it belongs to;
 *                                   costs less than the others
 */
class where
{
  public:
    where(std::nullptr_t) noexcept
    {
    }
    where(mag_sched *sched) noexcept : sched_(sched)
    {
    }
    where(const scheduler &sched) noexcept : sched_(sched.get())
    {
    }
    where(fork_stack w) noexcept : fork_(w), forks_(true)
    {
    }

    /* Calls the C function for threads in general, or the one for a fork stack. */
    template <class Any, class Inside, class... A>
    int call(Any any, Inside inside, A... args) const
    {
        return forks_ ? inside(fork_, args...) : any(sched_, args...);
    }

  private:
    mag_sched *sched_ = nullptr;
    fork_stack fork_{};
    bool forks_ = false;
};

namespace detail
{

/*
 * The exceptions of the lambdas that a C function calls.  Each becomes a code; the C
 * function returns the code that counts, which becomes the exception again.
 */
class exceptions
{
  public:
    /* Calls a function.  Returns 0, or the code of what it has thrown. */
    template <class Call> int guard(Call &&call)
    {
        outcome<void> how;

        record(how, std::forward<Call>(call));
        return how.error ? keep(how.error) : 0;
    }
    int keep(const std::exception_ptr &thrown) noexcept
    {
        std::lock_guard<std::mutex> held(lock_);

        try {
            kept_.push_back(thrown);
            return FIRST + static_cast<int>(kept_.size() - 1);
        } catch (...) { /* no memory for the list: one can be kept */
            last_ = thrown;
            return INT_MAX;
        }
    }
    /* The end of the C function: throws the exception that counts, or its error. */
    void finish(int code)
    {
        if (code == 0)
            return;
        std::exception_ptr counts = of(code);

        clear();
        if (counts)
            std::rethrow_exception(counts);
        raise(code);
    }
    void clear() noexcept
    {
        std::lock_guard<std::mutex> held(lock_);

        kept_.clear();
        last_ = nullptr;
    }

  private:
    enum { FIRST = 1000 }; /* above what C code gives a meaning to */

    /* If the C function returns an error of its own, although something was thrown,
     * that exception counts. */
    std::exception_ptr of(int code)
    {
        std::lock_guard<std::mutex> held(lock_);
        auto at = static_cast<std::size_t>(code < FIRST ? 0 : code - FIRST);

        return at < kept_.size() ? kept_[at] : last_;
    }

    std::mutex lock_;
    std::vector<std::exception_ptr> kept_;
    std::exception_ptr last_;
};

} // namespace detail
} // namespace magpie

#endif
