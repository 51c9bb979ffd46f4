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
 *         struct fib_child child = fib_fork(&w, n - 2);
 *         long a = fib(w, n - 1);
 *         return a + fib_join(&w, child);
 *     }
 *
 *     int r = fib_run(sched, &result, 39);       // from any thread
 *
 * The rules.  Children are joined in the reverse order of their forks, by the function
 * that forked them, before it returns.  Arguments are copied at the fork; what they point
 * to must stay valid until the join.  The compiler finds arguments and handles of another
 * function, and a handle that is dropped.  Where MAG_DEBUG_TASKS is defined, as the CMake
 * target of a Debug build of the library does, and NDEBUG is not, a join asserts that the
 * child forked last is one of its function: joins in another order or once too often.
 *
 * The order.  Fork what the serial function would do last and call what it would do
 * first; of many children fork all but one and call that.  Then a single worker does
 * everything in the serial order, and the compiler unrolls both alike: fib in the other
 * order took 1.25 times as long.
 *
 * Leaving early.  A function that returns before its joins drops its children first:
 * mag_fork_drop (fork_drop.h); in C++ a mag_fork_guard does so where an exception passes,
 * too.  Without it the next fork of that worker finds the place taken.  A debug build
 * then tells the watch of <magpie/debug.h>, or fails an assertion; in any other build the
 * join that follows may get a stranger's result, or wait for ever.
 *
 * Exceptions and longjmp.  An exception may pass functions that were called, if each has
 * joined or dropped its children; where it is caught, `w` is right again.  It may not
 * leave a function that was forked, or that name_run began: std::terminate, whoever ran
 * it.  Catch it inside, and hand an std::exception_ptr to the forker.  The bodies that
 * mag_fork_run and mag_fork_push are given must not throw.  A longjmp may pass what an
 * exception may pass: never a function of the library, and so never a fork or name_run.
 * docs/guide/exceptions.md has programs.
 *
 * Threads that end in a forked function (pthread_exit, or a cancellation point of a
 * cancelled thread): children that wait there are not called, and children that others
 * run are waited for.  name_run returns -EOWNERDEAD; a join gets a result of all zeroes.
 * <magpie/sched.h> has the rest.
 *
 * What waits.  A join whose child was stolen runs children of that child until it is
 * done, and sleeps when there are none: it never starts unrelated work, so a lock that
 * the caller holds cannot be asked for by the wait.
 *
 * Floating point.  A computation runs with the modes of the thread that called
 * `name_run`: rounding, flush to zero, precision, which exceptions trap.  A child that
 * was stolen begins with those, whatever its thief had; one that nobody stole begins with
 * what its caller has, as a call does.  What a stolen child changes ends with it.  So a
 * function that changes a mode changes it back before it returns, and forks nothing
 * meanwhile.  Flags (fetestexcept) stay with the worker that raised them.
 *
 * Limits.  A waiting child takes 64 bytes.  Memory is taken where children wait; a stack
 * on which none has waited costs address space only.  Unless the process's address space
 * is limited (RLIMIT_AS) or `fork_stack_size` (sched.h) says otherwise, 12.5 million
 * children of one worker may wait at once: MAG_FORK_WAITING_MAX of a loop, and besides
 * them one for each 8 bytes of its C stack.  A recursion that forks a child in each call
 * takes more than that for it, and ends where the C stack does, never here.  A smaller
 * stack holds a child for each 86 of its bytes.  Beyond its end a guard page stops the
 * program, as it does for too deep a recursion; nothing is overwritten.  Loops that fork
 * children of unknown number ask mag_fork_is_full, or use a scope, which does so:
 * <magpie/scope.h>.
 *
 * Blocks of large children lie beside the stack, in 5/32 of its size: at least
 * MAG_FORK_BLOCKS_MAX bytes of one worker where address space is not limited.  Those
 * beyond, and those for which the system refuses memory there, come from the heap; if
 * that refuses one too, the program is stopped at the guard page, at the fork.
 *
 * fork().  A job may call it: the child process has a copy of the children that wait on
 * the calling worker.
 *
 * All children that wait can be stolen.  Where the kernel refuses membarrier (`magpie
 * doctor` says so) only the oldest `fork_depth` of a worker can (sched.h); a child beyond
 * them runs inline at its join.
 *
 * docs/design/fork-join.md explains the protocol, its proof and its price.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_FORK_H
#define MAGPIE_FORK_H

#include <magpie/atomic.h>
#include <magpie/base.h>
#include <magpie/fork_check.h>
#include <magpie/pairs.h>
#include <magpie/sched.h>
#include <string.h>

MAG_EXTERN_C_BEGIN

/* ------------------------------------------------------- declaring functions */

/*
 * MAG_FORKABLE(result, name, type1, arg1, ...), up to six pairs, declares what a function
 * needs that is to be forked.  A function without arguments says MAG_FORKABLE(result,
 * name, void).  Each type is one that a name can follow: a function pointer or an array
 * needs a typedef.
 *
 *
 *   static result name(mag_fork w, type1 arg1, ...);         written by the user
 *   struct name_child                                        a forked child: nothing but
 *                                                            a type for the compiler
 *   struct name_child name_fork(mag_fork *w, type1 arg1, ...)   pushes a child
 *   result name_join(mag_fork *w, struct name_child child)      pops it: its result
 *   int name_run(struct mag_sched *sched, result *ret_result, type1 arg1, ...)
 *
 * `name_run` calls the function as the root of a computation, from any thread, and waits
 * for it: from a worker of `sched` it is a plain call, from elsewhere the root is posted
 * to the pool and the thread sleeps until it is done; it is not cancelled meanwhile.  It
 * returns 0; -EOWNERDEAD, the function ended its thread (`*ret_result` is not written);
 * or another error of mag_fork_run, and the function was not called.
 *
 * Arguments and results may be of any size.  Where the arguments together, and the
 * result, fit into MAG_FORK_PAYLOAD bytes, they travel in the child's own cache line;
 * others go through a block beside the fork stack, which costs a function call.
 *
 * The function is declared inline, so that the compiler unrolls its recursion as it does
 * with a plain function's.  MAG_FORKABLE_VOID(name, type1, arg1, ...) is the same for a
 * function without result; its `name_run` has no `ret_result`.
 */
#define MAG_FORKABLE(result, name, ...)                                              \
    MAG_CHECK_PAIRS(name, __VA_ARGS__)                                               \
    MAG_CHECK_TYPE(                                                                  \
        name, "for a function without result use MAG_FORKABLE_VOID(" #name ", ...)", \
        result)                                                                      \
    MAG_FORK_DECLARE(, result, name, sizeof(result), __VA_ARGS__)                    \
    MAG_FORK_RESULT(result, name, __VA_ARGS__)

#define MAG_FORKABLE_VOID(name, ...)               \
    MAG_CHECK_PAIRS(name, __VA_ARGS__)             \
    MAG_FORK_DECLARE(, void, name, 0, __VA_ARGS__) \
    MAG_FORK_NO_RESULT(name, __VA_ARGS__)

/* Bytes of arguments, and of a result, that a child's own slot holds. */
#define MAG_FORK_PAYLOAD 48

/* Children of one worker that a loop may fork, where address space is not limited. */
#define MAG_FORK_WAITING_MAX 3000000

/* Bytes of large children's blocks that one worker has beside its stack, at least, where
 * address space is not limited. */
#define MAG_FORK_BLOCKS_MAX 39845888

/* ---------------------------------------------------------- the fork stack */

/* Inlined before anything else is, so that `w` need not live in memory and the recursion
 * is seen as one: fib took a third longer when this was left to the compiler. */
#define MAG_FORK_INLINE inline __attribute__((unused, always_inline))

/* A fork stack begins at a multiple of this. */
#define MAG_FORK_SPAN (MAG_CAST(uintptr_t, 1) << 34)

/* The top of a fork stack: the slot that the next child will take. */
typedef struct mag_fork {
    struct mag_fork_slot *top;
} mag_fork;

/* Runs a child on the worker whose fork stack `w` is: reads its arguments from the
 * payload and leaves the result there. */
typedef void (*mag_fork_body)(mag_fork w, void *payload);

/*
 * One waiting child.  Owner and thieves agree over `body` and `claim`; the protocol and
 * its proof are in sched/fork/stack.h.
 */
struct mag_fork_slot {
    MAG_ATOMIC(mag_fork_body) body; /* [A] NULL: no child here */
    MAG_ATOMIC(uintptr_t)
    claim; /* [A] 0: no thief may take what is here; else the
                                     * slot's own address and, below it, why */
    uint64_t payload[MAG_FORK_PAYLOAD / 8];
} __attribute__((aligned(64)));

/* The slow half of mag_fork_pop, for that function only.  It finds the slot by the claim
 * that was read: the address itself would have to be kept for it across the whole child,
 * and fib took 1.05 times as long. */
MAG_API MAG_COLD bool mag_fork_pop_slow(uintptr_t claim);

/*
 * A block of `size` bytes for the arguments or the result of the child that is about to
 * be pushed; mag_fork_unspill gives it back when that child has been popped.
 *
 *   Thread     a worker, with its own `w`
 *   Allocates  nothing while blocks fit beside the fork stack: see Limits
 *   Returns    the block; where there is no memory it does not, see there
 */
MAG_API void *mag_fork_spill(mag_fork w, size_t size);
MAG_API void mag_fork_unspill(mag_fork w, void *block);

/*
 * Calls `body(w, payload)` as the root of a computation, from any thread, and waits.  The
 * plain form under `name_run`.
 *
 *   Thread     any; waiting is no cancellation point
 *   Blocks     until the body has returned
 *   Returns    0; -ESHUTDOWN the scheduler is stopping, MAG_E_FORKED it belongs to the
 *              parent process: the body was not called; -EOWNERDEAD the body ended its
 *              thread
 */
MAG_API MAG_MUST_CHECK int mag_fork_run(struct mag_sched *sched, mag_fork_body body,
                                        void *payload);

/*
 * Whether a thief runs the child whose payload this is, for a body that may answer early;
 * false for a root, for a child that its own worker runs and after the answer.
 *
 *   Thread     the worker that runs the body, with the `w` that the body was given
 */
MAG_API bool mag_fork_is_stolen(mag_fork w, const void *payload);

/*
 * Answers the join of the stolen child that is being run, before its body has returned:
 * what stands in the payload, and in the block that it names, is the result, and neither
 * may be touched any more.  The body goes on by itself; nobody joins it.
 *
 *   Thread     as mag_fork_is_stolen, where that has just said yes
 */
MAG_API void mag_fork_answer(mag_fork w);

/* What a fork stack begins with. */
struct mag_fork_ground {
    const struct mag_fork_slot *full; /* [W] moves up in steps */
};

/* The second half of mag_fork_is_full, for that function only. */
MAG_API MAG_COLD bool mag_fork_is_full_slow(mag_fork w);

/*
 * Whether as many children of this worker wait as a loop may fork: MAG_FORK_WAITING_MAX,
 * three quarters of what its stack holds, or as many as thieves see, whichever is least.
 * A loop that forks children of unknown number calls them then:
 *
 *     if (mag_fork_is_full(w))
 *         sum += visit(w, item);
 *     else
 *         children[count++] = visit_fork(&w, item);
 *
 * What is called so can fork as deep as its C stack allows.
 *
 *   Thread     a worker, with its own `w`
 */
MAG_INLINE bool mag_fork_is_full(mag_fork w)
{
    uintptr_t stack = MAG_RECAST(uintptr_t, w.top) & ~(MAG_FORK_SPAN - 1);

    /* NOLINTNEXTLINE(performance-no-int-to-ptr): that is how a slot finds its stack. */
    if (MAG_LIKELY(w.top < MAG_RECAST(const struct mag_fork_ground *, stack)->full))
        return false;
    return mag_fork_is_full_slow(w);
}

/* The second half of a push: the child whose payload has been written is there. */
MAG_INLINE_ALWAYS void mag_fork_publish(mag_fork *w, mag_fork_body body)
{
    struct mag_fork_slot *slot = w->top;

    /* child, release: the payload is complete before a thief can see the child. */
    MAG_COMPILER_FENCE();
    MAG_FOLD_STORE(mag_fork_body, &slot->body, body);
    w->top = slot + 1;
}

/*
 * Pushes a child: the plain form under `name_fork`.  `size` bytes of arguments, at most
 * MAG_FORK_PAYLOAD, are copied to the slot's payload.
 *
 *   Thread     a worker, with its own `w`
 *   Returns    0; MAG_E_SIZE they are more: nothing was pushed
 */
MAG_MUST_CHECK MAG_INLINE_ALWAYS int mag_fork_push(mag_fork *w, mag_fork_body body,
                                                   const void *args, size_t size)
{
    if (MAG_UNLIKELY(size > MAG_FORK_PAYLOAD))
        return MAG_E_SIZE;
    memcpy(w->top->payload, args, size);
    mag_fork_publish(w, body);
    return 0;
}

/*
 * Pops the child that was pushed last: the plain form under `name_join`.  True: nobody
 * took it, and the caller must run it now; its arguments stand in `w->top->payload`, and
 * are to be copied before anything is pushed.  False: it has been run elsewhere, and its
 * result stands in `w->top->payload` until the next push.
 *
 *   Thread     the worker that pushed it
 *   Blocks     while a thief runs the child
 */
MAG_INLINE_ALWAYS bool mag_fork_pop(mag_fork *w)
{
    struct mag_fork_slot *slot = --w->top;

    /* owner-or-thief (1): ordered before (2) by the thief's heavy barrier. */
    MAG_FOLD_STORE(mag_fork_body, &slot->body, MAG_CAST(mag_fork_body, MAG_NULL));
    /* Keeps the compiler from moving (2) up; the processor is the thief's concern. */
    MAG_OWNER_FENCE();
    /* owner-or-thief (2). */
    uintptr_t claim = MAG_FOLD_LOAD(uintptr_t, &slot->claim);
    if (MAG_LIKELY(claim == 0)) {
        MAG_COMPILER_FENCE();
        return true;
    }
    return mag_fork_pop_slow(claim);
}

/*
 * The inline functions above as symbols, for languages that cannot include this header;
 * a mag_fork is passed like the pointer that it holds.
 */
MAG_API MAG_MUST_CHECK int mag_fork_push_call(mag_fork *w, mag_fork_body body,
                                              const void *args, size_t size);
MAG_API bool mag_fork_pop_call(mag_fork *w);
MAG_API bool mag_fork_is_full_call(mag_fork w);

/* -------------------------------------------- the macros behind MAG_FORKABLE */

/* Where a large child's arguments and result are. */
MAG_INLINE void *mag_fork_block(const void *payload)
{
    void *block;

    memcpy(&block, payload, sizeof(block));
    return block;
}

/* `attribute` is that of the function itself. */
#define MAG_FORK_DECLARE(attribute, result, name, result_bytes, ...)               \
    struct __attribute__((may_alias)) name##_args {                                \
        MAG_PAIRS_STRUCT(__VA_ARGS__)                                              \
    };                                                                             \
    typedef struct name##_args name##_payload __attribute__((aligned(8), unused)); \
    struct name##_child {                                                          \
        char forked_;                                                              \
    };                                                                             \
    enum {                                                                         \
        name##_bytes = sizeof(struct name##_args) > (result_bytes)                 \
                           ? sizeof(struct name##_args)                            \
                           : (result_bytes),                                       \
        name##_is_large = name##_bytes > MAG_FORK_PAYLOAD                          \
    };                                                                             \
    attribute static inline result name(mag_fork MAG_PAIRS_BEHIND(__VA_ARGS__));   \
    static void name##_stolen(mag_fork mag_w, void *payload_);                     \
    MAG_FORK_NAME(name, name##_stolen)                                             \
    MAG_MUST_CHECK static MAG_FORK_INLINE struct name##_child name##_fork(         \
        mag_fork *mag_w MAG_PAIRS_BEHIND(__VA_ARGS__))                             \
    {                                                                              \
        struct name##_child child_ = {1};                                          \
        MAG_FORK_CHECK_FORK(mag_w, name);                                          \
        void *block_ = mag_w->top->payload;                                        \
        name##_payload *args_;                                                     \
        if (name##_is_large) {                                                     \
            block_ = mag_fork_spill(*mag_w, name##_bytes);                         \
            memcpy(mag_w->top->payload, &block_, sizeof(block_));                  \
        }                                                                          \
        args_ = MAG_CAST(name##_payload *, block_);                                \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                         \
        mag_fork_publish(mag_w, name##_stolen);                                    \
        return child_;                                                             \
    }

#define MAG_FORK_RESULT(result, name, ...)                \
    MAG_FORK_STOLEN(result, name, __VA_ARGS__)            \
    MAG_FORK_JOIN(result, name, name##_join, __VA_ARGS__) \
    MAG_FORK_ROOT(result, name, __VA_ARGS__)

#define MAG_FORK_STOLEN(result, name, ...)                                    \
    static void name##_stolen(mag_fork mag_w, void *payload_)                 \
    {                                                                         \
        struct name##_args copy_, *args_ = &copy_;                            \
        void *block_ = name##_is_large ? mag_fork_block(payload_) : payload_; \
        memcpy(args_, block_, sizeof(*args_));                                \
        /* What is left there if the function ends its thread. */             \
        memset(block_, 0, sizeof(result));                                    \
        MAG_FORK_TRY                                                          \
        {                                                                     \
            result value_ = name(mag_w MAG_PAIRS_PASS(__VA_ARGS__));          \
            MAG_FORK_CHECK_END(&mag_w, name);                                 \
            memcpy(block_, &value_, sizeof(value_));                          \
        }                                                                     \
        MAG_FORK_CATCH                                                        \
    }

/* `joined` is the function's name: that of a join, or what a header above calls it. */
#define MAG_FORK_JOIN(result, name, joined, ...)                                      \
    static MAG_FORK_INLINE result joined(mag_fork *mag_w, struct name##_child child_) \
    {                                                                                 \
        MAG_FORK_CHECK(mag_w, name);                                                  \
        bool ours_ = mag_fork_pop(mag_w);                                             \
        void *payload_ = mag_w->top->payload;                                         \
        void *block_ = name##_is_large ? mag_fork_block(payload_) : payload_;         \
        (void)child_;                                                                 \
        result value_;                                                                \
        if (MAG_LIKELY(ours_)) {                                                      \
            const name##_payload *args_ = MAG_CAST(const name##_payload *, block_);   \
            (void)args_;                                                              \
            MAG_FORK_TRY                                                              \
            {                                                                         \
                if (!name##_is_large && !MAG_FORK_CHECKS)                             \
                    return name(*mag_w MAG_PAIRS_PASS(__VA_ARGS__));                  \
                value_ = name(*mag_w MAG_PAIRS_PASS(__VA_ARGS__));                    \
                MAG_FORK_CHECK_END(mag_w, name);                                      \
            }                                                                         \
            MAG_FORK_CATCH                                                            \
        } else {                                                                      \
            memcpy(&value_, block_, sizeof(value_));                                  \
        }                                                                             \
        if (name##_is_large)                                                          \
            mag_fork_unspill(*mag_w, block_);                                         \
        return value_;                                                                \
    }

#define MAG_FORK_ROOT(result, name, ...)                                                 \
    __attribute__((unused)) MAG_MUST_CHECK static inline int name##_run(                 \
        MAG_POINTER(mag_sched) sched_,                                                   \
        result *ret_result_ MAG_PAIRS_BEHIND(__VA_ARGS__))                               \
    {                                                                                    \
        struct name##_args copy_, *args_ = &copy_;                                       \
        uint64_t bytes_[(name##_bytes + 7) / 8];                                         \
        void *block_ = bytes_;                                                           \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                               \
        memcpy(bytes_, args_, sizeof(*args_));                                           \
        int error_ = mag_fork_run(sched_, name##_stolen,                                 \
                                  name##_is_large ? MAG_CAST(void *, &block_) : block_); \
        if (error_ == 0)                                                                 \
            memcpy(ret_result_, bytes_, sizeof(*ret_result_));                           \
        return error_;                                                                   \
    }

#define MAG_FORK_NO_RESULT(name, ...)                                                    \
    static void name##_stolen(mag_fork mag_w, void *payload_)                            \
    {                                                                                    \
        struct name##_args copy_, *args_ = &copy_;                                       \
        void *block_ = name##_is_large ? mag_fork_block(payload_) : payload_;            \
        memcpy(args_, block_, sizeof(*args_));                                           \
        MAG_FORK_TRY                                                                     \
        {                                                                                \
            name(mag_w MAG_PAIRS_PASS(__VA_ARGS__));                                     \
            MAG_FORK_CHECK_END(&mag_w, name);                                            \
        }                                                                                \
        MAG_FORK_CATCH                                                                   \
    }                                                                                    \
    static MAG_FORK_INLINE void name##_join(mag_fork *mag_w, struct name##_child child_) \
    {                                                                                    \
        MAG_FORK_CHECK(mag_w, name);                                                     \
        bool ours_ = mag_fork_pop(mag_w);                                                \
        void *payload_ = mag_w->top->payload;                                            \
        void *block_ = name##_is_large ? mag_fork_block(payload_) : payload_;            \
        const name##_payload *args_ = MAG_CAST(const name##_payload *, block_);          \
        (void)args_;                                                                     \
        (void)child_;                                                                    \
        if (MAG_LIKELY(ours_)) {                                                         \
            MAG_FORK_TRY                                                                 \
            {                                                                            \
                name(*mag_w MAG_PAIRS_PASS(__VA_ARGS__));                                \
                MAG_FORK_CHECK_END(mag_w, name);                                         \
            }                                                                            \
            MAG_FORK_CATCH                                                               \
        }                                                                                \
        if (name##_is_large)                                                             \
            mag_fork_unspill(*mag_w, block_);                                            \
    }                                                                                    \
    __attribute__((unused)) MAG_MUST_CHECK static inline int name##_run(                 \
        MAG_POINTER(mag_sched) sched_ MAG_PAIRS_BEHIND(__VA_ARGS__))                     \
    {                                                                                    \
        struct name##_args copy_, *args_ = &copy_;                                       \
        void *block_ = args_;                                                            \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                               \
        return mag_fork_run(sched_, name##_stolen,                                       \
                            name##_is_large ? MAG_CAST(void *, &block_) : block_);       \
    }

MAG_EXTERN_C_END

/* Children that nobody joins: mag_fork_drop, and a guard for C++. */
#include <magpie/fork_drop.h>

#endif
