/*
 * symbol.h - the name of the function that an address lies in.  Private to the library;
 * see base/os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_SYMBOL_H
#define BASE_OS_SYMBOL_H

#include <stddef.h>

/*
 * Writes the function that begins at, or contains, `address`.  It knows the dynamic
 * symbols, and the static functions too if the program's file still has its symbol table.
 * Without either it writes "file+0x1f", or the address alone.  The text is cut to `size`
 * bytes, the terminating zero included.
 *
 * Reads the program's file, so it may take milliseconds.  It allocates nothing.
 */
void mag_os_symbol(const void *address, char *text, size_t size);

#endif
