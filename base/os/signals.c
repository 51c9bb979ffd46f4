/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/signals.h"

#include <stddef.h>

/* Signals that a thread causes itself, and a profiler's signal. */
static const int kept_signals[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                   SIGTRAP, SIGABRT, SIGSYS, SIGPROF};

void mag_os_signals(sigset_t *ret_blocked)
{
    (void)pthread_sigmask(SIG_SETMASK, NULL, ret_blocked);
}

void mag_os_set_signals(const sigset_t *blocked, sigset_t *ret_before)
{
    (void)pthread_sigmask(SIG_SETMASK, blocked, ret_before);
}

void mag_os_block_signals(sigset_t *ret_before)
{
    sigset_t blocked;

    (void)sigfillset(&blocked);
    for (size_t i = 0; i < sizeof(kept_signals) / sizeof(kept_signals[0]); i++)
        (void)sigdelset(&blocked, kept_signals[i]);
    mag_os_set_signals(&blocked, ret_before);
}

/* Looks only at the signals up to SIGSYS: no other program lets through just these. */
bool mag_os_blocks_as_created(const sigset_t *blocked)
{
    sigset_t open;
    bool same = true;

    (void)sigemptyset(&open);
    (void)sigaddset(&open, SIGKILL);
    (void)sigaddset(&open, SIGSTOP);
    for (size_t i = 0; i < sizeof(kept_signals) / sizeof(kept_signals[0]); i++)
        (void)sigaddset(&open, kept_signals[i]);
    for (int i = 1; same && i <= SIGSYS; i++)
        same = (sigismember(blocked, i) == 1) != (sigismember(&open, i) == 1);
    return same;
}
