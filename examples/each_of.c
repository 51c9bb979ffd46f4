/*
 * each_of.c - names that arrive in a channel are checked, four at a time: a sequence
 * receives them, and a loop over the sequence calls an async function for each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdatomic.h>
#include <stdio.h>

enum { NAMES = 50, AT_A_TIME = 4 };

struct name {
    char text[16];
};

struct tally {
    atomic_int good;
    atomic_int bad;
};

/* NOLINTNEXTLINE(readability-function-size): name_send_many_begin has many parameters. */
MAG_CHANNEL_DEFINE(inbox, struct name)
MAG_SEQUENCE_DEFINE(names, struct name)
MAG_EACH_OF(names, check, struct tally *, tally)

/* The names in the channel, until it is closed. */
MAG_SEQUENCE(names, list, (struct inbox *, from), struct name name;)
{
    MAG_BEGIN(f);
    for (;;) {
        MAG_AWAIT(f, f->name, inbox_receive(f->from)); /* at the end: MAG_SEQUENCE_END */
        MAG_YIELD(f, f->name);
    }
    MAG_END(f);
}

MAG_ASYNC(mag_task, check, (struct name, name, struct tally *, tally),
          struct mag_delay_state answer;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, mag_delay, &f->answer, NULL, 200000); /* stands for a question */
    atomic_int *count = f->name.text[0] == 'x' ? &f->tally->bad : &f->tally->good;
    /* relaxed: the end of the loop publishes it. */
    (void)atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
    MAG_END(f);
}

MAG_ASYNC(mag_task, send_names, (struct inbox *, to), int i; struct name name;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < NAMES; f->i++) {
        (void)snprintf(f->name.text, sizeof(f->name.text), "%c%d",
                       f->i % 10 == 0 ? 'x' : 'n', f->i);
        MAG_AWAIT_DONE(f, inbox_send(f->to, f->name)); /* waits while it is full */
    }
    inbox_close(f->to);
    MAG_END(f);
}

int main(void)
{
    static struct tally tally;
    static struct mag_each_options options; /* zeroed: the usual */
    struct inbox *channel;

    if (inbox_create(8, &channel) != 0)
        return 1;
    options.limit = AT_A_TIME;
    mag_task checks = check_each_with(NULL, &options, list(channel), &tally);
    int sent = mag_task_wait(send_names(channel));
    int checked = mag_task_wait(checks);
    inbox_destroy(channel);
    /* relaxed: as above. */
    int good = atomic_load_explicit(&tally.good, memory_order_relaxed);
    /* relaxed: as above. */
    int bad = atomic_load_explicit(&tally.bad, memory_order_relaxed);
    printf("%d good, %d bad\n", good, bad);
    return sent == 0 && checked == 0 && good == 45 && bad == 5 ? 0 : 1;
}
