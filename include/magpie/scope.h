/*
 * scope.h - children of unknown number that end together, with one error.
 *
 * A scope is opened by a forked function, takes as many children as turn up, and is
 * joined before the function returns.  Each child returns 0 or a negative errno; the
 * first error is the scope's, and children that have not begun by then are not called.
 *
 *     MAG_SPAWNABLE(visit, struct node *, node)
 *
 *     static int visit(mag_fork w, struct node *node)
 *     {
 *         struct mag_scope scope;
 *
 *         mag_scope_open(&scope, w);
 *         for (struct node *child = node->first; child != NULL; child = child->next)
 *             visit_spawn(&w, &scope, child);
 *         return mag_scope_join(&w, &scope);
 *     }
 *
 *     int error = visit_run(sched, root);     // from any thread
 *
 * The rules are those of <magpie/fork.h>: what was forked since the scope was opened is
 * joined before the scope is, and its function passes the advanced `w` to whatever it
 * calls.  Where mag_fork_is_full children run at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SCOPE_H
#define MAGPIE_SCOPE_H

#include <magpie/fork.h>

MAG_EXTERN_C_BEGIN

struct mag_scope {
    struct mag_fork_slot *first; /* [W] where its first child stands */
    MAG_ATOMIC(int) error;       /* [A] the first, or 0 */
};

/*
 * Opens a scope in a function whose top is `w`.  It must be joined, by that function.
 *
 *   Thread     a worker, with its own `w`
 */
MAG_API void mag_scope_open(struct mag_scope *scope, mag_fork w);

/*
 * Waits for all children, and runs those that nobody took.
 *
 *   Thread     the worker that opened it
 *   Blocks     while thieves run children
 *   Returns    0; the first error of a child; -ECANCELED it was cancelled before any
 */
MAG_API MAG_MUST_CHECK int mag_scope_join(mag_fork *w, struct mag_scope *scope);

/*
 * Children that have not begun are not called any more; the join returns -ECANCELED
 * unless there was an error before.
 *
 *   Thread     any, while the scope is open
 */
MAG_API void mag_scope_cancel(struct mag_scope *scope);

/*
 * Whether there was an error or a cancellation: a long child may look, and end early.
 *
 *   Thread     any, while the scope is open
 */
MAG_API bool mag_scope_cancelled(const struct mag_scope *scope);

/*
 * Reports an error; the first that any child reports is the scope's.  For the macro
 * below, and for children pushed by mag_scope_spawn.
 *
 *   error      a negative errno, not 0
 *   Thread     any, while the scope is open
 */
MAG_API void mag_scope_fail(struct mag_scope *scope, int error);

/*
 * Adds a child: the plain form under `name_spawn`.  `body` is called unless the scope was
 * cancelled, with a payload that begins with the address of the scope and goes on with
 * `size` bytes of arguments, at most MAG_SCOPE_PAYLOAD; it reports by mag_scope_fail.
 *
 *   Thread     the worker that opened the scope, with its own `w`
 *   Returns    0; MAG_E_SIZE they are more: nothing was added
 */
MAG_API MAG_MUST_CHECK int mag_scope_spawn(mag_fork *w, struct mag_scope *scope,
                                           mag_fork_body body, const void *args,
                                           size_t size);

/* Bytes of arguments of a scope's child. */
#define MAG_SCOPE_PAYLOAD (MAG_FORK_PAYLOAD - sizeof(struct mag_scope *))

/*
 * MAG_SPAWNABLE(name, type1, arg1, ...), up to six pairs of together MAG_SCOPE_PAYLOAD
 * bytes, declares
 *
 *   static int name(mag_fork w, type1 arg1, ...);    written by the user
 *   void name_spawn(mag_fork *w, struct mag_scope *scope, type1 arg1, ...)
 *   int name_run(struct mag_sched *sched, type1 arg1, ...)
 *
 * `name_run` calls the function as the root of a computation, from any thread, and waits
 * for it (MAG_FORKABLE).  It returns what the function returned, or -ESHUTDOWN and the
 * function was not called.
 */
#define MAG_SPAWNABLE(name, ...)                                                       \
    MAG_CHECK_PAIRS(name, __VA_ARGS__)                                                 \
    struct name##_args {                                                               \
        MAG_PAIRS_STRUCT(__VA_ARGS__)                                                  \
    };                                                                                 \
    static int name(mag_fork MAG_PAIRS_BEHIND(__VA_ARGS__));                           \
    static void name##_spawned(mag_fork mag_w, void *payload_);                        \
    MAG_FORK_NAME(name, name##_spawned)                                                \
    static void name##_spawned(mag_fork mag_w, void *payload_)                         \
    {                                                                                  \
        MAG_POINTER(mag_scope) scope_;                                                 \
        struct name##_args copy_, *args_ = &copy_;                                     \
        memcpy(&scope_, payload_, sizeof(scope_));                                     \
        memcpy(args_, MAG_CAST(char *, payload_) + sizeof(scope_), sizeof(*args_));    \
        if (!mag_scope_cancelled(scope_)) {                                            \
            int error_ = name(mag_w MAG_PAIRS_PASS(__VA_ARGS__));                      \
            if (MAG_UNLIKELY(error_ != 0))                                             \
                mag_scope_fail(scope_, error_);                                        \
            MAG_FORK_CHECK_END(&mag_w, name);                                          \
        }                                                                              \
    }                                                                                  \
    __attribute__((unused)) static inline void name##_spawn(                           \
        mag_fork *mag_w, MAG_POINTER(mag_scope) scope_ MAG_PAIRS_BEHIND(__VA_ARGS__))  \
    {                                                                                  \
        struct name##_args copy_, *args_ = &copy_;                                     \
        MAG_STATIC_ASSERT(sizeof(*args_) <= MAG_SCOPE_PAYLOAD,                         \
                          "the arguments of " #name " are too large: pass a pointer"); \
        MAG_FORK_CHECK_FORK(mag_w, name);                                              \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                             \
        int error_ =                                                                   \
            mag_scope_spawn(mag_w, scope_, name##_spawned, args_, sizeof(*args_));     \
        (void)error_;                                                                  \
    }                                                                                  \
    static void name##_rooted(mag_fork mag_w, void *payload_)                          \
    {                                                                                  \
        struct name##_args copy_, *args_ = &copy_;                                     \
        memcpy(args_, payload_, sizeof(*args_));                                       \
        int error_ = name(mag_w MAG_PAIRS_PASS(__VA_ARGS__));                          \
        MAG_FORK_CHECK_END(&mag_w, name);                                              \
        memcpy(payload_, &error_, sizeof(error_));                                     \
    }                                                                                  \
    __attribute__((unused)) MAG_MUST_CHECK static inline int name##_run(               \
        MAG_POINTER(mag_sched) sched_ MAG_PAIRS_BEHIND(__VA_ARGS__))                   \
    {                                                                                  \
        struct name##_args copy_, *args_ = &copy_;                                     \
        uint64_t bytes_[(sizeof(*args_) + 7) / 8];                                     \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                             \
        memcpy(bytes_, args_, sizeof(*args_));                                         \
        int error_ = mag_fork_run(sched_, name##_rooted, bytes_);                      \
        if (error_ == 0)                                                               \
            memcpy(&error_, bytes_, sizeof(error_));                                   \
        return error_;                                                                 \
    }

MAG_EXTERN_C_END

#endif
