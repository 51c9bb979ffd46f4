/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/base.h>

#include <errno.h>
#include <string.h>

const char *mag_version(void)
{
    return MAG_VERSION_STRING;
}

/* The codes that Magpie returns, in its own words where the system's would mislead. */
const char *mag_error_text(int code)
{
    static const struct {
        int code;
        const char *text;
    } texts[] = {
        {0, "success"},
        {-EINVAL, "invalid argument"},
        {-ENOMEM, "out of memory"},
        {-EAGAIN, "the system refused a resource, perhaps a thread"},
        {-ENOSPC, "the limit that was set is reached"},
        {-ESHUTDOWN, "the scheduler is stopping"},
        {-ETIMEDOUT, "the time is over"},
        {-EDEADLK, "a worker may not wait here"},
        {-ENOENT, "no such file"},
        {-EACCES, "the file may not be read"},
        {-EIO, "the system could not be asked"},
        {-ECANCELED, "cancelled"},
        {-EBUSY, "in use"},
        {-EPERM, "the caller may not do this"},
        {MAG_E_FORKED, "this scheduler belongs to the parent process, which forked"},
        {MAG_E_ENVIRONMENT, "a MAGPIE_ variable of the environment has a wrong value; "
                            "'magpie doctor' names it"},
        {MAG_E_TOKEN, "misuse: the operation is over, or never was"},
        {MAG_E_PENDING, "misuse: read before it is complete"},
        {MAG_E_DONE, "misuse: completed a second time"},
        {MAG_E_CONTINUATION, "misuse: awaited a second time"},
        {MAG_E_ARG, "misuse: an argument that cannot be"},
        {MAG_E_STATE, "misuse: an async function has nowhere to go on"},
        {MAG_E_SIZE, "misuse: the result has another size"},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].code == code)
            return texts[i].text;
    }
    return "unknown error";
}
