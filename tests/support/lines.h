/*
 * lines.h - which lines of memory an operation writes.
 *
 * While a thread records, the pages that are watched cannot be written.  A write faults;
 * the handler notes its address and its thread, lets this one instruction write, and
 * closes the pages again.  So every write is noted, even one that changes nothing, and
 * the code that runs is that of the library as it is.
 *
 * One operation at a time.  A write of another thread may be missed while an instruction
 * of the recording thread has the pages open, and the other way round; so tests have no
 * other thread that writes there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_LINES_H
#define TESTS_SUPPORT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False: only x86-64 can do that here, and not under a sanitizer, which has variables of
 * its own. */
bool lines_can_record(void);

/* Watches the pages of this memory from the next lines_begin on. */
void lines_watch(const void *address, size_t size);

/* Watches the static variables of the program and of the library. */
void lines_watch_statics(void);

/* Watches nothing any more. */
void lines_forget(void);

/* The calling thread records. */
void lines_begin(void);
void lines_end(void);

/* How many lines the thread has written since lines_begin; and how many in this memory,
 * or in the static variables. */
unsigned lines_written(void);
unsigned lines_written_in(const void *address, size_t size);
unsigned lines_written_in_statics(void);

#endif
