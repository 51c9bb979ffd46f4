/*
 * graph.hpp - graphs of lambdas.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_GRAPH_HPP
#define MAGPIE_CPP_GRAPH_HPP

#include <magpie/cpp/awaitable.hpp>
#include <magpie/cpp/relay.hpp>
#include <magpie/cpp/sync.hpp>
#include <magpie/graph.h>
#include <memory>
#include <string>
#include <vector>

namespace magpie
{

/*
 * A graph (graph.h), built once and run any number of times.
 *
 *     magpie::graph graph;
 *     auto left = graph.add([&] { a = load(0); }, "left");
 *     auto right = graph.add([&] { b = load(1); }, "right");
 *     auto sum = graph.add([&] { c = a + b; }, "sum");
 *
 *     graph.edge(left, sum);
 *     graph.edge(right, sum);
 *     graph.build();
 *     graph.run(nullptr).get();           // or co_await
 *
 * A node is a lambda that takes nothing.  It returns nothing, or a number or a bool for
 * conditional edges, or a task of such.  The lambdas are moved into the graph, and
 * allocated there.  What a node throws ends the run and leaves its awaitable.
 */
class graph : detail::pinned
{
  public:
    using node = mag_graph_node *;
    struct running {
        graph *self;

        void take(mag_vtask raw)
        {
            self->thrown_.finish(mag_vtask_get(raw, nullptr));
        }
    };

    graph()
    {
        check(mag_graph_create(&graph_));
    }
    /* Not while it runs. */
    ~graph()
    {
        (void)mag_graph_destroy(graph_);
    }

    /* Adds a node.  `name` must stay valid as long as the graph. */
    template <class F> node add(F &&function, const char *name = "node")
    {
        using kind = lambda<std::decay_t<F>>;
        auto made = std::make_unique<kind>(&thrown_, std::forward<F>(function));
        any_node *args = made.get();
        node added = nullptr;

        nodes_.reserve(nodes_.size() + 1);
        check(mag_graph_add(graph_, &type, &args, &added));
        nodes_.push_back(std::move(made));
        mag_graph_name(added, name);
        return added;
    }
    /* `to` runs after `from` has ended. */
    void edge(node from, node to)
    {
        check(mag_graph_edge(graph_, from, to));
    }
    /* The same, only if `from` has returned this result. */
    template <class R> void edge_if(node from, node to, R result)
    {
        static_assert(detail::is_word<R>, "a number of at most 8 bytes");
        check(mag_graph_edge_if(graph_, from, to, detail::word_of(result)));
    }
    /* After the last change.  Throws cycle. */
    class cycle : public error
    {
      public:
        explicit cycle(std::string nodes) : error(-ELOOP), nodes_(std::move(nodes))
        {
        }
        /* Such as "a -> b -> a". */
        const char *what() const noexcept override
        {
            return nodes_.c_str();
        }

      private:
        std::string nodes_;
    };
    void build()
    {
        char nodes[512] = "";
        int r = mag_graph_build(graph_, nodes, sizeof(nodes));

        if (r == -ELOOP)
            throw cycle(nodes);
        check(r);
    }
    /* Runs the graph; await the result, or wait by get().  Throws what a node throws, the
     * first one in time; canceled; error: as mag_graph_run.  The graph must outlive the
     * awaitable; one run at a time. */
    awaitable<running> run(mag_sched *sched, mag_cancel *cancel = nullptr)
    {
        thrown_.clear();
        return {mag_graph_run_of(graph_, sched, cancel), {this}};
    }
    /* The node that failed in the last run; null: none did. */
    const char *failed() const
    {
        return mag_graph_failed(graph_);
    }
    /* The graph in the language of Graphviz. */
    std::string text() const
    {
        std::string made(mag_graph_text(graph_, nullptr, 0) + 1, '\0');

        (void)mag_graph_text(graph_, made.data(), made.size());
        made.pop_back();
        return made;
    }
    mag_graph *get() const noexcept
    {
        return graph_;
    }

  private:
    struct any_node {
        virtual ~any_node() = default;
        virtual mag_vtask call() = 0;
    };
    template <class F> struct lambda final : any_node {
        lambda(detail::exceptions *keeper, F &&taken)
            : thrown(keeper), function(std::move(taken))
        {
        }
        lambda(detail::exceptions *keeper, const F &copied)
            : thrown(keeper), function(copied)
        {
        }
        mag_vtask call() override
        {
            return detail::call_for_task(*thrown, function);
        }

        detail::exceptions *thrown;
        F function;
    };
    static mag_vtask call_node(void *args)
    {
        return (*static_cast<any_node **>(args))->call();
    }
    static constexpr mag_graph_type type = {call_node, "node", sizeof(any_node *)};

    std::vector<std::unique_ptr<any_node>> nodes_;
    detail::exceptions thrown_;
    mag_graph *graph_ = nullptr;
};

} // namespace magpie

#endif
