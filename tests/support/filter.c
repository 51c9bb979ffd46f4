/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

enum { CALLS_MAX = 16 };

bool test_filter(const long *calls, size_t count, int error)
{
#if defined(__x86_64__) || defined(__aarch64__)
    struct sock_filter filter[2 * CALLS_MAX + 2];
    uint32_t refusal = error != 0 ? SECCOMP_RET_ERRNO | (uint32_t)error
                                  : (uint32_t)SECCOMP_RET_KILL_PROCESS;
    unsigned short length = 0;

    if (count > CALLS_MAX)
        return false;
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                    offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < count; i++) {
        filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                        (uint32_t)calls[i], 0, 1);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, refusal);
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = length, .filter = filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
    (void)calls;
    (void)count;
    (void)error;
    return false;
#endif
}
