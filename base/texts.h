/*
 * texts.h - the texts of error codes: each room has a constant table of its own, and the
 * top room, whose functions are public, looks into every table.  Private to the library.
 *
 * The linker joins the tables.  So nothing runs when the library is loaded, nothing is
 * allocated, and any thread or signal handler may read them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_TEXTS_H
#define BASE_TEXTS_H

#include <stddef.h>

struct mag_code_text {
    int code;
    const char *text; /* NULL ends a table */
};

/* What a room says of a code: if it is the error of an operation, and if a function of
 * Magpie has refused with it, where the system's words would mislead. */
struct mag_texts {
    const struct mag_code_text *errors;
    const struct mag_code_text *refusals;
};

/* Declares the texts of a room, which the room's error.c defines. */
#define MAG_TEXTS_OF(room) extern const struct mag_texts mag_texts_of_##room

MAG_TEXTS_OF(base);

/* The text of a code in a table, or NULL. */
const char *mag_texts_find(const struct mag_code_text *texts, int code);

/* The system's own text for an errno, or NULL.  It is constant, English, and usable by
 * any thread. */
const char *mag_system_text(int number);

#endif
