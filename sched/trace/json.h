/*
 * json.h - text in JSON, written piece by piece to a function of the caller's.  Private
 * to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TRACE_JSON_H
#define SCHED_TRACE_JSON_H

#include <stddef.h>
#include <stdint.h>

enum { MAG_JSON_ROOM = 4096 };

struct mag_json {
    int (*write)(const char *text, size_t length, void *arg);
    void *arg;
    int error; /* the first that `write` has returned; nothing is written after it */
    size_t used;
    char text[MAG_JSON_ROOM];
};

/* Adds text as it is. */
void mag_json_add(struct mag_json *json, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds a string, in quotes, with everything escaped that JSON does not allow there.
 * Bytes that are no UTF-8 become U+FFFD. */
void mag_json_string(struct mag_json *json, const char *text);

/* Writes what has been added.  Returns the first error. */
int mag_json_flush(struct mag_json *json);

#endif
