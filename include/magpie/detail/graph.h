/*
 * graph.h - what MAG_NODE expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_GRAPH_H
#define MAGPIE_DETAIL_GRAPH_H

#include <magpie/detail/pairs.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

struct mag_graph;
struct mag_graph_node;

/* A function that can be a node, as the library knows it. */
struct mag_graph_type {
    mag_vtask (*call)(void *args);
    const char *name;
    size_t size; /* of the arguments */
};

/* Adds a node whose arguments are copied from `args`. */
MAG_API MAG_MUST_CHECK int mag_graph_add(struct mag_graph *graph,
                                         const struct mag_graph_type *type,
                                         const void *args,
                                         struct mag_graph_node **ret_node);

/* MAG_NODE without the checks of its list. */
#define MAG_NODE_DECLARE(result_task, name, ...)                                       \
    MAG_STATIC_ASSERT(sizeof(result_task) == sizeof(mag_vtask),                        \
                      "the result of " #name " is larger than a word");                \
    static result_task name(MAG_PAIRS_PARAMS(__VA_ARGS__));                            \
    struct name##_node_args {                                                          \
        MAG_PAIRS_STRUCT(__VA_ARGS__)                                                  \
    };                                                                                 \
    static mag_vtask name##_node_call(void *mag_passed_)                               \
    {                                                                                  \
        struct name##_node_args *args_ =                                               \
            MAG_CAST(struct name##_node_args *, mag_passed_);                          \
        (void)args_;                                                                   \
        return name(MAG_PAIRS_ARGS(__VA_ARGS__)).task;                                 \
    }                                                                                  \
    static const MAG_STRUCT(mag_graph_type)                                            \
        name##_node_type = {name##_node_call, #name, sizeof(struct name##_node_args)}; \
    __attribute__((unused)) MAG_MUST_CHECK static inline int name##_node(              \
        MAG_POINTER(mag_graph) mag_graph_ MAG_PAIRS_BEHIND(__VA_ARGS__),               \
        MAG_POINTER(mag_graph_node) * mag_ret_node_)                                   \
    {                                                                                  \
        struct name##_node_args copy_, *args_ = &copy_;                                \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                             \
        return mag_graph_add(mag_graph_, &name##_node_type, args_, mag_ret_node_);     \
    }

MAG_EXTERN_C_END

#endif
