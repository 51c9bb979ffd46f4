/*
 * texts.h - the texts of error codes: each room has a constant table of its own, and
 * vtask/, which stands on all the others, looks a code up in all of them.  Private to the
 * library.
 *
 * The tables are joined by the linker, so nothing runs when the library is loaded, nothing
 * is allocated, and any thread or signal handler may read them.
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

/* What a room says of codes: as the error of an operation or a task, and as the refusal of
 * one of Magpie's functions where the system's words would mislead. */
struct mag_texts {
    const struct mag_code_text *errors;
    const struct mag_code_text *refusals;
};

/* Declares the texts of a room, which the room's error.c defines. */
#define MAG_TEXTS_OF(room) extern const struct mag_texts mag_texts_of_##room

MAG_TEXTS_OF(base);

/* The text of a code in a table, or NULL. */
const char *mag_texts_find(const struct mag_code_text *texts, int code);

/* The system's own words for an errno, or NULL: constant, English, for any thread. */
const char *mag_system_text(int number);

#endif
