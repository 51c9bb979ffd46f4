/*
 * file.h - writing a file.  Private to the library; see base/os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_FILE_H
#define BASE_OS_FILE_H

#include <stddef.h>

/* Creates a file, or empties it.  Its number, or a negative errno. */
int mag_os_file_create(const char *path);

/* Writes all of it: 0, or a negative errno. */
int mag_os_file_write(int file, const char *bytes, size_t length);

void mag_os_file_close(int file);

#endif
