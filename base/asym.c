/* SPDX-License-Identifier: Apache-2.0 */
#include "base/asym.h"

#include "base/shared_call.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_once_t form_once = PTHREAD_ONCE_INIT;
static bool decided_fences; /* [I] after `once` */
static bool forced_fences;  /* [I] set by tests before anything starts */
/* All zeroes: no call was made. */
static struct mag_shared_call broadcasts; /* [A] */

static bool membarrier(int command)
{
    return syscall(SYS_membarrier, command, 0, 0) == 0;
}

static void decide_form(void)
{
#ifdef MAG_UNDER_TSAN
    decided_fences = true;
#else
    decided_fences = forced_fences ||
                     !membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) ||
                     !membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
#endif
}

bool mag_asym_init(void)
{
    (void)pthread_once(&form_once, decide_form);
    return decided_fences;
}

void mag_asym_force_fences(void)
{
    forced_fences = true;
}

/* On some kernels the child of a fork() is not registered: registers and tries again. */
static bool broadcast(void)
{
    return membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) ||
           (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) &&
            membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
}

bool mag_asym_heavy(void)
{
    if (decided_fences) {
        mag_asym_light(true);
        return true;
    }
    return mag_shared_call_ask(&broadcasts, broadcast);
}

void mag_asym_after_fork(void)
{
    mag_shared_call_init(&broadcasts);
}
