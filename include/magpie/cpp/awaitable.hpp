/*
 * awaitable.hpp - a task of the C functions whose outcome becomes a C++ object: a lock
 * that is held, an item that was received.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_AWAITABLE_HPP
#define MAGPIE_CPP_AWAITABLE_HPP

#include <magpie/cpp/coroutine.hpp>
#include <magpie/cpp/task.hpp>

namespace magpie
{
namespace detail
{

/*
 * An awaitable that was dropped while it was pending, behind the head of a box: waits for
 * the outcome, and drops the object that this becomes.
 */
template <class Finish> struct orphan {
    mag_continuation continuation{}; /* first */
    mag_vtask raw{};
    Finish finish;

    explicit orphan(Finish &&taken) : finish(std::move(taken))
    {
    }
    static void run(mag_job *job)
    {
        auto *self = reinterpret_cast<orphan *>(job);

        drop(self->raw, self->finish);
        self->end();
    }
    void end()
    {
        box *over = reinterpret_cast<box *>(this) - 1;

        this->~orphan();
        give_box(over);
    }
    /* Of a complete task. */
    static void drop(mag_vtask raw, Finish &finish) noexcept
    {
        try {
            (void)finish.take(raw);
        } catch (...) { /* an error that nobody wants to know */
        }
    }
    /* Of any task.  If there is no memory for it, what a pending task becomes is lost. */
    static void adopt(mag_vtask raw, Finish &&finish) noexcept
    {
        if (mag_vtask_status(raw) != MAG_PENDING) {
            drop(raw, finish);
            return;
        }
        box *made = take_box(sizeof(orphan));
        [[maybe_unused]] int r = 0;

        if (made == nullptr) {
            r = mag_vtask_discard(raw);
            return;
        }
        orphan *inside = new (made + 1) orphan(std::move(finish));
        inside->raw = raw;
        inside->continuation.job.run = run;
        if (mag_vtask_on_completed(raw, &inside->continuation, 0) != 0)
            inside->end();
    }
};

} // namespace detail

/*
 * An operation that is awaited, or waited for by get(), once.  `Finish` makes an object
 * of the complete task:
 *
 *   T take(mag_vtask raw)    consumes the task; returns the object, or throws the error
 *
 * An awaitable that is dropped lets the operation run to its end, and drops the object.
 */
template <class Finish> class [[nodiscard]] awaitable
{
  public:
    using value_type = decltype(std::declval<Finish &>().take(mag_vtask{}));

    awaitable(mag_vtask raw, Finish finish)
        : raw_(raw), finish_(std::move(finish)), has_(true)
    {
    }
    awaitable(awaitable &&other) noexcept
        : raw_(other.raw_), finish_(std::move(other.finish_)),
          has_(std::exchange(other.has_, false))
    {
    }
    awaitable &operator=(awaitable &&) = delete;
    ~awaitable()
    {
        if (has_)
            detail::orphan<Finish>::adopt(raw_, std::move(finish_));
    }

    /* Whether the operation is complete, so that get() does not wait. */
    bool ready() const
    {
        return check(mag_vtask_status(raw_)) != MAG_PENDING;
    }

    /* Waits, and returns the object or throws.  For threads that may block: on a worker a
     * pending operation is an error, -EDEADLK. */
    value_type get()
    {
        if (!has_)
            raise(MAG_E_TOKEN);
        detail::wait_for(raw_);
        return take();
    }

    /* For co_await. */
    mag_vtask raw() const noexcept
    {
        return raw_;
    }
    value_type take()
    {
        has_ = false;
        return finish_.take(raw_);
    }

  private:
    mag_vtask raw_;
    Finish finish_;
    bool has_;
};

#ifdef MAGPIE_HAS_COROUTINES
template <class Finish> auto operator co_await(awaitable<Finish> &&awaited)
{
    return detail::awaiter<awaitable<Finish>>(std::move(awaited));
}
#endif

} // namespace magpie

#endif
