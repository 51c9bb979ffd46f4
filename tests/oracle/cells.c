/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/world.h"

#include <stdio.h>
#include <stdlib.h>

/* How often each cell of the outcome matrices was reached. */
static unsigned long calls[CALLS][ATS];
static unsigned long places[PLACES][2][2][2];
static unsigned long conversions[2][BACKS];
static unsigned long channels[CHANNEL_CALLS][CHANNEL_ATS];
static unsigned long connections[CONNECTIONS];

static const char *const call_names[CALLS] = {"GetStatus", "GetResult", "OnCompleted",
                                              "SetResult/SetError", "Reset"};
static const char *const at_names[ATS] = {"pending", "pending + continuation",
                                          "done, none registered",
                                          "done, continuation ran", "wrong token"};
static const char *const place_names[PLACES] = {
    "none", "executor", "the completer's scheduler", "another scheduler"};
static const char *const backing_names[BACKS] = {
    "inline, void",
    "inline, typed",
    "error",
    "promise, pending",
    "promise, complete",
    "source, succeeded",
    "source, faulted",
    "source, canceled",
    "source, canceled, read gives other error",
    "source, faulted/canceled, read succeeds",
    "source, succeeded, read gives error",
    "source, pending",
    "source, pending + continuation",
    "source, stale token",
};

static const char *const channel_calls[CHANNEL_CALLS] = {
    "WriteAsync", "TryWrite", "ReadAsync", "TryRead", "TryComplete", "cancel"};
static const char *const channel_ats[CHANNEL_ATS] = {
    "empty",           "with items",   "full",
    "writers wait",    "readers wait", "completed, with items",
    "completed, empty"};

static const char *const connection_names[CONNECTIONS] = {
    "a core that may run it inline", "a core that queues it", "a send that waits",
    "a receive that waits", "a send or receive that answers at once"};

void cell_connected(enum connection connection)
{
    connections[connection]++;
}

void cell_channel(enum channel_call call, enum channel_at at)
{
    channels[call][at]++;
}

void cell_call(enum call call, enum at at)
{
    calls[call][at]++;
}

void cell_place(enum place place, bool flow, bool queued, bool late)
{
    places[place][flow][queued][late]++;
}

void cell_convert(bool preserve, enum backing backing)
{
    conversions[preserve][backing]++;
}

static void print_calls(FILE *file)
{
    for (unsigned call = 0; call < CALLS; call++) {
        for (unsigned at = 0; at < ATS; at++) {
            /* A completion and a reset take no token. */
            if (at == AT_WRONG && call >= CALL_COMPLETE)
                continue;
            (void)fprintf(file, "%lu core: %s, %s\n", calls[call][at], call_names[call],
                          at_names[at]);
        }
    }
}

static void print_places(FILE *file)
{
    for (unsigned i = 0; i < 8 * PLACES; i++) {
        bool flow = (i & 4) != 0, queued = (i & 2) != 0, late = (i & 1) != 0;
        unsigned place = i / 8;
        /* A continuation that is registered late counts as registered where it runs. */
        if (late && place == PLACE_SCHED)
            continue;
        (void)fprintf(file, "%lu place: %s, %s, async %s, %s\n",
                      places[place][flow][queued][late], place_names[place],
                      flow ? "flow" : "no flow", queued ? "on" : "off",
                      late ? "late" : "before completion");
    }
}

static void print_channels(FILE *file)
{
    for (unsigned call = 0; call < CHANNEL_CALLS; call++) {
        for (unsigned at = 0; at < CHANNEL_ATS; at++) {
            /* A cancel object belongs to no channel. */
            if (call == CALL_CANCEL && at != CHANNEL_EMPTY)
                continue;
            (void)fprintf(file, "%lu channel: %s, %s\n", channels[call][at],
                          channel_calls[call],
                          call == CALL_CANCEL ? "any" : channel_ats[at]);
        }
    }
}

void cells_print(const char *path)
{
    FILE *file = fopen(path, "we");

    if (file == NULL) {
        perror(path);
        exit(2);
    }
    if (is_connected) {
        for (unsigned i = 0; i < CONNECTIONS; i++)
            (void)fprintf(file, "%lu connected: %s\n", connections[i],
                          connection_names[i]);
        (void)fclose(file);
        return;
    }
    print_calls(file);
    print_places(file);
    print_channels(file);
    for (unsigned i = 0; i < BACKS; i++) {
        (void)fprintf(file, "%lu AsTask: %s\n", conversions[0][i], backing_names[i]);
        (void)fprintf(file, "%lu Preserve: %s\n", conversions[1][i], backing_names[i]);
    }
    (void)fclose(file);
}
