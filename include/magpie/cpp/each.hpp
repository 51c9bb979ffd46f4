/*
 * each.hpp - loops whose bodies await, and many tasks one by one.  Include
 * <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_EACH_HPP
#define MAGPIE_CPP_EACH_HPP

#include <magpie/cpp/awaitable.hpp>
#include <magpie/cpp/relay.hpp>
#include <magpie/each.h>
#include <magpie/when.h>
#include <memory>
#include <vector>

namespace magpie
{
namespace detail
{

/* The body of a loop, in a box: the loop's task and the awaitable share it. */
template <class F> struct each_body {
    F function;
    exceptions thrown{};

    explicit each_body(F &&taken) : function(std::move(taken))
    {
    }
    explicit each_body(const F &copied) : function(copied)
    {
    }
    static void end(box *over)
    {
        std::launder(reinterpret_cast<each_body *>(over + 1))->~each_body();
        give_box(over);
    }

    /* As the struct that MAG_EACH makes. */
    struct loop {
        mag_each_run run; /* first */
        each_body *body;
    };
    static mag_vtask call(std::size_t index, mag_each_run *run)
    {
        each_body *self = reinterpret_cast<loop *>(run)->body;

        return call_for_task(self->thrown, [&] { return self->function(index); });
    }
    static constexpr mag_each_type type = {
        {{0, 0, mag_frame_recycle, nullptr}, nullptr, sizeof(loop)}, call};
};

/* The end of a loop. */
template <class F> class each_running
{
  public:
    explicit each_running(box *body) noexcept : body_(body)
    {
    }
    each_running(each_running &&other) noexcept
        : body_(std::exchange(other.body_, nullptr))
    {
    }
    each_running &operator=(each_running &&) = delete;
    ~each_running()
    {
        if (body_ != nullptr)
            each_body<F>::end(body_);
    }
    void take(mag_vtask raw)
    {
        int code = mag_vtask_get(raw, nullptr);

        std::launder(reinterpret_cast<each_body<F> *>(body_ + 1))->thrown.finish(code);
    }

  private:
    box *body_;
};

} // namespace detail

/*
 * Calls f for the indices from begin to end - 1; at most so many calls are in flight, as
 * `options.limit` says, 0: one for each worker (each.h).  f takes an index and returns a
 * task<>, a task of C, or nothing.  Await the result, or wait by get().
 *
 *     mag_each_options options{};
 *     options.limit = 20;
 *     co_await magpie::for_each_async(nullptr, 0, urls.size(),
 *                                     [&](std::size_t i) { return fetch(urls[i]); },
 *                                     options);
 *
 * f is moved into memory of the library's pools and lives until the last task is
 * complete.  If it is a coroutine itself, its captures may be used as long.
 *
 *   sched      NULL: as for name_each of each.h
 *   Throws     what the body with the smallest index throws, of those that throw;
 *              canceled; error: as name_each
 */
template <class F>
auto for_each_async(mag_sched *sched, std::size_t begin, std::size_t end, F &&f,
                    const mag_each_options &options = {})
    -> awaitable<detail::each_running<std::decay_t<F>>>
{
    using body = detail::each_body<std::decay_t<F>>;
    detail::box *made = detail::take_box(sizeof(body));

    static_assert(alignof(body) <= alignof(detail::box), "the lambda's alignment");
    if (made == nullptr)
        raise(-ENOMEM);
    auto *inside = new (made + 1) body(std::forward<F>(f));
    detail::each_running<std::decay_t<F>> running(made);
    mag_each_run *run = mag_each_rent(&body::type.frame);

    if (run != nullptr)
        reinterpret_cast<typename body::loop *>(run)->body = inside;
    mag_vtask raw = mag_each_start(run, sched, &options, begin, end);
    return {raw, std::move(running)};
}

/*
 * Tasks that are handed out one by one, as they complete (mag_when_each_begin).
 *
 *     magpie::when_each<std::string> each(std::move(tasks));
 *
 *     while (auto next = co_await each.next())
 *         use(next->index, next->task.get());
 *
 * The destructor drops the tasks that were not handed out.
 */
template <class T> class when_each
{
  public:
    /* A task that is complete, and its index. */
    struct completed {
        std::size_t index;
        magpie::task<T> task;
    };
    struct getting {
        when_each *self;

        std::optional<completed> take(mag_vtask raw)
        {
            std::uint64_t index = 0;

            check(mag_vtask_get(raw, &index));
            if (index == self->tasks_.size())
                return std::nullopt;
            return completed{index, std::move(self->tasks_[index])};
        }
    };

    /* Takes the tasks.  Throws error as mag_when_each_begin; the tasks are dropped. */
    explicit when_each(std::vector<task<T>> tasks,
                       mag_when_order order = MAG_AS_COMPLETED)
        : tasks_(std::move(tasks))
    {
        std::vector<mag_vtask> raw;

        raw.reserve(tasks_.size());
        for (const task<T> &one : tasks_)
            raw.push_back(one.raw());
        check(mag_when_each_begin(raw.data(), raw.size(), order, &each_));
    }
    when_each(when_each &&) = delete;
    ~when_each()
    {
        /* Those that are left are C's, which discards them. */
        for (task<T> &left : tasks_)
            left.forget();
        mag_when_each_end(each_);
    }

    /* The next task that is complete; an empty optional: all were handed out. */
    awaitable<getting> next(mag_cancel *cancel = nullptr)
    {
        return {mag_when_each_next_of(each_, cancel), {this}};
    }

  private:
    std::vector<task<T>> tasks_;
    mag_when_each *each_ = nullptr;
};

} // namespace magpie

#endif
