/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/idle/bell.h"

#include "base/os.h"

/* False: the word was another one. */
static bool change_word(struct mag_bell *bell, uint32_t from, uint32_t to)
{
    /* (1) if `to` is ASLEEP, seq_cst: before (2).
     * On failure relaxed: nothing is read because of it. */
    return atomic_compare_exchange_strong_explicit(
        &bell->word, &from, to, memory_order_seq_cst, memory_order_relaxed);
}

static uint32_t read_word(struct mag_bell *bell)
{
    /* relaxed: only the word itself counts; the stop joins the monitor. */
    return atomic_load_explicit(&bell->word, memory_order_relaxed);
}

void mag_bell_pull(struct mag_bell *bell)
{
    /* Of several that ring at once, one wakes the monitor. */
    if (change_word(bell, MAG_BELL_ASLEEP, MAG_BELL_AWAKE))
        mag_os_wake(&bell->word, 1);
}

void mag_bell_end(struct mag_bell *bell)
{
    /* relaxed: as in read_word. */
    atomic_store_explicit(&bell->word, MAG_BELL_OVER, memory_order_relaxed);
    mag_os_wake(&bell->word, 1);
}

bool mag_bell_is_over(struct mag_bell *bell)
{
    return read_word(bell) == MAG_BELL_OVER;
}

void mag_bell_announce(struct mag_bell *bell)
{
    (void)change_word(bell, MAG_BELL_AWAKE, MAG_BELL_ASLEEP);
}

void mag_bell_sleep(struct mag_bell *bell)
{
    while (read_word(bell) == MAG_BELL_ASLEEP)
        mag_os_wait(&bell->word, MAG_BELL_ASLEEP, -1);
}

void mag_bell_stay(struct mag_bell *bell)
{
    (void)change_word(bell, MAG_BELL_ASLEEP, MAG_BELL_AWAKE);
}

void mag_bell_nap(struct mag_bell *bell, int64_t nap_ns)
{
    if (read_word(bell) == MAG_BELL_AWAKE)
        mag_os_wait(&bell->word, MAG_BELL_AWAKE, nap_ns);
}
