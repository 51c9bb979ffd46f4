/*
 * scheduler.hpp - schedulers that end with their scope, and fork-join with lambdas.
 * Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_SCHEDULER_HPP
#define MAGPIE_CPP_SCHEDULER_HPP

#include <magpie/cpp/box.hpp>
#include <magpie/cpp/error.hpp>
#include <magpie/default.h>
#include <magpie/fork.h>
#include <magpie/sched.h>

namespace magpie
{

/* The fork stack of the calling worker: pass it by value to whatever forks (fork.h). */
using fork_stack = mag_fork;

namespace detail
{

/* f(w), or f() if it takes no fork stack. */
template <class F> decltype(auto) call(F &function, mag_fork w)
{
    if constexpr (std::is_invocable_v<F &, mag_fork>)
        return function(w);
    else
        return function();
}

template <class F>
using result_of = decltype(call(std::declval<F &>(), std::declval<mag_fork>()));

/* A lambda on the caller's stack, and how its call ended. */
template <class F> struct called {
    F *function;
    outcome<result_of<F>> how;

    void run(mag_fork w)
    {
        record(how, [&]() -> result_of<F> { return call(*function, w); });
    }
    /* As a mag_fork_body: the payload holds the address of this. */
    static void body(mag_fork w, void *payload)
    {
        called *self;

        std::memcpy(&self, payload, sizeof(self));
        self->run(w);
    }
};

} // namespace detail

/*
 * Calls f and g, perhaps on two workers at once, and returns when both have ended.  Each
 * takes a fork_stack, or nothing.  g is called at once, and f may be stolen meanwhile:
 * let g be what the serial program would do first.  If g throws, its exception leaves
 * this call, else f's; f is not called if g throws before anybody took it.
 */
template <class F, class G> void invoke(fork_stack w, F &&f, G &&g)
{
    detail::called<std::remove_reference_t<F>> child{&f, {}};
    auto *address = &child;

    check(mag_fork_push(&w, detail::called<std::remove_reference_t<F>>::body, &address,
                        sizeof(address)));
    try {
        (void)detail::call(g, w);
    } catch (...) {
        /* A child that nobody took is not called; another one is waited for. */
        (void)mag_fork_pop(&w);
        throw;
    }
    if (mag_fork_pop(&w))
        (void)detail::call(f, w);
    else
        (void)child.how.take();
}

/*
 * A scheduler.  It is movable; its destructor runs what was posted and ends the threads.
 */
class scheduler
{
  public:
    /* With so many workers; 0: one for each core. */
    explicit scheduler(std::uint32_t workers = 0)
    {
        mag_sched_config config = defaults();

        config.workers = workers;
        check(mag_sched_start(&config, &sched_));
    }
    explicit scheduler(const mag_sched_config &config)
    {
        check(mag_sched_start(&config, &sched_));
    }
    /* The process's default scheduler, which nobody ends. */
    static scheduler shared()
    {
        scheduler result(nullptr, false);

        check(mag_sched_default(&result.sched_));
        return result;
    }
    /* The defaults of the configuration. */
    static mag_sched_config defaults()
    {
        mag_sched_config config;

        mag_sched_config_init(&config);
        return config;
    }

    scheduler(scheduler &&other) noexcept
        : sched_(std::exchange(other.sched_, nullptr)), owned_(other.owned_)
    {
    }
    scheduler &operator=(scheduler &&other) noexcept
    {
        std::swap(sched_, other.sched_);
        std::swap(owned_, other.owned_);
        return *this;
    }
    /* On a worker, as when a job calls exit(), it only begins the stop. */
    ~scheduler()
    {
        [[maybe_unused]] int r = 0;

        if (owned_ && mag_sched_destroy(sched_) != 0)
            r = mag_sched_stop_begin(sched_, MAG_SCHED_DRAIN);
    }

    mag_sched *get() const noexcept
    {
        return sched_;
    }
    operator mag_sched *() const noexcept
    {
        return sched_;
    }
    std::uint32_t workers() const
    {
        return mag_sched_workers(sched_);
    }

    /* Calls f as the root of a computation and waits; from any thread.  f takes a
     * fork_stack, or nothing.  Returns or throws what f does. */
    template <class F> auto run(F &&f) const
    {
        detail::called<std::remove_reference_t<F>> root{&f, {}};
        auto *address = &root;

        check(mag_fork_run(sched_, detail::called<std::remove_reference_t<F>>::body,
                           &address));
        return root.how.take();
    }

  private:
    scheduler(mag_sched *sched, bool owned) noexcept : sched_(sched), owned_(owned)
    {
    }

    mag_sched *sched_ = nullptr;
    bool owned_ = true;
};

} // namespace magpie

#endif
