/*
 * space.h - address space: reserving it without access, opening it where it is used, and
 * how much of it the limits of the process leave.  Private to the library.
 *
 * How memory is counted.  RLIMIT_AS counts every mapping.  RLIMIT_DATA counts private
 * pages from the moment they become writable, used or not; so does a strict kernel
 * (vm.overcommit_memory).  RLIMIT_DATA does not count shared memory.  A strict kernel
 * counts the shared memory of a nameless file page by page as it is touched.  A core file
 * contains every writable page that madvise does not leave out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_SPACE_H
#define BASE_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reserves `size` bytes of address space at a multiple of `alignment`, a power of two.
 * They cannot be accessed, count only towards RLIMIT_AS, and are in no core file.
 * `others` is how many more reservations of that kind the process may have.
 *
 *   Returns    0; -ENOMEM
 */
int mag_space_reserve(size_t size, size_t alignment, size_t others, void **ret_pages);
void mag_space_release(void *pages, size_t size);

/*
 * Opens a part of a reservation: zeroed, private to the process, counted at once, in core
 * files, without huge pages.
 *
 *   Returns    0; -ENOMEM the part is unchanged
 */
int mag_space_open(void *pages, size_t size);

/*
 * Opens a part of a reservation that will mostly stay untouched: zeroed, each page
 * counted when it is first touched, in no core file before mag_space_dump.  The memory is
 * shared with children of fork(), so the caller must handle a fork().
 *
 *   Returns    0; -ENOMEM the part is unchanged
 */
int mag_space_lend(void *pages, size_t size);

/* Reserves and opens `size` bytes anywhere.  NULL: no memory. */
void *mag_space_private(size_t size);

/* Takes away the access to a part; its content is lost. */
void mag_space_close(void *pages, size_t size);

/* Makes core files contain a lent part. */
void mag_space_dump(void *pages, size_t size);

/* How many bytes the process's limits now still allow to be mapped, and to be made
 * writable; SIZE_MAX: no limit. */
struct mag_space_left {
    size_t space; /* RLIMIT_AS */
    size_t data;  /* RLIMIT_DATA */
};

void mag_space_left(struct mag_space_left *ret_left);

/* Whether the kernel lets the process choose the node of its memory: mbind(2). */
bool mag_space_may_bind(void);

/* Whether the kernel lets a thread prefer a node: get_mempolicy(2), set_mempolicy(2). */
bool mag_space_may_prefer(void);

/* Where the kernel takes a thread's pages from. */
struct mag_space_policy {
    int mode; /* negative: unknown */
    unsigned long nodes[1024 / (8 * sizeof(unsigned long))];
};

/* That of the calling thread. */
void mag_space_policy_read(struct mag_space_policy *ret_policy);

/* From here on the kernel takes pages that the calling thread touches first, and those of
 * threads that it makes, from a node, given by the system's number, if there are any.
 * Nothing happens if the kernel refuses. */
void mag_space_prefer(uint32_t os_node, struct mag_space_policy *ret_before);

/* Ends that: `before` holds again. */
void mag_space_prefer_again(const struct mag_space_policy *before);

/* Asks the kernel to take the pages of a range from a node when they are touched, and to
 * leave them there even if threads elsewhere use them more.  Nothing happens if the
 * kernel refuses.  `begin` is the first byte of a page. */
void mag_space_bind(void *begin, size_t size, uint32_t os_node);

/* Moves those pages of a range that have been touched to a node, if one of them lies
 * elsewhere.  That makes all CPUs of the machine do something, so mag_space_bind is
 * better where it can be had.  Pages that the kernel does not move stay where they
 * are. */
void mag_space_bring(const void *begin, size_t size, uint32_t os_node);

/* Gives back the pages of a stack from which the `size` bytes below `end` come, but for
 * the page of `end`; they hold nothing any more, and the kernel takes new ones when they
 * are touched.  Ends at the first page that is not there, so it never comes to what lies
 * behind the stack's guard. */
void mag_space_drop_below(const void *end, size_t size);

/* The size of a page in bytes. */
size_t mag_space_page(void);

/* Whether valgrind runs the process: its tools check all accessible memory. */
bool mag_space_is_watched(void);

#endif
