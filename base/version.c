/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/base.h>

const char *mag_version(void)
{
    return MAG_VERSION_STRING;
}
