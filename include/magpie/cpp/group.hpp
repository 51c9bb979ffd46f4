/*
 * group.hpp - groups of lambdas, and teams.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_GROUP_HPP
#define MAGPIE_CPP_GROUP_HPP

#include <magpie/cpp/box.hpp>
#include <magpie/cpp/error.hpp>
#include <magpie/group.h>
#include <magpie/team.h>
#include <memory>
#include <mutex>
#include <type_traits>

namespace magpie
{
namespace detail
{

/* The exception that a wait throws: that of the lambda that threw first. */
class first_exception
{
  public:
    void keep(const std::exception_ptr &thrown)
    {
        std::lock_guard<std::mutex> held(lock_);

        if (!error_)
            error_ = thrown;
    }
    void rethrow()
    {
        std::unique_lock<std::mutex> held(lock_);
        std::exception_ptr thrown = std::exchange(error_, nullptr);

        held.unlock();
        if (thrown)
            std::rethrow_exception(thrown);
    }

  private:
    std::mutex lock_;
    std::exception_ptr error_;
};

/* A lambda of a group, behind the head of a box. */
template <class F> struct grouped {
    F function;
    first_exception *first;

    static grouped *in(void *arg)
    {
        return std::launder(reinterpret_cast<grouped *>(static_cast<box *>(arg) + 1));
    }
    static int run(void *arg)
    {
        grouped *self = in(arg);
        first_exception *first = self->first;
        outcome<void> how;

        try {
            record(how, [&] { (void)self->function(); });
        } catch (...) { /* the thread ends */
            end(static_cast<box *>(arg));
            throw;
        }
        end(static_cast<box *>(arg));
        if (!how.error)
            return 0;
        first->keep(how.error);
        return code_of(how.error);
    }
    static void end(box *over)
    {
        in(over)->~grouped();
        give_box(over);
    }
};

} // namespace detail

/*
 * A group of lambdas (group.h).  Its destructor cancels what has not begun, and waits for
 * the rest.
 */
class group
{
  public:
    /* At most so many at a time; 0: any number. */
    explicit group(mag_sched *sched, std::uint32_t max_running = 0)
        : group(sched, limited(max_running))
    {
    }
    /* `on_withdrawn` and `hook_arg` of the configuration are the group's own. */
    group(mag_sched *sched, mag_group_config config)
    {
        config.on_withdrawn = withdrawn;
        config.hook_arg = nullptr;
        check(mag_group_create(sched, &config, &group_));
    }
    group(const group &) = delete;
    group &operator=(const group &) = delete;
    ~group()
    {
        (void)mag_group_cancel(group_);
        [[maybe_unused]] int r = mag_group_wait(group_, -1, nullptr);
        (void)mag_group_destroy(group_);
    }
    static mag_group_config defaults()
    {
        mag_group_config config;

        mag_group_config_init(&config);
        return config;
    }

    mag_group *get() const noexcept
    {
        return group_;
    }

    /* Adds a lambda, which is moved into memory of the library's pools.  Throws error if
     * the group does not take it. */
    template <class F> void add(F &&function)
    {
        using job = detail::grouped<std::decay_t<F>>;
        detail::box *made = detail::take_box(sizeof(job));

        if (made == nullptr)
            raise(-ENOMEM);
        new (made + 1) job{std::forward<F>(function), &first_};
        made->end = job::end;
        int r = mag_group_add(group_, job::run, made);
        if (r < 0) {
            job::end(made);
            raise(r);
        }
    }

    /* Waits until all have ended.  Throws what the first lambda that threw has thrown;
     * canceled: the group was canceled. */
    void wait()
    {
        int r = mag_group_wait(group_, -1, nullptr);

        first_.rethrow();
        check(r);
    }
    /* Withdraws what has not begun. */
    void cancel() noexcept
    {
        (void)mag_group_cancel(group_);
    }
    bool is_canceled() const
    {
        return mag_group_is_canceled(group_);
    }

  private:
    static mag_group_config limited(std::uint32_t max_running)
    {
        mag_group_config config = defaults();

        config.max_running = max_running;
        return config;
    }
    static void withdrawn(void *arg, void *)
    {
        auto *made = static_cast<detail::box *>(arg);

        made->end(made);
    }

    mag_group *group_ = nullptr;
    detail::first_exception first_;
};

/*
 * Calls f(team, member) on so many threads at the same time (team.h), and returns when
 * all have returned; f may take the member's number alone.  What the first member that
 * throws has thrown leaves this call; the others go on without it.
 */
template <class F>
void run_team(mag_sched *sched, std::uint32_t members, F &&f, std::uint32_t flags = 0)
{
    struct shared {
        std::remove_reference_t<F> *function;
        detail::first_exception first;
    } all{&f, {}};
    auto body = [](mag_team *team, std::uint32_t member, void *arg) {
        auto *in = static_cast<shared *>(arg);
        detail::outcome<void> how;

        detail::record(how, [&] {
            if constexpr (std::is_invocable_v<F &, mag_team *, std::uint32_t>)
                (*in->function)(team, member);
            else
                (*in->function)(member);
        });
        if (how.error)
            in->first.keep(how.error);
    };
    int r = mag_team_run(sched, members, flags, body, &all);

    all.first.rethrow();
    check(r);
}

} // namespace magpie

#endif
