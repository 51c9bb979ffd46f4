/*
 * error.c - the public texts of error codes, from the tables of all rooms.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/texts.h"

#include <magpie/error.h>

#include <errno.h>
#include <limits.h>

MAG_TEXTS_OF(numa);
MAG_TEXTS_OF(sched);
MAG_TEXTS_OF(vtask);

static const struct mag_code_text vtask_errors[] = {
    {MAG_E_TOKEN, "misuse: the task is stale: its operation is over or never existed"},
    {MAG_E_PENDING, "misuse: the task was read before it was complete"},
    {MAG_E_DONE, "misuse: the operation was completed a second time"},
    {MAG_E_CONTINUATION, "misuse: the task was awaited a second time"},
    {MAG_E_STATE, "misuse: the async function cannot resume"},
    {MAG_E_SIZE, "misuse: the result has another size"},
    {MAG_E_RELEASE, "misuse: more was given back than was taken"},
    {0, NULL},
};

static const struct mag_code_text vtask_refusals[] = {
    {-EBUSY, "the object is in use: it is pending, or jobs wait for it"},
    {0, NULL},
};

const struct mag_texts mag_texts_of_vtask = {vtask_errors, vtask_refusals};

static const struct mag_texts *const rooms[] = {
    &mag_texts_of_base,
    &mag_texts_of_numa,
    &mag_texts_of_sched,
    &mag_texts_of_vtask,
};

enum { ROOM_COUNT = sizeof(rooms) / sizeof(rooms[0]) };

const char *mag_error_text(int code)
{
    const char *text = NULL;

    for (size_t i = 0; i < ROOM_COUNT && text == NULL; i++)
        text = mag_texts_find(rooms[i]->errors, code);
    /* INT_MIN has no positive counterpart. */
    if (text == NULL && code < 0 && code != INT_MIN)
        text = mag_system_text(-code);
    return text != NULL ? text : "unknown error";
}

const char *mag_call_text(int code)
{
    const char *text = NULL;

    for (size_t i = 0; i < ROOM_COUNT && text == NULL; i++)
        text = mag_texts_find(rooms[i]->refusals, code);
    return text != NULL ? text : mag_error_text(code);
}
