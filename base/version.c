/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/version.h>

const char *mag_version(void)
{
    return MAG_VERSION_STRING;
}
