/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/cancel.h"

#include <pthread.h>

int mag_os_hold_cancel(void)
{
    int before = PTHREAD_CANCEL_ENABLE;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

void mag_os_let_cancel(int before)
{
    (void)pthread_setcancelstate(before, NULL);
}
