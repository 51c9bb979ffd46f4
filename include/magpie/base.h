/*
 * base.h - what every Magpie header needs: visibility, versions, error texts.
 *
 * Errors.  Every function that can fail returns 0 or a negative errno value, such as
 * -ENOMEM, or a MAG_E code (below), which tells of a mistake in the program or in what
 * surrounds it.  Outputs (`ret_` arguments, always last) are written on success only.
 * The library never prints, never exits and never aborts.
 *
 * Threads.  `Thread` in a function's table says who may call it; `Blocks` whether it may
 * wait; `Allocates` whether it may take memory; a line that is absent means "any thread",
 * "never" and "never".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_BASE_H
#define MAGPIE_BASE_H

#include <magpie/language.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAG_VERSION_MAJOR  0
#define MAG_VERSION_MINOR  1
#define MAG_VERSION_PATCH  0
#define MAG_VERSION_STRING "0.1.0"

#ifdef __cplusplus
#    define MAG_EXTERN_C_BEGIN extern "C" {
#    define MAG_EXTERN_C_END   }
#else
#    define MAG_EXTERN_C_BEGIN
#    define MAG_EXTERN_C_END
#endif

#define MAG_API         __attribute__((visibility("default")))
#define MAG_COLD        __attribute__((cold, noinline))
#define MAG_NOINLINE    __attribute__((noinline))
#define MAG_MUST_CHECK  __attribute__((warn_unused_result))
#define MAG_LIKELY(x)   __builtin_expect(!!(x), 1)
#define MAG_UNLIKELY(x) __builtin_expect(!!(x), 0)

/*
 * How inline functions reach what the library keeps for the calling thread.  Code that
 * uses libmagpie.so may define MAG_TLS_INITIAL_EXEC (its CMake target and pkg-config do):
 * a load instead of a call, in shared objects.  A plug-in with libmagpie.a in it may not:
 * all of its variables would need room in the static block of threads, a small one.
 */
#ifdef MAG_TLS_INITIAL_EXEC
#    define MAG_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#    define MAG_TLS_MODEL
#endif

/*
 * A word that several threads share.  C sees an atomic; to C++, which never touches such
 * a word outside the functions of these headers, it is a plain word of the same layout.
 */
#ifdef __cplusplus
#    define MAG_ATOMIC(type) type
#else
#    define MAG_ATOMIC(type) _Atomic(type)
#endif

/* Two workers never write the same line when their words stand this far apart. */
#define MAG_CACHE_LINE 64

MAG_EXTERN_C_BEGIN

/* ------------------------------------------------------------- misuse codes */

/* What a wrong call returns; no errno, and no operation can fail with one. */
enum {
    MAG_E_TOKEN = -70001,        /* stale: the operation is over, or never was */
    MAG_E_PENDING = -70002,      /* read before it is complete */
    MAG_E_DONE = -70003,         /* completed a second time */
    MAG_E_CONTINUATION = -70004, /* awaited a second time */
    MAG_E_ARG = -70005,          /* invalid argument */
    MAG_E_STATE = -70006,        /* the async function cannot resume */
    MAG_E_SIZE = -70007,         /* the result has another size than what was asked for */
    MAG_E_JOIN = -70008,         /* forked children were not joined as they must be */
    MAG_E_THREAD = -70009,       /* a job ended its thread */
};

#define MAG_E_FIRST MAG_E_TOKEN
#define MAG_E_LAST  (-70099)

/* What is wrong around a call, and not in it; no errno either.  An operation can fail
 * with one. */
enum {
    MAG_E_FORKED = -70101, /* the scheduler belongs to the process that forked this */
    MAG_E_ENVIRONMENT = -70102, /* a variable of the environment has a wrong value */
};

/* True if `code` tells of misuse, and not of what the operation came to. */
MAG_INLINE bool mag_is_misuse(int code)
{
    return code <= MAG_E_FIRST && code >= MAG_E_LAST;
}

/* ----------------------------------------------------------- version, texts */

/*
 * The version of the library that is loaded, such as "0.1.0"; compare it with
 * MAG_VERSION_STRING, the version of the headers.
 *
 *   Returns    a string of the library's, never NULL
 */
MAG_API const char *mag_version(void);

/*
 * A short English text for an error: what an operation came to, or any other code.  A
 * negative errno value reads as the system describes that errno, whatever the locale is:
 * -EIO is "Input/output error", -EPIPE "Broken pipe".  MAG_E codes and 0 have texts of
 * the library's.  Allocates nothing.
 *
 *   Returns    a constant string, never NULL; "unknown error" for other codes, such as
 *              codes of your own
 */
MAG_API const char *mag_error_text(int code);

/*
 * As mag_error_text, for a code by which a Magpie function itself refused: some errno
 * values have a narrower sense there.
 *
 *   -EAGAIN     the system refused a thread or a thread-exit key
 *   -EBUSY      the object is in use: it is pending, or jobs wait for it
 *   -EDEADLK    a worker of the scheduler may not wait here
 *   -EIO        the machine could not be examined
 *   -ENOSPC     the limit that was set is reached
 *   -ENOTSUP    this build of the library cannot do that
 *   -EOWNERDEAD the thread that ran the function ended in it
 *   -EPERM      nobody may end the default scheduler
 *   -ESHUTDOWN  the scheduler is stopping
 *   -ETIMEDOUT  the deadline has passed
 *
 * Use it after a call whose only errors are the library's, such as mag_sched_start,
 * mag_sched_post or name_run.  After a call that returns what an operation came to, such
 * as name_wait, name_get or MAG_TRY, use mag_error_text.
 *
 *   Returns    as mag_error_text
 */
MAG_API const char *mag_call_text(int code);

MAG_EXTERN_C_END

#endif
