/*
 * module.h - keeps the module that holds the library from being unmapped.  Private to
 * the library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_MODULE_H
#define BASE_MODULE_H

/* Runs by itself when the module is loaded; a call tries again if that failed.  A call
 * also makes the linker take this file out of the static library. */
void mag_module_keep(void);

#endif
