/*
 * fork.h - fork-join: nested parallelism at about the cost of a call.
 *
 * The model.  A function that forks takes a `mag_fork` as its first argument: the top of
 * the calling worker's fork stack, passed down by value like a stack pointer.  Forking
 * pushes a child, joining pops it; between the two the caller passes the advanced top to
 * whatever it calls.  A child that nobody stole by then is simply called.
 *
 *     MAG_FORKABLE(long, fib, int, n)
 *
 *     static long fib(mag_fork w, int n)
 *     {
 *         if (n < 2)
 *             return n;
 *         struct fib_child child = fib_fork(&w, n - 1);
 *         long b = fib(w, n - 2);
 *         return fib_join(&w, child) + b;
 *     }
 *
 *     int r = fib_run(sched, &result, 39);       // from any thread
 *
 * The rules.  Children are joined in the reverse order of their forks, by the function
 * that forked them, before it returns.  Arguments are copied at the fork; what they point
 * to must stay valid until the join.
 *
 * What waits.  A join whose child was stolen runs children of that child until it is
 * done, and sleeps when there are none: it never starts unrelated work, so a lock that
 * the caller holds cannot be asked for by the wait.
 *
 * Limits.  A worker's fork stack holds `fork_depth` waiting children (sched.h); a child
 * forked beyond them runs inline at its join.  docs/fork-join.md explains the protocol.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_FORK_H
#define MAGPIE_FORK_H

#include <magpie/atomic.h>
#include <magpie/base.h>
#include <magpie/sched.h>
#include <string.h>

MAG_EXTERN_C_BEGIN

/* ------------------------------------------------------- declaring functions */

/*
 * MAG_FORKABLE(result, name, type1, arg1, ...), up to six pairs, declares what a function
 * needs that is to be forked:
 *
 *   static result name(mag_fork w, type1 arg1, ...);         written by the user
 *   struct name_child                                        a forked child, by value
 *   struct name_child name_fork(mag_fork *w, type1 arg1, ...)   pushes a child
 *   result name_join(mag_fork *w, struct name_child child)      pops it: its result
 *   int name_run(struct mag_sched *sched, result *ret_result, type1 arg1, ...)
 *
 * `name_run` calls the function as the root of a computation, from any thread, and waits
 * for it: from a worker of `sched` it is a plain call, from elsewhere the root is posted
 * to the pool and the thread sleeps until it is done.  It returns 0, or -ESHUTDOWN and
 * the function was not called.
 *
 * The arguments together, and the result, may take MAG_FORK_PAYLOAD bytes; pass larger
 * ones by pointer.  The function is declared inline, so that the compiler unrolls its
 * recursion as it does with a plain function's.  MAG_FORKABLE_VOID(name, type1, arg1, ...) is the same for a function
 * without result; its `name_run` has no `ret_result`.
 */
#define MAG_FORKABLE(result, name, ...)                        \
    MAG_FORK_DECLARE(static inline, result, name, __VA_ARGS__) \
    MAG_FORK_RESULT(result, name, __VA_ARGS__)

#define MAG_FORKABLE_VOID(name, ...)                         \
    MAG_FORK_DECLARE(static inline, void, name, __VA_ARGS__) \
    MAG_FORK_NO_RESULT(name, __VA_ARGS__)

/* Bytes that a child's arguments, and its result, may take. */
#define MAG_FORK_PAYLOAD 48

/* ---------------------------------------------------------- the fork stack */

/* The top of a fork stack: the slot that the next child will take. */
typedef struct mag_fork {
    struct mag_fork_slot *top;
} mag_fork;

/* Runs a child on the worker whose fork stack `w` is: reads its arguments from the
 * payload and leaves the result there. */
typedef void (*mag_fork_body)(mag_fork w, void *payload);

/*
 * One waiting child.  Owner and thieves agree over `body` and the stack's `split`; the
 * protocol and its proof are in sched/fork_stack.h.
 */
struct mag_fork_slot {
    MAG_ATOMIC(mag_fork_body) body; /* [A] NULL: no child here */
    MAG_ATOMIC(uintptr_t) state;    /* [A] who stole it, and whether it is done */
    uint64_t payload[MAG_FORK_PAYLOAD / 8];
} __attribute__((aligned(64)));

/* The words of a fork stack that a fork and a join read; its slots follow. */
struct mag_fork_head {
    MAG_ATOMIC(struct mag_fork_slot *) limit; /* [A] forks from here on are slow */
    MAG_ATOMIC(struct mag_fork_slot *) split; /* [A] joins below are slow */
};

/* A fork stack lies at a multiple of its size, so that a slot finds its head. */
#define MAG_FORK_STACK_BYTES ((uintptr_t)1 << 20)

/* The slow halves, for the functions below only.  They take and return plain words, so
 * that the caller's variables can stay in registers. */
MAG_API __attribute__((cold)) struct mag_fork_slot *
mag_fork_push_slow(struct mag_fork_slot *slot, mag_fork_body body);
MAG_API __attribute__((cold)) bool mag_fork_pop_slow(struct mag_fork_slot *slot);

/*
 * Calls `body(w, payload)` as the root of a computation, from any thread, and waits.  The
 * plain form under `name_run`.
 *
 *   Blocks     until the body has returned
 *   Returns    0; -ESHUTDOWN the scheduler is stopping: the body was not called
 */
MAG_API MAG_MUST_CHECK int mag_fork_run(struct mag_sched *sched, mag_fork_body body,
                                        void *payload);

/* The words of the stack that a slot belongs to.  For the functions below only. */
static inline struct mag_fork_head *mag_fork_head_of(struct mag_fork_slot *slot)
{
    return (struct mag_fork_head *)((uintptr_t)slot & ~(MAG_FORK_STACK_BYTES - 1));
}

/*
 * Pushes a child: the plain form under `name_fork`.  `size` bytes of arguments, at most
 * MAG_FORK_PAYLOAD, are copied.
 *
 *   Thread     a worker, with its own `w`
 */
static inline void mag_fork_push(mag_fork *w, mag_fork_body body, const void *args,
                                 size_t size)
{
    struct mag_fork_slot *slot = w->top;

    /* Behind the last slot stands one more that is written but never used. */
    memcpy(slot->payload, args, size);
    /* relaxed: a request to look up, or the end of the stack; no data hangs on it. */
    if (MAG_UNLIKELY(slot >= MAG_LOAD(&mag_fork_head_of(slot)->limit, relaxed))) {
        w->top = mag_fork_push_slow(slot, body);
        return;
    }
    /* child, release: the payload is complete before a thief can see the child. */
    MAG_STORE(&slot->body, body, release);
    w->top = slot + 1;
}

/*
 * Pops the child that was pushed last: the plain form under `name_join`.  True: nobody
 * took it, and the caller must run it now.  False: it has been run elsewhere, and its
 * result stands in the slot's payload until the next push.
 *
 *   Thread     the worker that pushed it
 *   Blocks     while a thief runs the child
 */
static inline bool mag_fork_pop(mag_fork *w, struct mag_fork_slot *slot)
{
    w->top = slot;
    /* owner-or-thief (1), relaxed: ordered before (2) by the thief's heavy barrier. */
    MAG_STORE(&slot->body, (mag_fork_body)NULL, relaxed);
    /* Keeps the compiler from moving (2) up; the processor is the thief's concern. */
    MAG_COMPILER_FENCE();
    /* owner-or-thief (2), acquire: a thief that lowered the split has let go. */
    if (MAG_LIKELY(slot >= MAG_LOAD(&mag_fork_head_of(slot)->split, acquire)))
        return true;
    return mag_fork_pop_slow(slot);
}

/* -------------------------------------------- the macros behind MAG_FORKABLE */

#define MAG_FORK_DECLARE(linkage, result, name, ...)                                \
    struct name##_args {                                                            \
        MAG_FORK_FIELDS(__VA_ARGS__)                                                \
    };                                                                              \
    struct name##_child {                                                           \
        struct mag_fork_slot *slot;                                                 \
        struct name##_args args;                                                    \
    };                                                                              \
    linkage result name(mag_fork w, MAG_FORK_PARAMS(__VA_ARGS__));                  \
    static void name##_stolen(mag_fork w, void *payload);                           \
    __attribute__((unused)) static inline struct name##_child name##_fork(          \
        mag_fork *w, MAG_FORK_PARAMS(__VA_ARGS__))                                  \
    {                                                                               \
        struct name##_child child;                                                  \
        MAG_FORK_STATIC_ASSERT(sizeof(child.args) <= MAG_FORK_PAYLOAD,              \
                               "the arguments of " #name " are too large to fork"); \
        child.slot = w->top;                                                        \
        MAG_FORK_FILL(__VA_ARGS__)                                                  \
        mag_fork_push(w, name##_stolen, &child.args, sizeof(child.args));           \
        return child;                                                               \
    }

#define MAG_FORK_RESULT(result, name, ...)                                              \
    static void name##_stolen(mag_fork w, void *payload)                                \
    {                                                                                   \
        struct name##_child child;                                                      \
        result value;                                                                   \
        MAG_FORK_STATIC_ASSERT(sizeof(value) <= MAG_FORK_PAYLOAD,                       \
                               "the result of " #name " is too large to fork");         \
        memcpy(&child.args, payload, sizeof(child.args));                               \
        value = name(w, MAG_FORK_PASS(__VA_ARGS__));                                    \
        memcpy(payload, &value, sizeof(value));                                         \
    }                                                                                   \
    __attribute__((unused)) static inline result name##_join(mag_fork *w,               \
                                                             struct name##_child child) \
    {                                                                                   \
        result value;                                                                   \
        if (MAG_LIKELY(mag_fork_pop(w, child.slot)))                                    \
            return name(*w, MAG_FORK_PASS(__VA_ARGS__));                                \
        memcpy(&value, child.slot->payload, sizeof(value));                             \
        return value;                                                                   \
    }                                                                                   \
    __attribute__((unused)) MAG_MUST_CHECK static inline int name##_run(                \
        struct mag_sched *sched, result *ret_result, MAG_FORK_PARAMS(__VA_ARGS__))      \
    {                                                                                   \
        struct name##_child child;                                                      \
        uint64_t payload[MAG_FORK_PAYLOAD / 8];                                         \
        MAG_FORK_FILL(__VA_ARGS__)                                                      \
        memcpy(payload, &child.args, sizeof(child.args));                               \
        int error = mag_fork_run(sched, name##_stolen, payload);                        \
        if (error == 0)                                                                 \
            memcpy(ret_result, payload, sizeof(*ret_result));                           \
        return error;                                                                   \
    }

#define MAG_FORK_NO_RESULT(name, ...)                                                 \
    static void name##_stolen(mag_fork w, void *payload)                              \
    {                                                                                 \
        struct name##_child child;                                                    \
        memcpy(&child.args, payload, sizeof(child.args));                             \
        name(w, MAG_FORK_PASS(__VA_ARGS__));                                          \
    }                                                                                 \
    __attribute__((unused)) static inline void name##_join(mag_fork *w,               \
                                                           struct name##_child child) \
    {                                                                                 \
        if (MAG_LIKELY(mag_fork_pop(w, child.slot)))                                  \
            name(*w, MAG_FORK_PASS(__VA_ARGS__));                                     \
    }                                                                                 \
    __attribute__((unused)) MAG_MUST_CHECK static inline int name##_run(              \
        struct mag_sched *sched, MAG_FORK_PARAMS(__VA_ARGS__))                        \
    {                                                                                 \
        struct name##_child child;                                                    \
        uint64_t payload[MAG_FORK_PAYLOAD / 8];                                       \
        MAG_FORK_FILL(__VA_ARGS__)                                                    \
        memcpy(payload, &child.args, sizeof(child.args));                             \
        return mag_fork_run(sched, name##_stolen, payload);                           \
    }

#ifdef __cplusplus
#    define MAG_FORK_STATIC_ASSERT(holds, text) static_assert(holds, text)
#else
#    define MAG_FORK_STATIC_ASSERT(holds, text) _Static_assert(holds, text)
#endif

/* One to six pairs of type and name, turned into fields, parameters and arguments. */
#define MAG_FORK_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, pick, ...) pick
#define MAG_FORK_OF(kind, ...)                                                         \
    MAG_FORK_PICK(__VA_ARGS__, kind##6, MAG_FORK_ODD, kind##5, MAG_FORK_ODD, kind##4,  \
                  MAG_FORK_ODD, kind##3, MAG_FORK_ODD, kind##2, MAG_FORK_ODD, kind##1, \
                  MAG_FORK_ODD, )                                                      \
    (__VA_ARGS__)

#define MAG_FORK_FIELDS(...)    MAG_FORK_OF(MAG_FORK_FIELDS_, __VA_ARGS__)
#define MAG_FORK_FIELDS_1(t, a) t a;
#define MAG_FORK_FIELDS_2(t, a, ...) \
    t a;                             \
    MAG_FORK_FIELDS_1(__VA_ARGS__)
#define MAG_FORK_FIELDS_3(t, a, ...) \
    t a;                             \
    MAG_FORK_FIELDS_2(__VA_ARGS__)
#define MAG_FORK_FIELDS_4(t, a, ...) \
    t a;                             \
    MAG_FORK_FIELDS_3(__VA_ARGS__)
#define MAG_FORK_FIELDS_5(t, a, ...) \
    t a;                             \
    MAG_FORK_FIELDS_4(__VA_ARGS__)
#define MAG_FORK_FIELDS_6(t, a, ...) \
    t a;                             \
    MAG_FORK_FIELDS_5(__VA_ARGS__)

#define MAG_FORK_PARAMS(...)         MAG_FORK_OF(MAG_FORK_PARAMS_, __VA_ARGS__)
#define MAG_FORK_PARAMS_1(t, a)      t a
#define MAG_FORK_PARAMS_2(t, a, ...) t a, MAG_FORK_PARAMS_1(__VA_ARGS__)
#define MAG_FORK_PARAMS_3(t, a, ...) t a, MAG_FORK_PARAMS_2(__VA_ARGS__)
#define MAG_FORK_PARAMS_4(t, a, ...) t a, MAG_FORK_PARAMS_3(__VA_ARGS__)
#define MAG_FORK_PARAMS_5(t, a, ...) t a, MAG_FORK_PARAMS_4(__VA_ARGS__)
#define MAG_FORK_PARAMS_6(t, a, ...) t a, MAG_FORK_PARAMS_5(__VA_ARGS__)

#define MAG_FORK_FILL(...)    MAG_FORK_OF(MAG_FORK_FILL_, __VA_ARGS__)
#define MAG_FORK_FILL_1(t, a) child.args.a = a;
#define MAG_FORK_FILL_2(t, a, ...) \
    child.args.a = a;              \
    MAG_FORK_FILL_1(__VA_ARGS__)
#define MAG_FORK_FILL_3(t, a, ...) \
    child.args.a = a;              \
    MAG_FORK_FILL_2(__VA_ARGS__)
#define MAG_FORK_FILL_4(t, a, ...) \
    child.args.a = a;              \
    MAG_FORK_FILL_3(__VA_ARGS__)
#define MAG_FORK_FILL_5(t, a, ...) \
    child.args.a = a;              \
    MAG_FORK_FILL_4(__VA_ARGS__)
#define MAG_FORK_FILL_6(t, a, ...) \
    child.args.a = a;              \
    MAG_FORK_FILL_5(__VA_ARGS__)

#define MAG_FORK_PASS(...)         MAG_FORK_OF(MAG_FORK_PASS_, __VA_ARGS__)
#define MAG_FORK_PASS_1(t, a)      child.args.a
#define MAG_FORK_PASS_2(t, a, ...) child.args.a, MAG_FORK_PASS_1(__VA_ARGS__)
#define MAG_FORK_PASS_3(t, a, ...) child.args.a, MAG_FORK_PASS_2(__VA_ARGS__)
#define MAG_FORK_PASS_4(t, a, ...) child.args.a, MAG_FORK_PASS_3(__VA_ARGS__)
#define MAG_FORK_PASS_5(t, a, ...) child.args.a, MAG_FORK_PASS_4(__VA_ARGS__)
#define MAG_FORK_PASS_6(t, a, ...) child.args.a, MAG_FORK_PASS_5(__VA_ARGS__)

MAG_EXTERN_C_END

#endif
