/*
 * Two senders and two receivers at the two ends of a channel of few cells.  Whoever finds
 * no room, or no item, waits as channel_send.c and channel_receive.c do: under both locks
 * it looks again and goes into a list, from which the other end serves it.  Every item is
 * received once, in its sender's order, with what its sender wrote; a cell is not written
 * again before it was read; nobody waits for ever.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"
#include "vtask/flow/channel_ends.h"

enum { SENDERS = 2, RECEIVERS = 2, EACH = 2, CAPACITY = 1, ITEMS = SENDERS * EACH };

void mag_end_lock_slow(struct mag_end *end)
{
    mag_spin_lock(&end->lock);
}

/* A thread that waits, in one of the lists. */
struct waiting {
    waiting *next;
    rl::var<int> item;
    rl::atomic<int> served;
};

struct channel_model : rl::test_suite<channel_model, SENDERS + RECEIVERS> {
    mag_ends ends;
    rl::var<int> cells[CAPACITY];
    rl::var<waiting *> senders; /* the lists are plain: both locks protect them */
    rl::var<waiting *> receivers;
    waiting waits[SENDERS + RECEIVERS];
    int times_received[ITEMS];

    void before()
    {
        mag_end_init(&ends.tail, CAPACITY);
        mag_end_init(&ends.head, 0);
        senders($) = NULL;
        receivers($) = NULL;
        for (int i = 0; i < SENDERS + RECEIVERS; i++)
            waits[i].served($).store(0, rl::mo_relaxed);
        for (int i = 0; i < ITEMS; i++)
            times_received[i] = 0;
    }

    void put(int item)
    {
        cells[ends.tail.position % CAPACITY]($) = item;
        mag_tail_publish(&ends);
    }

    int pull()
    {
        int item = cells[ends.head.position % CAPACITY]($);

        mag_head_publish(&ends);
        return item;
    }

    /* Both locks are held. */
    void append(rl::var<waiting *> &list, waiting *wait, mag_end *end)
    {
        waiting *first = list($);

        wait->next = NULL;
        if (first == NULL)
            list($) = wait;
        while (first != NULL && first->next != NULL)
            first = first->next;
        if (first != NULL)
            first->next = wait;
        end->flags |= MAG_END_AWAITED;
    }

    waiting *take(rl::var<waiting *> &list, mag_end *end)
    {
        waiting *first = list($);

        if (first == NULL)
            return NULL;
        list($) = first->next;
        if (first->next == NULL)
            end->flags &= ~(uint32_t)MAG_END_AWAITED;
        return first;
    }

    void wait_for(waiting *wait)
    {
        while (wait->served($).load(rl::mo_acquire) == 0)
            rl::yield(1, $);
        wait->served($).store(0, rl::mo_relaxed);
    }

    void serve(waiting *wait)
    {
        if (wait != NULL)
            wait->served($).store(1, rl::mo_release);
    }

    /* The tail's lock is held. */
    void send_slow(int item, waiting *own)
    {
        mag_ends_join(&ends);
        waiting *receiver = take(receivers, &ends.tail);
        bool waits_for_room = false;

        if (receiver != NULL) {
            receiver->item($) = item;
        } else if (mag_ends_count(&ends) < CAPACITY) {
            put(item);
        } else {
            own->item($) = item;
            append(senders, own, &ends.head);
            waits_for_room = true;
        }
        mag_ends_unlock(&ends);
        serve(receiver);
        if (waits_for_room)
            wait_for(own);
    }

    void send(int item, waiting *own)
    {
        if (mag_tail_enter(&ends) != MAG_ENTRY_FREE) {
            send_slow(item, own);
            return;
        }
        put(item);
        mag_tail_leave(&ends);
    }

    int receive_slow(waiting *own)
    {
        mag_ends_lock(&ends);
        waiting *sender = NULL;
        int item = -1;

        if (mag_ends_count(&ends) != 0) {
            item = pull();
            sender = take(senders, &ends.head);
            if (sender != NULL)
                put(sender->item($));
        } else {
            append(receivers, own, &ends.tail);
        }
        mag_ends_unlock(&ends);
        serve(sender);
        if (item >= 0)
            return item;
        wait_for(own);
        return own->item($);
    }

    int receive(waiting *own)
    {
        if (mag_head_enter(&ends) == MAG_ENTRY_FREE) {
            int item = pull();
            mag_head_leave(&ends);
            return item;
        }
        mag_head_leave(&ends);
        return receive_slow(own);
    }

    void thread(unsigned index)
    {
        int last[SENDERS] = {-1, -1};

        if (index < SENDERS) {
            for (int i = 0; i < EACH; i++)
                send((int)index * EACH + i, &waits[index]);
            return;
        }
        for (int i = 0; i < ITEMS / RECEIVERS; i++) {
            int item = receive(&waits[index]);
            RL_ASSERT(item >= 0 && item < ITEMS && times_received[item] == 0);
            times_received[item]++;
            RL_ASSERT(last[item / EACH] < item);
            last[item / EACH] = item;
        }
    }

    void after()
    {
        RL_ASSERT(ends.tail.flags == 0 && ends.head.flags == 0);
        RL_ASSERT(mag_ends_count(&ends) == 0);
    }
};

int main()
{
    return run_model<channel_model>(200000);
}
