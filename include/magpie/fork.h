/*
 * fork.h - fork-join: nested parallelism at about the cost of a call.
 *
 *     #include <magpie/default.h>
 *     #include <magpie/fork.h>
 *
 *     MAG_FORKABLE(long, fib, int, n)
 *
 *     static long fib(mag_fork w, int n)
 *     {
 *         if (n < 2)
 *             return n;
 *         struct fib_child child = fib_fork(&w, n - 2); // another worker may take it
 *         long a = fib(w, n - 1);                       // meanwhile
 *         return a + fib_join(&w, child);
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_sched *sched;
 *         long result = 0;
 *
 *         if (mag_sched_default(&sched) != 0) // or mag_sched_start
 *             return 1;
 *         if (fib_run(sched, &result, 25) != 0) // from any thread; waits
 *             return 1;
 *         return result == 75025 ? 0 : 1;
 *     }
 *
 * The model.  A function that forks takes a `mag_fork` as its first argument: the top of
 * the calling worker's fork stack, passed by value like a stack pointer.  A fork pushes a
 * child and advances the caller's `w`; a join pops the child.  Between the two the caller
 * passes its `w` to whatever it calls.  Other workers may steal a child that waits.  A
 * child that nobody has stolen by its join is simply called there.
 *
 * The rules.  Children are joined in the reverse order of their forks, by the function
 * that forked them, before it returns.  Arguments are copied at the fork; what they point
 * to must stay valid until the join.  The compiler refuses arguments and handles of
 * another function, and a handle that is dropped.  If MAG_DEBUG_TASKS is defined (the
 * CMake target of a Debug build defines it) and NDEBUG is not, a join asserts that the
 * child forked last is one of its function.  So it finds joins in another order and a
 * join too many.
 *
 * The order.  Fork what the serial function would do last, and call what it would do
 * first.  Of many children fork all but one, and call that one.  Then a single worker
 * does everything in the serial order, and the compiler unrolls the recursion as it
 * unrolls the serial function's: fib in the other order took 1.25 times as long.
 *
 * Leaving early.  A function that returns before its joins must drop its children first,
 * with mag_fork_drop (below); in C++ a mag_fork_guard does so, also when an exception
 * passes.  Otherwise the next fork of that worker finds the slot taken.  A debug build
 * then tells the watch of <magpie/debug.h>, or fails an assertion.  In any other build
 * the join that follows may get another child's result, or wait for ever.
 *
 * Exceptions and longjmp.  An exception may pass functions that were called, if each has
 * joined or dropped its children; the `w` of the function that catches it is still
 * right.  An exception must not leave a function that was forked, or that name_run began:
 * that is std::terminate, whichever worker runs it.  Catch it inside, and hand the forker
 * an std::exception_ptr.  The bodies given to mag_fork_run and mag_fork_push must not
 * throw.  A longjmp may pass what an exception may pass, but no function of the library,
 * and so no fork and no name_run.  docs/guide/exceptions.md has programs.
 *
 * Threads that end.  A forked function may end its thread, by pthread_exit or at a
 * cancellation point.  The children that wait on that worker's stack are then not called,
 * and those that other workers run are waited for.  name_run returns -EOWNERDEAD, unless
 * the thread that has ended is the one that called it; a join gets a result of all
 * zeroes.  <magpie/sched.h> has the rest.
 *
 * Waiting.  A join whose child was stolen runs children of that child until the child is
 * done, and sleeps when there are none.  A join never starts unrelated work, so it cannot
 * come to wait for a lock that its caller holds.
 *
 * Floating point.  A computation runs with the modes of the thread that called
 * `name_run`: rounding, flush to zero, precision, which exceptions trap.  A stolen child
 * begins with those modes, whatever its thief had; a child that nobody stole begins with
 * its caller's, as a call does.  Changes that a stolen child makes end with it.  So a
 * function that changes a mode should change it back before it returns, and fork nothing
 * meanwhile.  Flags (fetestexcept) stay with the worker that raised them.
 *
 * Limits.  A waiting child takes 64 bytes of its worker's fork stack.  A stack on which
 * no child has waited costs address space only.  Unless the process's address space is
 * limited (RLIMIT_AS) or `fork_stack_size` (sched.h) says otherwise, 12.5 million
 * children of one worker may wait at once: MAG_FORK_WAITING_MAX that loops have forked,
 * and one more for each 8 bytes of the C stack.  A recursive call that forks a child
 * takes more than 8 bytes of C stack, so a recursion that is too deep ends at the end of
 * the C stack, never at that of the fork stack.  A smaller fork stack holds one child for
 * each 86 of its bytes.  A guard page behind it stops the program, as it does at the end
 * of the C stack; nothing is overwritten.  A loop that forks children of unknown number
 * asks mag_fork_is_full, or uses a scope (below), which asks.
 *
 * Large children have blocks beside the fork stack, in 5/32 of its size: at least
 * MAG_FORK_BLOCKS_MAX bytes for each worker if address space is not limited.  Blocks
 * beyond that, and blocks for which the system refuses memory there, come from the heap.
 * If the heap refuses too, the fork stops the program at the guard page.
 *
 * fork().  A job may call it: the child process has a copy of the children that wait on
 * the calling worker.
 *
 * Every child that waits can be stolen.  But if the kernel refuses membarrier (`magpie
 * doctor` says so), only the oldest `fork_depth` children of a worker can (sched.h); the
 * others run inline at their joins.
 *
 * docs/design/fork-join.md explains the protocol, its proof and its price.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_FORK_H
#define MAGPIE_FORK_H

#include <magpie/detail/forkable.h>
#include <magpie/error.h>
#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/* ------------------------------------------------------- declaring functions */

/*
 * MAG_FORKABLE(result, name, type1, arg1, ...) makes a function forkable.  It takes up to
 * eight pairs of type and argument, and declares the functions below.  For a function
 * without arguments write MAG_FORKABLE(result, name, void).  A name must be able to
 * follow each type: for a function pointer or an array use a typedef.
 *
 *   static result name(mag_fork w, type1 arg1, ...);            you write its body
 *   struct name_child                                           the handle of a child
 *   struct name_child name_fork(mag_fork *w, type1 arg1, ...)   pushes a child
 *   result name_join(mag_fork *w, struct name_child child)      pops it: its result
 *   int name_run(struct mag_sched *sched, result *ret_result, type1 arg1, ...)
 *
 * `name_run` calls the function as the root of a computation, from any thread, and waits
 * for it; mag_fork_run says where it runs.  It returns 0; -EOWNERDEAD if the function
 * ended a worker's thread (`*ret_result` is not written); or another error of
 * mag_fork_run, and the function was not called.
 *
 * Arguments and results may be of any size.  If the arguments together, and the result,
 * each fit into MAG_FORK_PAYLOAD bytes, they travel in the child's own cache line.
 * Otherwise they go through a block beside the fork stack, which costs a function call.
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

/* The top of a worker's fork stack, passed by value.  Its member is the library's. */
typedef struct mag_fork mag_fork;

/* A child's function: it reads its arguments from `payload` and leaves its result there.
 * `w` is the fork stack of the worker that runs it. */
typedef void (*mag_fork_body)(mag_fork w, void *payload);

/*
 * Calls `body(w, payload)` as the root of a computation, from any thread, and waits.
 * `name_run` is built on this function.
 *
 * On a worker or guest of `sched` this is a plain call.  Any other thread becomes a guest
 * (guest.h) for the time of the call, and the body runs at once on that thread, on its
 * own C stack: a deep recursion has the room that its caller has, 8 MiB in most programs'
 * main.  The body runs on a worker instead, and the caller sleeps, if every place for
 * guests is taken (`spare` in sched.h, 0: always), if the scheduler has an `on_start`, if
 * the caller's C stack has less than three quarters of the room of a worker's, or if
 * address space is limited.  So the body may run beside as many workers as there are, and
 * each of them in turn; a program that must have no more threads than workers sets
 * `spare` to 0.
 *
 *   Thread     any; no cancellation point: a request to cancel the caller waits until the
 *              call returns, whatever the body does meanwhile
 *   Blocks     until the body has returned
 *   Allocates  a guest's place, when it is taken for the first time
 *   Returns    0; -EOWNERDEAD the body ended the thread of the worker that ran it;
 *              -ESHUTDOWN the scheduler is stopping; MAG_E_FORKED it belongs to the
 *              parent process.  After these two the body was not called.  Does not return
 *              if the body ends the calling thread
 */
MAG_API MAG_MUST_CHECK int mag_fork_run(struct mag_sched *sched, mag_fork_body body,
                                        void *payload);

/*
 * Whether a thief runs the child that has this payload.  If so, its body may answer the
 * join early, with mag_fork_answer.  False for a root, for a child that the worker that
 * forked it runs, and after the answer.
 *
 *   Thread     the worker that runs the body, with the `w` that the body was given
 */
MAG_API bool mag_fork_is_stolen(mag_fork w, const void *payload);

/*
 * Answers the join of the stolen child that is running, before its body has returned.
 * The payload, and the block that the payload names, now hold the result; the body must
 * not touch them any more.  The body then runs on, and nobody waits for it.
 *
 *   Thread     as mag_fork_is_stolen, after that has returned true
 */
MAG_API void mag_fork_answer(mag_fork w);

/*
 * Whether as many children of this worker wait as a loop may fork: the least of
 * MAG_FORK_WAITING_MAX, three quarters of what the fork stack holds, and the number that
 * thieves can steal.  A loop that forks children of unknown number asks before each fork,
 * and calls the child instead if the answer is true:
 *
 *     if (mag_fork_is_full(w))
 *         sum += visit(w, item);
 *     else
 *         children[count++] = visit_fork(&w, item);
 *
 * A function that is called so can itself fork as deep as its C stack allows.
 *
 *   Thread     a worker, with its own `w`
 */
MAG_INLINE bool mag_fork_is_full(mag_fork w)
{
    uintptr_t stack = MAG_RECAST(uintptr_t, w.top) & ~(MAG_FORK_SPAN - 1);

    /* NOLINTNEXTLINE(performance-no-int-to-ptr): a slot finds its stack in this way. */
    if (MAG_LIKELY(w.top < MAG_RECAST(const struct mag_fork_ground *, stack)->full))
        return false;
    return mag_fork_is_full_slow(w);
}

/*
 * Pushes a child.  `name_fork` is built on this function.  `size` bytes of arguments, at
 * most MAG_FORK_PAYLOAD, are copied to the child's payload.
 *
 *   Thread     a worker, with its own `w`
 *   Returns    0; MAG_E_SIZE `size` is too large: nothing was pushed
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
 * Pops the child that was pushed last.  `name_join` is built on this function.
 *
 *   Thread     the worker that pushed it
 *   Blocks     while a thief runs the child
 *   Returns    true: nobody took the child, and the caller must run it now; its arguments
 *              are in `w->top->payload`, and must be copied before the next push.  False:
 *              a thief has run it; its result is in `w->top->payload` until the next push
 */
MAG_INLINE_ALWAYS bool mag_fork_pop(mag_fork *w)
{
    struct mag_fork_slot *slot = --w->top;

    /* owner-or-thief (1): ordered before (2) by the thief's heavy barrier. */
    MAG_FOLD_STORE(mag_fork_body, &slot->body, MAG_CAST(mag_fork_body, MAG_NULL));
    /* Keeps the compiler from moving (2) up; the processor is the thief's concern. */
    MAG_OWNER_FENCE();
    /* owner-or-thief (2). */
    uintptr_t tag = MAG_FOLD_LOAD(uintptr_t, &slot->tag);
    if (MAG_LIKELY(tag == 0)) {
        MAG_COMPILER_FENCE();
        return true;
    }
    return mag_fork_pop_slow(tag);
}

/* ------------------------------------- scopes: children of unknown number */

/*
 * A scope holds any number of forked children.  A function that runs under a `w` opens
 * it, spawns children into it one by one, and joins it before the function returns.  Each
 * child returns 0 or a negative errno.  The first error becomes the scope's; children
 * that have not begun by then are not called.
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
 * The rules of forks hold: join everything forked since the scope was opened before
 * joining the scope, and pass the current `w` to every function you call.  While
 * mag_fork_is_full is true, a spawned child runs at once.  The members are the library's.
 */
struct mag_scope {
    struct mag_fork_slot *first; /* the place of its first child */
    MAG_ATOMIC(int) error;       /* the first error, or 0 */
};

/*
 * Opens a scope.  The function that opens it must join it; `w` is that function's.
 *
 *   Thread     a worker, with its own `w`
 */
MAG_API void mag_scope_open(struct mag_scope *scope, mag_fork w);

/*
 * Runs the children that nobody took, and waits for the others.
 *
 *   Thread     the worker that opened the scope
 *   Blocks     while thieves run children
 *   Returns    0; the first error of a child; -ECANCELED the scope was canceled before
 *              any child failed
 */
MAG_API MAG_MUST_CHECK int mag_scope_join(mag_fork *w, struct mag_scope *scope);

/*
 * Cancels the children that have not begun: they are not called.  The join returns
 * -ECANCELED unless a child has failed before.
 *
 *   Thread     any, while the scope is open
 */
MAG_API void mag_scope_cancel(struct mag_scope *scope);

/*
 * Whether a child has failed or the scope was canceled.  A long child may ask, and end
 * early.
 *
 *   Thread     any, while the scope is open
 */
MAG_API bool mag_scope_canceled(const struct mag_scope *scope);

/*
 * Reports an error of a child that mag_scope_spawn added.  The first error that any child
 * reports becomes the scope's.
 *
 *   error      a negative errno, not 0
 *   Thread     any, while the scope is open
 */
MAG_API void mag_scope_fail(struct mag_scope *scope, int error);

/*
 * Adds a child.  `name_spawn` is built on this function.  Unless the scope is canceled
 * before, `body` is called with a payload that holds the address of the scope and then
 * `size` bytes of arguments, at most MAG_SCOPE_PAYLOAD.  The body reports an error with
 * mag_scope_fail.
 *
 *   Thread     the worker that opened the scope, with its own `w`
 *   Returns    0; MAG_E_SIZE `size` is too large: nothing was added
 */
MAG_API MAG_MUST_CHECK int mag_scope_spawn(mag_fork *w, struct mag_scope *scope,
                                           mag_fork_body body, const void *args,
                                           size_t size);

/* Bytes of arguments of a scope's child. */
#define MAG_SCOPE_PAYLOAD (MAG_FORK_PAYLOAD - sizeof(struct mag_scope *))

/*
 * MAG_SPAWNABLE(name, type1, arg1, ...) makes a function a child of scopes.  It takes up
 * to eight pairs, of at most MAG_SCOPE_PAYLOAD bytes together, and declares
 *
 *   static int name(mag_fork w, type1 arg1, ...);    you write its body
 *   void name_spawn(mag_fork *w, struct mag_scope *scope, type1 arg1, ...)
 *   int name_run(struct mag_sched *sched, type1 arg1, ...)
 *
 * `name_run` calls the function as the root of a computation, from any thread, and waits
 * for it (MAG_FORKABLE).  It returns what the function returned; or an error of
 * mag_fork_run.
 */
#define MAG_SPAWNABLE(name, ...)       \
    MAG_CHECK_PAIRS(name, __VA_ARGS__) \
    MAG_FORK_SPAWNABLE(name, __VA_ARGS__)

/* --------------------------------------------------------------- leaving early */

/* Where a function's children begin.  The members are the library's. */
struct mag_fork_mark {
    mag_fork w;
    void *block;
};

/*
 * Remembers where a function's children begin; call it before the first fork.
 *
 *   Thread     a worker, with its own `w`
 */
MAG_API struct mag_fork_mark mag_fork_mark_of(mag_fork w);

/*
 * Drops all children that were forked since the mark and not joined, for a function that
 * ends early.  Children that nobody took are not called; the others are waited for.
 * Their results are lost.
 *
 *     struct mag_fork_mark mark = mag_fork_mark_of(w);
 *
 *     struct left_child left = left_fork(&w, node);
 *     if (right(w, node) < 0) {
 *         w = mag_fork_drop(&mark);
 *         return -EIO;
 *     }
 *
 * A block that a large child has from the heap is not freed (see Limits, at the top).
 *
 *   Thread     the worker that took the mark, in the same function
 *   Blocks     while thieves run children
 *   Returns    the `w` of the mark
 */
MAG_API mag_fork mag_fork_drop(const struct mag_fork_mark *mark);

MAG_EXTERN_C_END

#if defined(__cplusplus) && __cplusplus >= 201103L

/*
 * For a function that forks and that an exception may leave.  Define a guard before the
 * first fork:
 *
 *     mag_fork_guard guard(w);
 *
 * When the block of the guard is left, the guard drops the children that are not joined
 * (mag_fork_drop).
 */
class mag_fork_guard
{
  public:
    explicit mag_fork_guard(mag_fork w) : mark(mag_fork_mark_of(w))
    {
    }
    ~mag_fork_guard()
    {
        (void)mag_fork_drop(&mark);
    }
    mag_fork_guard(const mag_fork_guard &) = delete;
    mag_fork_guard &operator=(const mag_fork_guard &) = delete;

  private:
    struct mag_fork_mark mark;
};

#endif

#endif
