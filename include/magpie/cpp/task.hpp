/*
 * task.hpp - task<T>: a value task that owns its one right to be consumed.  Include
 * <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_TASK_HPP
#define MAGPIE_CPP_TASK_HPP

#include <condition_variable>
#include <magpie/cpp/box.hpp>
#include <magpie/cpp/error.hpp>
#include <magpie/promise.h>
#include <magpie/vtask.h>

namespace magpie
{
namespace detail
{

/* A thread that sleeps until a task is complete; on that thread's stack. */
struct sleeper {
    mag_continuation continuation{};
    std::mutex lock;
    std::condition_variable changed;
    bool done = false;

    static void wake(mag_job *job)
    {
        auto *self = reinterpret_cast<sleeper *>(job);
        std::lock_guard<std::mutex> held(self->lock);

        self->done = true;
        self->changed.notify_one();
    }
    void sleep()
    {
        std::unique_lock<std::mutex> held(lock);

        changed.wait(held, [this] { return done; });
    }
};

/* Blocks until the task is complete; consumes nothing. */
inline void wait_for(mag_vtask task)
{
    sleeper waiting;

    if (check(mag_vtask_status(task)) != MAG_PENDING)
        return;
    if (mag_sched_self() != nullptr)
        raise(-EDEADLK);
    waiting.continuation.job.run = sleeper::wake;
    check(mag_vtask_on_completed(task, &waiting.continuation, 0));
    waiting.sleep();
}

/* What a C task of this type yields: name##_value of MAG_VTASK_DEFINE, or void. */
template <class C>
using value_of = std::remove_reference_t<decltype(std::declval<C &>().large[0])>;

} // namespace detail

/*
 * An operation that ends with a T, now or later.  It is movable, and consumed once: by
 * co_await, by get(), by release(), or by its destructor, which lets the operation run to
 * its end and forgets the outcome.
 *
 * T may be any movable type, or void.
 */
template <class T = void> class [[nodiscard]] task
{
  public:
    using value_type = T;

    /* A task that is complete.  For task<void> use task<>::done(). */
    template <class U, class = std::enable_if_t<!std::is_void_v<T> &&
                                                std::is_convertible_v<U, T> &&
                                                !std::is_same_v<std::decay_t<U>, task>>>
    task(U &&value) : value_(std::forward<U>(value)), has_(true)
    {
    }

    /* A task of the C functions, which it consumes: its result must be a T. */
    static task from(mag_vtask raw)
    {
        return task(raw, nullptr);
    }

    /* The same for a task of MAG_VTASK_DEFINE, whose results are T. */
    template <class C> static task from_typed(C typed)
    {
        static_assert(std::is_same_v<detail::value_of<C>, T>, "another result type");
        if constexpr (sizeof(T) > sizeof(std::uint64_t)) {
            if (typed.task.backing == 0)
                return task(T(typed.large[0]));
        }
        return from(typed.task);
    }

    /* A task<void> that is complete. */
    static task done()
    {
        static_assert(std::is_void_v<T>, "write the value instead");
        return from(mag_vtask_result(0));
    }

    task(task &&other) noexcept
        : raw_(other.raw_), box_(other.box_), value_(std::move(other.value_)),
          has_(std::exchange(other.has_, false))
    {
    }
    task &operator=(task &&other) noexcept
    {
        if (this != &other) {
            drop();
            raw_ = other.raw_;
            box_ = other.box_;
            value_ = std::move(other.value_);
            has_ = std::exchange(other.has_, false);
        }
        return *this;
    }
    ~task()
    {
        drop();
    }

    /* Whether it has an operation: false once it was consumed or moved from. */
    explicit operator bool() const noexcept
    {
        return has_;
    }

    /* Whether the operation is complete, so that get() does not wait. */
    bool ready() const
    {
        return value_.has_value() || check(mag_vtask_status(raw_)) != MAG_PENDING;
    }

    /* Waits, and yields the result or throws what the operation threw.  For threads that
     * may block: on a worker a pending task is an error, -EDEADLK. */
    T get()
    {
        if (!has_)
            raise(MAG_E_TOKEN);
        if (!value_.has_value())
            detail::wait_for(raw_);
        return take();
    }

    /* The value task, for C code; this one has none any more.  C code sees a result of at
     * most a word, and of an exception a code. */
    mag_vtask release()
    {
        static_assert(detail::is_word<T>, "C cannot read the result");
        if (value_.has_value())
            raw_ = mag_vtask_result(to_word());
        has_ = false;
        return raw_;
    }

    /* For co_await: what the task is backed by, and its result once it is complete. */
    mag_vtask raw() const noexcept
    {
        return raw_;
    }
    T take()
    {
        has_ = false;
        if constexpr (!std::is_void_v<T>) {
            if (value_.has_value())
                return std::move(*value_);
        }
        return box_ != nullptr ? take_boxed() : take_raw();
    }

    /* The operation is somebody else's from here on. */
    void forget() noexcept
    {
        has_ = false;
    }
    /* For the library's own makers of tasks. */
    task(mag_vtask raw, detail::box *box) noexcept : raw_(raw), box_(box), has_(true)
    {
    }

  private:
    struct nothing {
    };
    using stored = std::conditional_t<std::is_void_v<T>, nothing, T>;

    /* The outcome is moved out before the operation is consumed, which ends the box. */
    T take_boxed()
    {
        auto how = std::move(*static_cast<detail::outcome<T> *>(box_->outcome));

        consume();
        return how.take();
    }
    void consume()
    {
        int r = mag_vtask_get(raw_, nullptr);

        if (mag_is_misuse(r))
            raise(r);
    }
    T take_raw()
    {
        if constexpr (std::is_void_v<T>) {
            check(mag_vtask_get(raw_, nullptr));
        } else if constexpr (std::is_trivially_copyable_v<T>) {
            alignas(T) unsigned char bytes[sizeof(T)];

            check(mag_vtask_get_value(raw_, bytes, sizeof(T), nullptr));
            return *std::launder(reinterpret_cast<T *>(bytes));
        } else {
            check(mag_vtask_get(raw_, nullptr));
            raise(MAG_E_SIZE);
        }
    }
    std::uint64_t to_word() const
    {
        if constexpr (std::is_void_v<T>)
            return 0;
        else
            return detail::word_of(*value_);
    }
    void drop() noexcept
    {
        /* Misuse by the program's C code, which may have consumed the task. */
        [[maybe_unused]] int r = 0;

        if (has_ && !value_.has_value())
            r = mag_vtask_discard(raw_);
        has_ = false;
    }

    mag_vtask raw_{};
    detail::box *box_ = nullptr;
    std::optional<stored> value_;
    bool has_ = false;
};

} // namespace magpie

#endif
