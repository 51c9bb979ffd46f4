/*
 * sequence.hpp - sequences of values that are awaited one after the other.  Include
 * <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_SEQUENCE_HPP
#define MAGPIE_CPP_SEQUENCE_HPP

#include <atomic>
#include <magpie/cpp/awaitable.hpp>
#include <magpie/sequence.h>

namespace magpie
{
namespace detail
{

/* A task of C that may fail with the end of something. */
template <class C> struct until_end {
    C typed;

    std::optional<value_of<C>> take(mag_vtask raw)
    {
        value_of<C> value;
        int r = 0;

        if (raw.backing == 0 && sizeof(value) > sizeof(std::uint64_t))
            return typed.large[0];
        r = mag_vtask_get_value(raw, &value, sizeof(value), nullptr);
        if (r == MAG_SEQUENCE_END)
            return std::nullopt;
        check(r);
        return value;
    }
};

} // namespace detail

/*
 * A task of a C sequence or a C channel, as a std::optional that is empty at the end:
 *
 *     while (auto number = co_await magpie::or_end(numbers_next(sequence)))
 */
template <class C> awaitable<detail::until_end<C>> or_end(C typed)
{
    return {typed.task, {typed}};
}

#ifdef MAGPIE_HAS_COROUTINES

template <class T> class sequence;

namespace detail
{

/*
 * The promise of a sequence; its frame lies behind the head of a box.
 *
 * The body and the caller of next() meet in `state`: who comes second, the yield or the
 * return of the caller's resume(), knows whether the value came at once.  `owners` are
 * the sequence and an awaitable of it.
 *
 * Edges: release end -> acquire end : what crosses
 *   met    stop, next (state) -> the later of the two (state) : the value, the suspended
 *          body
 *   left   leave (owners) -> the last leave (owners) : all that was done with the frame
 */
template <class T> class sequence_promise
{
    using handle = std::coroutine_handle<sequence_promise>;

  public:
    static void *operator new(std::size_t size) noexcept
    {
        box *taken = take_box(size);

        return taken != nullptr ? taken + 1 : nullptr;
    }
    static void operator delete(void *frame) noexcept
    {
        give_box(static_cast<box *>(frame) - 1);
    }
    static sequence<T> get_return_object_on_allocation_failure();
    sequence<T> get_return_object();
    std::suspend_always initial_suspend() noexcept
    {
        mag_core_prepare(core(), nullptr);
        return {};
    }
    /* Suspended at a yield or at the end; tells the caller of next(). */
    struct stop {
        bool await_ready() const noexcept
        {
            return false;
        }
        void await_suspend(handle stopped) const noexcept
        {
            sequence_promise &self = stopped.promise();

            /* met, both halves. */
            if (self.state_.exchange(STOPPED, std::memory_order_acq_rel) == LEFT &&
                mag_core_set_done(self.core()) != 0)
                std::terminate();
        }
        void await_resume() const noexcept
        {
        }
    };
    stop final_suspend() noexcept
    {
        is_over_ = true;
        return {};
    }
    template <class U> stop yield_value(U &&value)
    {
        value_.emplace(std::forward<U>(value));
        return {};
    }
    void return_void() const noexcept
    {
    }
    void unhandled_exception() noexcept
    {
        error_ = std::current_exception();
    }

    /* Runs the body up to its next yield.  The task of that. */
    mag_vtask next()
    {
        if (is_over_)
            return mag_vtask_result(0);
        if (is_used_)
            mag_core_reset(core());
        mag_vtask raw = mag_core_task(core());
        /* relaxed: the resume below is this thread's. */
        state_.store(RUNS, std::memory_order_relaxed);
        handle::from_promise(*this).resume();
        /* met, both halves. */
        is_used_ = state_.exchange(LEFT, std::memory_order_acq_rel) != STOPPED;
        return is_used_ ? raw : mag_vtask_result(0);
    }
    std::optional<T> take()
    {
        if (error_)
            std::rethrow_exception(std::exchange(error_, nullptr));
        return std::exchange(value_, std::nullopt);
    }
    void enter() noexcept
    {
        /* relaxed: who enters has the sequence. */
        owners_.fetch_add(1, std::memory_order_relaxed);
    }
    void leave() noexcept
    {
        /* left, both halves. */
        if (owners_.fetch_sub(1, std::memory_order_acq_rel) != 1)
            return;
        if (is_used_)
            mag_core_reset(core());
        handle::from_promise(*this).destroy();
    }

  private:
    enum { RUNS, STOPPED, LEFT };

    mag_core *core() noexcept
    {
        return &(static_cast<box *>(handle::from_promise(*this).address()) - 1)->core;
    }

    std::optional<T> value_;
    std::exception_ptr error_;
    std::atomic<int> state_{STOPPED};
    std::atomic<int> owners_{1};
    bool is_over_ = false;
    bool is_used_ = false; /* the core has completed an operation */
};

/* An owner of a sequence's frame. */
template <class T> class sequence_owner
{
  public:
    explicit sequence_owner(sequence_promise<T> *promise) noexcept : promise_(promise)
    {
    }
    sequence_owner(sequence_owner &&other) noexcept
        : promise_(std::exchange(other.promise_, nullptr))
    {
    }
    sequence_owner &operator=(sequence_owner &&other) noexcept
    {
        std::swap(promise_, other.promise_);
        return *this;
    }
    ~sequence_owner()
    {
        if (promise_ != nullptr)
            promise_->leave();
    }
    sequence_promise<T> *get() const noexcept
    {
        return promise_;
    }
    /* For awaitable. */
    std::optional<T> take(mag_vtask raw)
    {
        check(mag_vtask_get(raw, nullptr));
        return promise_->take();
    }

  private:
    sequence_promise<T> *promise_;
};

} // namespace detail

/*
 * A function that returns sequence<T> is a coroutine that yields values, to whoever asks
 * for the next one.  It may co_await between the yields.  For C++20.
 *
 *     static magpie::sequence<int> count_to(int limit)
 *     {
 *         for (int i = 1; i <= limit; i++)
 *             co_yield i;
 *     }
 *
 *     magpie::sequence<int> numbers = count_to(100);
 *     while (auto number = co_await numbers.next())
 *         use(*number);
 *
 * Nothing runs before the first next(), and nothing that nobody asks for.  A value that
 * is yielded without waiting costs a call.  An exception of the body leaves the next() it
 * was to serve; after that, and after the last value, next() yields an empty optional.  A
 * sequence that is dropped ends its body at the yield where it stands.
 *
 * One next() at a time: ask again when the last one has yielded.
 */
template <class T> class [[nodiscard]] sequence
{
  public:
    using promise_type = detail::sequence_promise<T>;
    using value_type = T;

    /* The next value; an empty optional: there is none.  Throws what the body throws;
     * error -ENOMEM: there was no memory for the sequence. */
    awaitable<detail::sequence_owner<T>> next()
    {
        promise_type *promise = owner_.get();

        if (promise == nullptr)
            return {mag_vtask_failed(-ENOMEM, 0), detail::sequence_owner<T>(nullptr)};
        promise->enter();
        detail::sequence_owner<T> second(promise);
        mag_vtask raw = promise->next();

        return {raw, std::move(second)};
    }

    /* For the library's own maker. */
    explicit sequence(promise_type *promise) noexcept : owner_(promise)
    {
    }

  private:
    detail::sequence_owner<T> owner_;
};

namespace detail
{

template <class T>
sequence<T> sequence_promise<T>::get_return_object_on_allocation_failure()
{
    return sequence<T>(nullptr);
}
template <class T> sequence<T> sequence_promise<T>::get_return_object()
{
    return sequence<T>(this);
}

} // namespace detail
#endif

} // namespace magpie

#endif
