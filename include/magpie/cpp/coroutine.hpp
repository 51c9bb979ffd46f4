/*
 * coroutine.hpp - co_await on any value task, and coroutines that are value tasks.  For
 * C++20; include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_COROUTINE_HPP
#define MAGPIE_CPP_COROUTINE_HPP

#include <magpie/cpp/task.hpp>

#if defined(__cpp_impl_coroutine) && __cpp_impl_coroutine >= 201902L

#    include <coroutine>

#    define MAGPIE_HAS_COROUTINES 1

namespace magpie
{
namespace detail
{

/* A coroutine's continuation; in its frame. */
struct resumer {
    mag_continuation continuation{};
    std::coroutine_handle<> waiting;

    static void resume(mag_job *job)
    {
        reinterpret_cast<resumer *>(job)->waiting.resume();
    }
};

/* What co_await uses, for a task<T> or its like.  Comes back to the context in which it
 * waited (executor.h). */
template <class Task> class awaiter : private resumer
{
  public:
    explicit awaiter(Task &&awaited) noexcept : task_(std::move(awaited))
    {
    }
    bool await_ready() const
    {
        return task_.ready();
    }
    bool await_suspend(std::coroutine_handle<> waits)
    {
        waiting = waits;
        continuation.job.run = resume;
        /* After a success another thread may have resumed and ended the coroutine. */
        int r = mag_vtask_on_completed(task_.raw(), &continuation, MAG_AWAIT_CONTEXT);
        if (r == 0)
            return true;
        raise(r);
    }
    auto await_resume()
    {
        return task_.take();
    }

  private:
    Task task_;
};

/* The outcome of a coroutine; in its frame. */
template <class T> struct returned : outcome<T> {
    template <class U> void return_value(U &&result)
    {
        this->value.emplace(std::forward<U>(result));
    }
};

template <> struct returned<void> : outcome<void> {
    void return_void() const noexcept
    {
    }
};

template <class T> class coroutine : public returned<T>
{
    using handle = std::coroutine_handle<coroutine>;

  public:
    static void *operator new(std::size_t size) noexcept
    {
        box *taken = take_box(size);

        return taken != nullptr ? taken + 1 : nullptr;
    }
    /* Once the coroutine is an operation its box ends with that. */
    static void operator delete(void *frame) noexcept
    {
        box *taken = static_cast<box *>(frame) - 1;

        if (taken->end == nullptr)
            give_box(taken);
    }
    static task<T> get_return_object_on_allocation_failure()
    {
        return task<T>::from(mag_vtask_failed(-ENOMEM, 0));
    }
    task<T> get_return_object() noexcept
    {
        box *made = own_box();

        mag_core_prepare(&made->core, &box_type);
        made->outcome = static_cast<outcome<T> *>(this);
        made->end = [](box *over) {
            std::coroutine_handle<>::from_address(over + 1).destroy();
        };
        return task<T>(mag_core_task(&made->core), made);
    }
    std::suspend_never initial_suspend() const noexcept
    {
        return {};
    }
    auto final_suspend() const noexcept
    {
        struct completer {
            bool await_ready() const noexcept
            {
                return false;
            }
            void await_suspend(handle done) const noexcept
            {
                complete<T>(done.promise().own_box());
            }
            void await_resume() const noexcept
            {
            }
        };
        return completer{};
    }
    void unhandled_exception() noexcept
    {
        this->error = std::current_exception();
    }

  private:
    box *own_box() noexcept
    {
        return static_cast<box *>(handle::from_promise(*this).address()) - 1;
    }
};

/* Moves a coroutine to an executor's thread: see resume_on. */
class mover : private resumer
{
  public:
    explicit mover(mag_executor *target) noexcept : target_(target)
    {
    }
    bool await_ready() const noexcept
    {
        return false;
    }
    void await_suspend(std::coroutine_handle<> moves)
    {
        waiting = moves;
        continuation.job.run = resume;
        check(target_->post(target_, &continuation.job));
    }
    void await_resume() const noexcept
    {
    }

  private:
    mag_executor *target_;
};

} // namespace detail

/* co_await on a task yields its result, or throws. */
template <class T> auto operator co_await(task<T> &&awaited)
{
    return detail::awaiter<task<T>>(std::move(awaited));
}

/* co_await resume_on(executor): the coroutine goes on there.  If the executor refuses,
 * because it is stopping, this throws and the coroutine stays where it is. */
inline auto resume_on(mag_executor *executor)
{
    return detail::mover(executor);
}
inline auto resume_on(mag_sched *sched)
{
    return detail::mover(mag_sched_executor(sched));
}

} // namespace magpie

/* co_await on the tasks of the C functions. */
inline auto operator co_await(mag_vtask raw)
{
    using result = magpie::task<std::uint64_t>;

    return magpie::detail::awaiter<result>(result::from(raw));
}
inline auto operator co_await(mag_task raw)
{
    return magpie::detail::awaiter<magpie::task<>>(magpie::task<>::from(raw.task));
}
template <class C, class T = magpie::detail::value_of<C>,
          class = std::enable_if_t<std::is_same_v<decltype(C::task), mag_vtask>>>
auto operator co_await(C typed)
{
    return magpie::detail::awaiter<magpie::task<T>>(magpie::task<T>::from_typed(typed));
}

/* A function that returns task<T> and uses co_await or co_return is a coroutine.  It
 * begins at once, on the caller's thread; its frame comes from the library's pools. */
template <class T, class... A> struct std::coroutine_traits<magpie::task<T>, A...> {
    using promise_type = magpie::detail::coroutine<T>;
};

#endif

#endif
