/*
 * pipeline.hpp - pipelines of lambdas.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_PIPELINE_HPP
#define MAGPIE_CPP_PIPELINE_HPP

#include <magpie/cpp/awaitable.hpp>
#include <magpie/cpp/relay.hpp>
#include <magpie/cpp/sync.hpp>
#include <magpie/pipeline.h>
#include <memory>

namespace magpie
{
namespace detail
{

/* What a stage's lambda returned, as C wants it: nothing goes on; false ends the items or
 * skips the item; a number is that of pipeline.h. */
template <class R> int stage_outcome(R outcome, bool is_first)
{
    if constexpr (std::is_same_v<R, bool>)
        return outcome ? 0 : static_cast<int>(is_first ? MAG_STAGE_END : MAG_STAGE_SKIP);
    else
        return static_cast<int>(outcome);
}

} // namespace detail

/*
 * A pipeline (pipeline.h), built once and run any number of times.
 *
 *     struct page { int number; std::string text; };
 *
 *     magpie::pipeline<page> pages;
 *     pages.in_order([&](page &p) { p.number = next++; return p.number < 100; });
 *     pages.parallel([&](page &p) { p.text = render(p.number); });
 *     pages.in_order([&](page &p) { out << p.text; });
 *     pages.run(nullptr, 8);              // 8 pages at a time at most
 *
 * A stage takes a Token &.  The first one makes an item, and returns true; or returns
 * false: there are no more.  A later one returns nothing; or false: the item is skipped,
 * no later stage sees it.  A stage that returns a task<> or a mag_task is async: its item
 * waits without a thread.  (An int is what a stage of C returns.)
 *
 * A Token is any type that can be default-constructed; it need not be copied or moved.  A
 * token is made when the pipeline first needs it, used again for later items, as the last
 * item has left it, and destroyed at the end of the run.
 *
 * What a stage throws ends the pipeline and leaves run(); if several throw, the first of
 * them in the order of the items counts.  The items before it go through all stages.
 *
 * Stages are moved into the pipeline, and allocated there.  run() and start() allocate as
 * those of C do.
 */
template <class Token> class pipeline : detail::pinned
{
  public:
    /* What start() returns: throws what run() throws. */
    struct running {
        pipeline *self;

        void take(mag_vtask raw)
        {
            self->thrown_.finish(mag_vtask_get(raw, nullptr));
        }
    };

    /* Adds a stage, behind those that there are.  `name` is for reports. */
    template <class F> pipeline &parallel(F &&function, const char *name = "parallel")
    {
        return add(MAG_STAGE_PARALLEL, std::forward<F>(function), name);
    }
    template <class F> pipeline &in_order(F &&function, const char *name = "in order")
    {
        return add(MAG_STAGE_IN_ORDER, std::forward<F>(function), name);
    }
    template <class F> pipeline &any_order(F &&function, const char *name = "any order")
    {
        return add(MAG_STAGE_ANY_ORDER, std::forward<F>(function), name);
    }
    template <class F> pipeline &on_caller(F &&function, const char *name = "on caller")
    {
        return add(MAG_STAGE_ON_CALLER, std::forward<F>(function), name);
    }
    /* Called with each item that was made and does not reach the end, as the pipeline
     * fails or is canceled; it must not throw. */
    template <class F> pipeline &on_drop(F &&function)
    {
        drop_ = std::make_unique<stage_of<std::decay_t<F>>>(std::forward<F>(function));
        return *this;
    }
    /* cancel, report, caller_sleeps, exact (pipeline.h). */
    mag_pipeline_options &options() noexcept
    {
        return options_;
    }

    /*
     * Runs items through all stages; waits for the last one.
     *
     *   sched      NULL: as for name_run of pipeline.h
     *   tokens     0: two for each worker, and two more
     *   Throws     what a stage throws; canceled; error: as name_run
     */
    void run(mag_sched *sched, std::uint32_t tokens = 0)
    {
        const mag_pipeline call = prepared(tokens);

        thrown_.finish(mag_pipeline_run(sched, &call, this));
    }
    /* The same, as an awaitable.  The pipeline must outlive it; one run at a time. */
    awaitable<running> start(mag_sched *sched, std::uint32_t tokens = 0)
    {
        const mag_pipeline call = prepared(tokens);

        return {mag_pipeline_start(sched, &call, this), {this}};
    }

  private:
    /* A lambda, whatever its type is. */
    struct any_stage {
        virtual ~any_stage() = default;
        virtual int call(Token &token, bool is_first, detail::exceptions &thrown) = 0;
        virtual mag_vtask start(Token &token, detail::exceptions &thrown) = 0;
    };
    template <class F> struct stage_of final : any_stage {
        using result = std::invoke_result_t<F &, Token &>;
        static constexpr bool is_async = detail::is_any_task<result>;

        explicit stage_of(F &&taken) : function(std::move(taken))
        {
        }
        explicit stage_of(const F &copied) : function(copied)
        {
        }
        int call(Token &token, bool is_first, detail::exceptions &thrown) override
        {
            int outcome = 0;
            int code = thrown.guard([&] {
                if constexpr (std::is_void_v<result> || is_async)
                    (void)function(token);
                else
                    outcome = detail::stage_outcome(function(token), is_first);
            });

            return code != 0 ? code : outcome;
        }
        mag_vtask start(Token &token, detail::exceptions &thrown) override
        {
            if constexpr (is_async)
                return detail::call_for_task(thrown, [&] { return function(token); });
            else
                return mag_vtask_failed(-EINVAL, 0);
        }

        F function;
    };
    /* As struct name_stage of MAG_PIPELINE. */
    struct stage {
        mag_stage common; /* first */
        any_stage *function;
        bool is_first;
    };

    template <class F> pipeline &add(mag_stage_mode mode, F &&function, const char *name)
    {
        using kind = stage_of<std::decay_t<F>>;

        if (count_ == MAG_PIPELINE_STAGES_MAX)
            raise(-EINVAL);
        functions_[count_] = std::make_unique<kind>(std::forward<F>(function));
        stages_[count_] = {
            {name, mode, kind::is_async}, functions_[count_].get(), count_ == 0};
        count_++;
        return *this;
    }
    mag_pipeline prepared(std::uint32_t tokens)
    {
        thrown_.clear();
        return {&type, &options_, &stages_[0].common, sizeof(stage), count_, tokens};
    }

    static const stage &of(const mag_stage *common)
    {
        return *reinterpret_cast<const stage *>(common);
    }
    static int call_stage(const mag_stage *common, void *token, void *self)
    {
        return of(common).function->call(*static_cast<Token *>(token),
                                         of(common).is_first,
                                         static_cast<pipeline *>(self)->thrown_);
    }
    static mag_vtask start_stage(const mag_stage *common, void *token, void *self)
    {
        return of(common).function->start(*static_cast<Token *>(token),
                                          static_cast<pipeline *>(self)->thrown_);
    }
    static int prepare_token(const mag_pipeline_options *, void *token, void *self)
    {
        return static_cast<pipeline *>(self)->thrown_.guard([&] { new (token) Token(); });
    }
    static void release_token(const mag_pipeline_options *, void *token, void *)
    {
        static_cast<Token *>(token)->~Token();
    }
    static void drop_token(const mag_pipeline_options *, void *token, void *self)
    {
        auto *in = static_cast<pipeline *>(self);

        if (in->drop_ != nullptr)
            (void)in->drop_->call(*static_cast<Token *>(token), false, in->thrown_);
    }

    static constexpr mag_pipeline_type type = {
        sizeof(Token), alignof(Token), call_stage, start_stage,
        prepare_token, release_token,  drop_token};

    std::unique_ptr<any_stage> functions_[MAG_PIPELINE_STAGES_MAX];
    stage stages_[MAG_PIPELINE_STAGES_MAX] = {};
    std::unique_ptr<any_stage> drop_;
    std::size_t count_ = 0;
    mag_pipeline_options options_{};
    detail::exceptions thrown_;
};

} // namespace magpie

#endif
