/*
 * files.h - data for programs that work on files, and such programs as children: the same
 * code for Magpie's rows and for peers that are programs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_FILES_H
#define BENCH_KERNELS_FILES_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { KERNEL_PATH = 1024 };

/*
 * A path for a file of this process's own, in the user's cache folder, which is made.
 *
 *   Returns    0; -ENAMETOOLONG
 */
int kernel_files_place(const char *name, char ret_path[KERNEL_PATH]);

/*
 * A file of so many megabytes (10^6 bytes), half of it text and half of it programs: what
 * /usr/include and /usr/share, and then /usr/lib, hold of files that are not compressed
 * yet, in the order of their names, as often as needed.  It is made once, in the user's
 * cache folder, and is the same for all that ask for this size.
 *
 *   Returns    0; a negative errno; -ENODATA there are no such files
 */
int kernel_files_make(uint64_t megabytes, char ret_path[KERNEL_PATH]);

/* Removes the files that a process has made by the functions above and can no longer
 * remove, because it was killed. */
void kernel_files_forget(intmax_t process);

/* A program that has run. */
struct kernel_child {
    double seconds;
    uint64_t peak_kib; /* the most memory that was resident in it */
};

/*
 * Runs a program, with `out` as its standard output, until it ends.
 *
 *   argv       argv[0] is looked for in PATH, if it has no slash; NULL ends it
 *   out        a file, which is made anew
 *   Returns    0; a negative errno; -ECHILD it did not end with status 0
 */
int kernel_files_run(const char *const argv[], const char *out,
                     struct kernel_child *ret_child);

/* Whether `gzip -d` makes `plain` of `packed`. */
bool kernel_files_unpacks(const char *packed, const char *plain);

/* Whether two files have the same bytes. */
bool kernel_files_same(const char *a, const char *b);

#ifdef __cplusplus
}
#endif

#endif
