/*
 * relay.hpp - lambdas that C functions call for a task: what they return or throw, as a
 * task for C.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_RELAY_HPP
#define MAGPIE_CPP_RELAY_HPP

#include <magpie/cpp/task.hpp>
#include <magpie/cpp/where.hpp>

namespace magpie
{
namespace detail
{

/*
 * A pending task<T> whose exception C code is to hand on, behind the head of a box: when
 * the task is complete, so is the box, with the result or with the exception's code.
 */
template <class T> struct relayed {
    mag_continuation continuation{}; /* first */
    task<T> awaited;
    exceptions *thrown;

    relayed(task<T> &&source, exceptions &keeper)
        : awaited(std::move(source)), thrown(&keeper)
    {
    }
    static void run(mag_job *job)
    {
        auto *self = reinterpret_cast<relayed *>(job);
        box *over = reinterpret_cast<box *>(self) - 1;
        std::uint64_t word = 0;
        int code = self->settle(word);
        int r = code != 0 ? mag_core_set_error(&over->core, code, 0)
                          : mag_core_set_result(&over->core, word);

        if (r != 0)
            std::terminate();
    }
    int settle(std::uint64_t &word)
    {
        return thrown->guard([&] {
            if constexpr (std::is_void_v<T>)
                awaited.take();
            else
                word = word_of(awaited.take());
        });
    }
    static void end(box *over)
    {
        std::launder(reinterpret_cast<relayed *>(over + 1))->~relayed();
    }
};

/* A task for C, with the result of a task<T>, or with the code of its exception. */
template <class T> mag_vtask relay(task<T> &&source, exceptions &thrown)
{
    static_assert(is_word<T>, "the result is larger than a word");
    if (source.ready()) {
        std::uint64_t word = 0;
        relayed<T> here(std::move(source), thrown);
        int code = here.settle(word);

        return code != 0 ? mag_vtask_failed(code, 0) : mag_vtask_result(word);
    }
    box *made = take_box(sizeof(relayed<T>));
    if (made == nullptr) /* the outcome is all the same awaited: as a code */
        return source.release();
    mag_vtask awaited = source.raw();
    auto *inside = new (made + 1) relayed<T>(std::move(source), thrown);

    mag_core_prepare(&made->core, &box_type);
    made->end = relayed<T>::end;
    mag_vtask raw = mag_core_task(&made->core);
    inside->continuation.job.run = relayed<T>::run;
    int r = mag_vtask_on_completed(awaited, &inside->continuation, 0);
    if (r != 0 && mag_core_set_error(&made->core, r, 0) != 0)
        std::terminate();
    return raw;
}

template <class R, class = void> struct returned_task {
    static constexpr bool is_task = false;
};
template <class T> struct returned_task<task<T>> {
    static constexpr bool is_task = true;
    static mag_vtask raw(task<T> &&made, exceptions &thrown)
    {
        return relay(std::move(made), thrown);
    }
};
template <> struct returned_task<mag_vtask> {
    static constexpr bool is_task = true;
    static mag_vtask raw(mag_vtask made, exceptions &)
    {
        return made;
    }
};
/* A mag_task, or one of MAG_VTASK_DEFINE. */
template <class C>
struct returned_task<C, std::enable_if_t<std::is_same_v<decltype(C::task), mag_vtask>>> {
    static_assert(sizeof(C) == sizeof(mag_vtask), "the result is larger than a word");
    static constexpr bool is_task = true;
    static mag_vtask raw(C made, exceptions &)
    {
        return made.task;
    }
};

/* Whether a lambda returns a task: of C++ or of C. */
template <class R> inline constexpr bool is_any_task = returned_task<R>::is_task;

/* Calls a lambda, which returns a task, a result of at most a word, or nothing.  Returns
 * a task for C. */
template <class Call> mag_vtask call_for_task(exceptions &thrown, Call &&call)
{
    using result = std::invoke_result_t<Call>;
    mag_vtask raw = mag_vtask_result(0);
    int code = thrown.guard([&] {
        if constexpr (is_any_task<result>)
            raw = returned_task<result>::raw(call(), thrown);
        else if constexpr (std::is_void_v<result>)
            call();
        else
            raw = mag_vtask_result(word_of(call()));
    });

    return code != 0 ? mag_vtask_failed(code, 0) : raw;
}

} // namespace detail
} // namespace magpie

#endif
