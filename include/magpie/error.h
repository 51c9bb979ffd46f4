/*
 * error.h - error codes and their texts.
 *
 *     #include <magpie/error.h>
 *     #include <errno.h>
 *     #include <stdio.h>
 *
 *     int main(void)
 *     {
 *         // an operation's error, and a call that a stopping scheduler refused
 *         printf("%s\n", mag_error_text(-EPIPE));     // Broken pipe
 *         printf("%s\n", mag_call_text(-ESHUTDOWN));
 *         return mag_is_misuse(MAG_E_PENDING) ? 0 : 1;
 *     }
 *
 * Every function that can fail returns 0 or a negative code.  The code is a negative
 * errno value, such as -ENOMEM, or a MAG_E code (below) for a mistake in the program or
 * in its surroundings.  Outputs (`ret_` arguments, always last) are written on success
 * only.  The library never prints, never exits and never aborts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_ERROR_H
#define MAGPIE_ERROR_H

#include <magpie/detail/base.h>

MAG_EXTERN_C_BEGIN

/* ------------------------------------------------------------------- codes */

/* Misuse: what a call returns that breaks a rule.  No errno value is equal to one of
 * these, and no operation can fail with one. */
enum {
    MAG_E_TOKEN = -70001,        /* stale: the operation is over or never existed */
    MAG_E_PENDING = -70002,      /* a task is read before it is complete */
    MAG_E_DONE = -70003,         /* an operation is completed a second time */
    MAG_E_CONTINUATION = -70004, /* a task is awaited a second time */
    MAG_E_ARG = -70005,          /* invalid argument */
    MAG_E_STATE = -70006,        /* the async function cannot resume */
    MAG_E_SIZE = -70007,         /* the result has another size than what was asked for */
    MAG_E_JOIN = -70008,         /* forked children were not joined as they must be */
    MAG_E_THREAD = -70009,       /* a job ended its thread */
    MAG_E_RELEASE = -70010,      /* more is given back than was taken */
};

#define MAG_E_FIRST MAG_E_TOKEN
#define MAG_E_LAST  (-70099)

/* Trouble in the surroundings of a call.  No errno value is equal to one of these; an
 * operation can fail with one. */
enum {
    MAG_E_FORKED = -70101,      /* the scheduler belongs to the parent process (fork()) */
    MAG_E_ENVIRONMENT = -70102, /* a variable of the environment has a wrong value */
};

/* Whether `code` is one of misuse.  False for the outcome of an operation. */
MAG_INLINE bool mag_is_misuse(int code)
{
    return code <= MAG_E_FIRST && code >= MAG_E_LAST;
}

/* ------------------------------------------------------------------- texts */

/*
 * A short English text for an error code, such as the outcome of an operation.  For a
 * negative errno value it is the system's text, whatever the locale is: -EIO is
 * "Input/output error", -EPIPE "Broken pipe".  MAG_E codes and 0 have texts of the
 * library's own.
 *
 *   Returns    a constant string, never NULL; "unknown error" for any other code, such as
 *              one of your own
 */
MAG_API const char *mag_error_text(int code);

/*
 * As mag_error_text, but for a code that a Magpie function itself returned, to refuse a
 * call.  Some errno values have a narrower meaning there:
 *
 *   -EAGAIN     the system refused a thread or a thread-exit key
 *   -EBUSY      the object is in use: it is pending, or jobs wait for it
 *   -ECANCELED  the group was canceled
 *   -EDEADLK    a worker of the scheduler may not wait here
 *   -EIO        the machine could not be examined
 *   -ENOENT     there is no such job (any more)
 *   -ENOSPC     the configured limit is reached
 *   -ENOTSUP    this build of the library cannot do that
 *   -EOWNERDEAD the function ended the worker's thread on which it ran
 *   -EPERM      the default scheduler cannot be stopped or destroyed
 *   -ESHUTDOWN  the scheduler is stopping
 *   -ETIMEDOUT  the deadline has passed
 *
 * Use it after a call whose only errors are the library's, such as mag_sched_start,
 * mag_sched_post or name_run.  After a call that returns the outcome of an operation,
 * such as name_wait, name_get or MAG_TRY, use mag_error_text.
 *
 *   Returns    as mag_error_text
 */
MAG_API const char *mag_call_text(int code);

MAG_EXTERN_C_END

#endif
