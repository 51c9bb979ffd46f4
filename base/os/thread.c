/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/thread.h"

#include "base/os/clock.h"
#include "base/os/signals.h"
#include "base/os/yield.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How many times to yield while waiting for a thread to end, and how long each nap after
 * that is. */
enum { GONE_YIELDS = 16, GONE_NAP_NS = 200000 };

/* The system's least is used where it is more: on AArch64 it is 128 KiB. */
static int set_stack_size(pthread_attr_t *attributes, size_t bytes)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);

    if (least > 0 && bytes < (size_t)least)
        bytes = (size_t)least;
    return pthread_attr_setstacksize(attributes, bytes);
}

int mag_os_create(pthread_t *ret_thread, size_t stack_size, void *(*run)(void *arg),
                  void *arg)
{
    pthread_attr_t attributes;
    sigset_t before;
    int r = 0;

    if (pthread_attr_init(&attributes) != 0)
        return -ENOMEM;
    mag_os_block_signals(&before);
    if (stack_size != 0 && set_stack_size(&attributes, stack_size) != 0)
        r = -EINVAL;
    if (r == 0 && pthread_create(ret_thread, &attributes, run, arg) != 0)
        r = -EAGAIN;
    mag_os_set_signals(&before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return r;
}

int mag_os_stack_size(size_t *ret_bytes)
{
    pthread_attr_t attributes;

    if (pthread_attr_init(&attributes) != 0)
        return -ENOMEM;
    int error = pthread_attr_getstacksize(&attributes, ret_bytes);
    (void)pthread_attr_destroy(&attributes);
    return -error;
}

void mag_os_name(const char *name)
{
    (void)pthread_setname_np(pthread_self(), name);
}

bool mag_os_join(pthread_t thread, int64_t until_ns)
{
    if (pthread_equal(thread, pthread_self())) {
        (void)pthread_detach(thread);
        return true;
    }
    if (until_ns == INT64_MAX) {
        (void)pthread_join(thread, NULL);
        return true;
    }
    for (unsigned looks = 0; pthread_tryjoin_np(thread, NULL) == EBUSY; looks++) {
        if (mag_os_now_ns() >= until_ns)
            return false;
        if (looks < GONE_YIELDS)
            mag_os_yield();
        else
            mag_os_nap(GONE_NAP_NS);
    }
    return true;
}

void mag_os_join_or_detach(pthread_t thread)
{
    if (pthread_tryjoin_np(thread, NULL) == EBUSY)
        (void)pthread_detach(thread);
}

int32_t mag_os_process(void)
{
    return getpid();
}

int32_t mag_os_thread(void)
{
    return (int32_t)syscall(SYS_gettid);
}

int mag_os_slack(void)
{
    return prctl(PR_GET_TIMERSLACK, 0UL, 0UL, 0UL, 0UL);
}

void mag_os_set_slack(int slack_ns)
{
    (void)prctl(PR_SET_TIMERSLACK, (unsigned long)slack_ns, 0UL, 0UL, 0UL);
}
