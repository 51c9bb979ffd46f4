/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/error.h>
#include <magpie/version.h>

#include "base/errno_text.h"

#include <limits.h>
#include <string.h>

const char *mag_version(void)
{
    return MAG_VERSION_STRING;
}

struct text {
    int code;
    const char *text;
};

#define TEXTS(table) (sizeof(table) / sizeof((table)[0]))

static const char *find(const struct text *texts, size_t count, int code)
{
    for (size_t i = 0; i < count; i++) {
        if (texts[i].code == code)
            return texts[i].text;
    }
    return NULL;
}

/* The system's own text for an errno, or NULL.  It is constant, English, and usable by
 * any thread. */
static const char *system_text(int number)
{
#ifdef __GLIBC_PREREQ
#    if __GLIBC_PREREQ(2, 32)
    return strerrordesc_np(number);
#    else
    return mag_errno_text(number);
#    endif
#else
    return mag_errno_text(number);
#endif
}

const char *mag_error_text(int code)
{
    static const struct text texts[] = {
        {0, "success"},
        {MAG_E_FORKED, "this scheduler belongs to the parent process, which forked"},
        {MAG_E_ENVIRONMENT, "a MAGPIE_ variable of the environment has a wrong value; "
                            "'magpie doctor' names it"},
        {MAG_E_TOKEN, "misuse: the task is stale, or its operation never was"},
        {MAG_E_PENDING, "misuse: the task was read before it was complete"},
        {MAG_E_DONE, "misuse: the operation was completed a second time"},
        {MAG_E_CONTINUATION, "misuse: the task was awaited a second time"},
        {MAG_E_ARG, "misuse: invalid argument"},
        {MAG_E_STATE, "misuse: the async function cannot resume"},
        {MAG_E_SIZE, "misuse: the result has another size"},
        {MAG_E_JOIN, "misuse: a forked child was not joined, or not in order"},
        {MAG_E_THREAD, "misuse: a job ended its thread"},
    };
    const char *text = find(texts, TEXTS(texts), code);

    /* INT_MIN has no positive counterpart. */
    if (text == NULL && code < 0 && code != INT_MIN)
        text = system_text(-code);
    return text != NULL ? text : "unknown error";
}

const char *mag_call_text(int code)
{
    /* For codes whose system text would mislead. */
    static const struct text texts[] = {
        {-EAGAIN, "the system refused a thread or a thread-exit key"},
        {-EBUSY, "the object is in use: it is pending, or jobs wait for it"},
        {-EDEADLK, "a worker of the scheduler may not wait here"},
        {-EIO, "the machine could not be examined"},
        {-ENOSPC, "the limit that was set is reached"},
        {-ENOTSUP, "this build of the library cannot do that"},
        {-EOWNERDEAD, "the thread that ran the function ended in it"},
        {-EPERM, "nobody may end the default scheduler"},
        {-ESHUTDOWN, "the scheduler is stopping"},
        {-ETIMEDOUT, "the deadline has passed"},
    };
    const char *text = find(texts, TEXTS(texts), code);

    return text != NULL ? text : mag_error_text(code);
}
