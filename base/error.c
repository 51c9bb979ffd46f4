/* SPDX-License-Identifier: Apache-2.0 */
#include "base/errno_text.h"
#include "base/texts.h"

#include <magpie/error.h>

#include <string.h>

static const struct mag_code_text base_errors[] = {
    {0, "success"},
    {MAG_E_ARG, "misuse: invalid argument"},
    {0, NULL},
};

static const struct mag_code_text base_refusals[] = {
    {-ENOTSUP, "this build of the library cannot do that"},
    {-ETIMEDOUT, "the deadline has passed"},
    {0, NULL},
};

const struct mag_texts mag_texts_of_base = {base_errors, base_refusals};

const char *mag_texts_find(const struct mag_code_text *texts, int code)
{
    while (texts->text != NULL && texts->code != code)
        texts++;
    return texts->text;
}

const char *mag_system_text(int number)
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
