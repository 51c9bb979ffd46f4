/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/world.h"

#include <magpie/channel.h>
#include <magpie/connected.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

MAG_CHANNEL_DEFINE(ints, int)

enum { CHANNELS = 2, CANCELS = 4, TASKS_MAX = 32 };

/* A send or a receive that waits, in one of both forms. */
struct waiting {
    bool is_send, is_set;
    mag_vtask task;
    struct mag_waiter waiter;
    struct ints_state state;
};

static struct {
    struct ints *channels[CHANNELS];
    size_t capacities[CHANNELS];
    struct mag_cancel *cancels[CANCELS];
    struct mag_cancel *old[OBJECTS_MAX]; /* fired ones that were replaced */
    unsigned old_count;
    struct waiting tasks[TASKS_MAX];
    unsigned count; /* of tasks */
} all;

/* ------------------------------------------------------------------------- answers */

static const char *text_of(int code, uint64_t detail, char *buffer, size_t size)
{
    const char *end = code == MAG_CHANNEL_CLOSED ? "closed" : "end";

    if (code == MAG_CHANNEL_CLOSED || code == MAG_CHANNEL_END)
        return end;
    if (code == -ECANCELED) {
        unsigned which = 0;
        while (which < CANCELS && (uintptr_t)all.cancels[which] != detail)
            which++;
        (void)snprintf(buffer, size, "canceled %u", which);
    } else {
        (void)snprintf(buffer, size, "error %d", code);
    }
    return buffer;
}

/* The task, or what the connected form has come to. */
static mag_vtask task_of(const struct waiting *waiting)
{
    return mag_vtask_is_started(waiting->task) ? waiting->waiter.outcome : waiting->task;
}

/* The outcome of a task that is complete. */
static const char *outcome_text(const struct waiting *waiting, char *buffer, size_t size)
{
    uint64_t detail = 0;
    int item = 0;
    int r = waiting->is_send
                ? mag_vtask_get_value(task_of(waiting), NULL, 0, &detail)
                : mag_vtask_get_value(task_of(waiting), &item, sizeof(item), &detail);

    if (r != 0)
        return text_of(r, detail, buffer, size);
    if (waiting->is_send)
        return "sent";
    (void)snprintf(buffer, size, "item %d", item);
    return buffer;
}

static bool is_complete(const struct waiting *waiting)
{
    mag_vtask task = task_of(waiting);

    return !mag_vtask_is_started(task) && mag_vtask_status(task) != MAG_PENDING;
}

/* The outcome is seen by whoever polls. */
static void on_complete(struct mag_job *job)
{
    (void)job;
}

/* The next wait; `channels_poll` looks at those that are counted. */
static struct waiting *prepare(bool is_send)
{
    struct waiting *waiting = &all.tasks[all.count];

    waiting->is_send = is_send;
    waiting->waiter.continuation.job.run = on_complete;
    mag_waiter_arm_for(&waiting->waiter, 0);
    return waiting;
}

/* Answers with the outcome, or with the number of a task that waits. */
static void answer_task(struct waiting *waiting, mag_vtask task)
{
    char buffer[40];
    bool has_started = mag_vtask_is_started(task);

    if (is_connected)
        cell_connected(!has_started       ? CONNECTED_AT_ONCE
                       : waiting->is_send ? CONNECTED_SEND
                                          : CONNECTED_RECEIVE);
    waiting->task = task;
    if (is_complete(waiting)) {
        answer("%s", outcome_text(waiting, buffer, sizeof(buffer)));
        return;
    }
    waiting->is_set = true;
    answer("waits %u", all.count++);
}

void channels_poll(void)
{
    char buffer[40];

    for (unsigned i = 0; i < all.count; i++) {
        if (!all.tasks[i].is_set || !is_complete(&all.tasks[i]))
            continue;
        all.tasks[i].is_set = false;
        trace("task %u %s", i, outcome_text(&all.tasks[i], buffer, sizeof(buffer)));
    }
}

/* ------------------------------------------------------------------------ operations */

static void note(enum channel_call call, unsigned index)
{
    struct mag_channel_info info;
    bool is_full;

    ints_query(all.channels[index], &info);
    is_full = info.items == all.capacities[index];
    cell_channel(call, info.is_closed ? (info.items != 0 ? CHANNEL_DRAINS : CHANNEL_OVER)
                       : info.receivers != 0 ? CHANNEL_RECEIVERS
                       : info.senders != 0   ? CHANNEL_SENDERS
                       : is_full             ? CHANNEL_FULL
                       : info.items != 0     ? CHANNEL_ITEMS
                                             : CHANNEL_EMPTY);
}

static struct mag_cancel *cancel_at(int index)
{
    return index < 0 ? NULL : all.cancels[(unsigned)index % CANCELS];
}

static void make_channel(const struct words *words)
{
    unsigned index = (unsigned)words->n[0] % CHANNELS;

    if (all.channels[index] != NULL) {
        answer(NONE);
        return;
    }
    all.capacities[index] = words->n[1] < 0 ? MAG_CHANNEL_UNBOUNDED : (size_t)words->n[1];
    if (ints_create(all.capacities[index], &all.channels[index]) != 0)
        abort();
    answer_code(0);
}

/* Fires a cancel object, or puts a new one in the place of one that has fired. */
static void cancel(const struct words *words)
{
    struct mag_cancel **place = &all.cancels[(unsigned)words->n[0] % CANCELS];

    if (strcmp(words->word, "chcancel") == 0) {
        (void)mag_cancel_fire(*place);
        cell_channel(CALL_CANCEL, CHANNEL_EMPTY);
    } else if (mag_cancel_has_fired(*place)) {
        all.old[all.old_count++] = *place;
        *place = calloc(1, sizeof(**place));
    }
    answer_code(0);
}

static void send(unsigned index, const int *n)
{
    struct ints *channel = all.channels[index];
    struct mag_cancel *cancel = cancel_at(n[2]);
    struct waiting *next = prepare(true);

    note(CALL_SEND, index);
    answer_task(next, (is_connected ? ints_send_until_begin(&next->waiter, &next->state,
                                                            channel, n[1], cancel)
                                    : ints_send_until(channel, n[1], cancel))
                          .task);
}

static void try_send(unsigned index, const int *n)
{
    note(CALL_TRY_SEND, index);
    answer(ints_try_send(all.channels[index], n[1]) == 0 ? "sent" : "no");
}

static void receive(unsigned index, const int *n)
{
    struct ints *channel = all.channels[index];
    struct mag_cancel *cancel = cancel_at(n[1]);
    struct waiting *next = prepare(false);

    note(CALL_RECEIVE, index);
    answer_task(next, (is_connected ? ints_receive_until_begin(
                                          &next->waiter, &next->state, channel, cancel)
                                    : ints_receive_until(channel, cancel))
                          .task);
}

static void try_receive(unsigned index, const int *n)
{
    int item;
    (void)n;

    note(CALL_TRY_RECEIVE, index);
    if (ints_try_receive(all.channels[index], &item) == 0)
        answer("item %d", item);
    else
        answer("no");
}

static void close_channel(unsigned index, const int *n)
{
    note(CALL_CLOSE, index);
    answer(ints_fail(all.channels[index], n[1]) ? "ok" : "no");
}

static void count_items(unsigned index, const int *n)
{
    struct mag_channel_info info;
    (void)n;

    ints_query(all.channels[index], &info);
    answer("count %d", (int)info.items);
}

bool operate_channel(const struct words *words)
{
    static const struct {
        const char *word;
        void (*play)(unsigned index, const int *n);
    } plays[] = {{"chsend", send},           {"chput", try_send},
                 {"chrecv", receive},        {"chtake", try_receive},
                 {"chclose", close_channel}, {"chcount", count_items}};
    unsigned index = (unsigned)words->n[0] % CHANNELS;

    if (strncmp(words->word, "ch", 2) != 0)
        return false;
    for (unsigned i = 0; i < CANCELS; i++) {
        if (all.cancels[i] == NULL)
            all.cancels[i] = calloc(1, sizeof(*all.cancels[i]));
    }
    if (strcmp(words->word, "chnew") == 0) {
        make_channel(words);
        return true;
    }
    if (strcmp(words->word, "chcancel") == 0 || strcmp(words->word, "chfresh") == 0) {
        cancel(words);
        return true;
    }
    for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++) {
        if (strcmp(words->word, plays[i].word) != 0)
            continue;
        if (all.channels[index] == NULL || all.count == TASKS_MAX)
            answer(NONE);
        else
            plays[i].play(index, words->n);
        return true;
    }
    return false;
}

void channels_end(void)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        if (all.channels[i] != NULL)
            (void)ints_close(all.channels[i]);
    }
    channels_poll();
    runs_drain();
    for (unsigned i = 0; i < CHANNELS; i++)
        ints_destroy(all.channels[i]);
    for (unsigned i = 0; i < CANCELS; i++)
        free(all.cancels[i]);
    for (unsigned i = 0; i < all.old_count; i++)
        free(all.old[i]);
    memset(&all, 0, sizeof(all));
}
