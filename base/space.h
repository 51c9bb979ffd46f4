/*
 * space.h - address space: reserved without access, opened where it is used, and what the
 * limits of the process leave of it.  Private to the library.
 *
 * What counts.  RLIMIT_AS counts every mapping.  RLIMIT_DATA, and the kernel where it is
 * strict (vm.overcommit_memory), count private pages from the moment they can be written,
 * used or not.  RLIMIT_DATA does not count shared memory, and a strict kernel counts that
 * of a file without name as it is touched.  A core file has every page that can be
 * written and is not left out by madvise.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_SPACE_H
#define BASE_SPACE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reserves `size` bytes of address space at a multiple of `alignment`, a power of two.
 * They cannot be accessed, count for RLIMIT_AS alone, and are in no core file.  `others`
 * is how many reservations of that kind the process may have besides.
 *
 *   Returns    0; -ENOMEM
 */
int mag_space_reserve(size_t size, size_t alignment, size_t others, void **ret_pages);
void mag_space_release(void *pages, size_t size);

/*
 * Opens a part of a reservation: zeroes, private to the process, counted at once, in core
 * files.  No page of it is huge.
 *
 *   Returns    0; -ENOMEM the part is as it was
 */
int mag_space_open(void *pages, size_t size);

/*
 * Opens a part of a reservation that will mostly stay untouched: zeroes, each page
 * counted when it is first touched, in no core file before mag_space_dump.  The memory is
 * shared with children of fork(): see mag_fork_stack_before_fork.
 *
 *   Returns    0; -ENOMEM the part is as it was
 */
int mag_space_lend(void *pages, size_t size);

/* As mag_space_reserve, then mag_space_open, anywhere.  NULL: no memory. */
void *mag_space_private(size_t size);

/* Takes a part's access away; what stood there is lost. */
void mag_space_close(void *pages, size_t size);

/* Has a part that was lent written to core files. */
void mag_space_dump(void *pages, size_t size);

/* Bytes that may still be mapped, and made writable, by the process's limits at this
 * moment; SIZE_MAX: no limit. */
struct mag_space_left {
    size_t space; /* RLIMIT_AS */
    size_t data;  /* RLIMIT_DATA */
};

void mag_space_left(struct mag_space_left *ret_left);

/* Whether the kernel lets the process say on which node its memory is: mbind(2). */
bool mag_space_may_bind(void);

/* Bytes of a page. */
size_t mag_space_page(void);

/* Whether valgrind runs the process: its tools look at all that can be accessed. */
bool mag_space_is_watched(void);

#endif
