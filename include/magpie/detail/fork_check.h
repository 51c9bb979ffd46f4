/*
 * fork_check.h - the checks of debug builds that every forked child is joined.
 *
 * A debug build of a program checks at each fork, at each join, and when a forked
 * function returns.  It finds a child that was not joined at the next fork of its worker
 * at the same place, at the next join below it, or at the return of the forked function
 * around it, whichever comes first.  The watch of <magpie/debug.h> is told, with the
 * names of both functions; without a watch an assertion fails.  If MAG_DEBUG_TASKS is not
 * defined, or NDEBUG is, nothing is checked and nothing is paid.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_FORK_CHECK_H
#define MAGPIE_DETAIL_FORK_CHECK_H

#include <magpie/detail/base.h>

#if defined(__cplusplus) && defined(__cpp_exceptions)
#    include <cxxabi.h>
#    include <exception>
#endif

MAG_EXTERN_C_BEGIN

struct mag_fork;

/* A forked function.  It has static storage, and joins the list of all at its first
 * fork. */
struct mag_fork_name {
    const char *name;
    void (*body)(struct mag_fork w, void *payload);
    struct mag_fork_name *next;  /* the library's */
    MAG_ATOMIC(uint32_t) listed; /* the library's */
};

/*
 * The three checks; `w` is the fork stack of the calling worker.  may_fork: no child is
 * left at this place.  may_join: the child on top is one of this function, and no child
 * is left above it.  has_joined: the function that was called with `w` has joined all
 * children that it forked.
 *
 *   Returns    true the check holds, or the watch was told that it does not; false it
 *              does not hold, and there is no watch
 */
MAG_API bool mag_fork_may_fork(const struct mag_fork *w, struct mag_fork_name *name);
MAG_API bool mag_fork_may_join(const struct mag_fork *w, struct mag_fork_name *name);
MAG_API bool mag_fork_has_joined(const struct mag_fork *w, struct mag_fork_name *name);

/*
 * Makes `told` the function that these checks call when they find misuse, with a MAG_E
 * code and a text that is valid during the call.  `told` returns whether there is a
 * watch.
 */
MAG_API void mag_misuse_listen(bool (*told)(int code, const char *text));

MAG_EXTERN_C_END

#if defined(MAG_DEBUG_TASKS) && !defined(NDEBUG)
#    include <assert.h>
#    define MAG_FORK_CHECKS 1
#    define MAG_FORK_NAME(function, stolen) \
        static MAG_STRUCT(mag_fork_name)    \
            function##_named = {#function, stolen, MAG_NULL, 0};
#    define MAG_FORK_CHECK_FORK(w, function)             \
        assert(                                          \
            mag_fork_may_fork((w), &function##_named) && \
            "a child that was forked here before is not joined, or `w` is an old one")
#    define MAG_FORK_CHECK(w, function)                     \
        assert(mag_fork_may_join((w), &function##_named) && \
               "this child is not the one that was forked last")
#    define MAG_FORK_CHECK_END(w, function)                   \
        assert(mag_fork_has_joined((w), &function##_named) && \
               "this function returned without joining a child")
#else
#    define MAG_FORK_CHECKS 0
#    define MAG_FORK_NAME(function, stolen)
#    define MAG_FORK_CHECK_FORK(w, function) ((void)0)
#    define MAG_FORK_CHECK(w, function)      ((void)0)
#    define MAG_FORK_CHECK_END(w, function)  ((void)0)
#endif

/* In C++ an exception that leaves a forked function ends the program, whichever worker
 * runs the function.  The exception that glibc throws to end a thread may pass. */
#if defined(__cplusplus) && defined(__cpp_exceptions)
#    ifdef __GLIBCXX__
#        define MAG_FORK_LET_END           \
            catch (abi::__forced_unwind &) \
            {                              \
                throw;                     \
            }
#    else
#        define MAG_FORK_LET_END
#    endif
#    define MAG_FORK_TRY try
#    define MAG_FORK_CATCH           \
        MAG_FORK_LET_END catch (...) \
        {                            \
            std::terminate();        \
        }
#else
#    define MAG_FORK_TRY
#    define MAG_FORK_CATCH
#endif

#endif
