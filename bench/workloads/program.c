/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/workloads/program.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

int bench_program_find(const char *name, char ret_path[KERNEL_PATH])
{
    char self[KERNEL_PATH];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (length <= 0)
        return -ENOENT;
    self[length] = '\0';
    if (snprintf(ret_path, KERNEL_PATH, "%s/../examples/%s", dirname(self), name) >=
        KERNEL_PATH)
        return -ENOENT;
    return access(ret_path, X_OK) == 0 ? 0 : -ENOENT;
}

void bench_program_forget(intmax_t process)
{
    kernel_files_forget(process);
}

const char *bench_absent(const struct bench_workload *workload)
{
    static char text[KERNEL_PATH];
    char path[KERNEL_PATH];

    if (workload->absent != NULL || workload->program == NULL ||
        bench_program_find(workload->program, path) == 0)
        return workload->absent;
    (void)snprintf(text, sizeof(text), "the example %s was not built beside this program",
                   workload->program);
    return text;
}
