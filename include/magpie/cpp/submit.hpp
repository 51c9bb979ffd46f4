/*
 * submit.hpp - submitting lambdas, whose results come as tasks.  Include
 * <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_SUBMIT_HPP
#define MAGPIE_CPP_SUBMIT_HPP

#include <magpie/cpp/task.hpp>
#include <magpie/submit.h>

namespace magpie
{
namespace detail
{

/* Behind the head of a box: a lambda, and how its call ended. */
template <class F> struct submitted {
    using result = std::invoke_result_t<F &>;

    F function;
    outcome<result> how;

    static submitted *in(void *arg)
    {
        return std::launder(reinterpret_cast<submitted *>(static_cast<box *>(arg) + 1));
    }
    static void run(void *arg)
    {
        submitted *self = in(arg);

        try {
            record(self->how, self->function);
        } catch (...) { /* the thread ends */
            complete<result>(static_cast<box *>(arg));
            throw;
        }
        complete<result>(static_cast<box *>(arg));
    }
    /* The scheduler was stopped before the call began. */
    static void drop(void *arg)
    {
        in(arg)->how.error = std::make_exception_ptr(canceled());
        complete<result>(static_cast<box *>(arg));
    }
    static void end(box *over)
    {
        in(over)->~submitted();
    }
};

} // namespace detail

/*
 * Submits a lambda: function() is called once, on a worker, and the task ends with what
 * it returns or throws.  The lambda is moved, into memory of the library's pools.
 *
 *   sched      NULL: as for mag_submit
 *   options    priority, place, name (submit.h); `dropped` is this function's own
 *   Throws     error: the scheduler refuses, or there is no memory; nothing was submitted
 *
 * If a stop cancels the submission before it begins, the task throws canceled.
 */
template <class F>
auto submit(mag_sched *sched, F &&function, mag_submit_options options = {})
    -> task<std::invoke_result_t<std::decay_t<F> &>>
{
    using call = detail::submitted<std::decay_t<F>>;
    detail::box *made = detail::take_box(sizeof(call));

    static_assert(alignof(call) <= alignof(detail::box), "the lambda's alignment");
    if (made == nullptr)
        raise(-ENOMEM);
    call *inside = new (made + 1) call{std::forward<F>(function), {}};

    mag_core_prepare(&made->core, &detail::box_type);
    made->outcome = &inside->how;
    made->end = call::end;
    mag_vtask raw = mag_core_task(&made->core);
    options.dropped = call::drop;
    int r = mag_submit_with(sched, &options, call::run, made);
    if (r < 0) {
        inside->how.error = std::make_exception_ptr(error(r));
        detail::complete<typename call::result>(made);
        /* Reads it, and throws. */
        (void)task<typename call::result>(raw, made).take();
    }
    return task<typename call::result>(raw, made);
}

} // namespace magpie

#endif
