/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stress/whole/soak.h"

#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <errno.h>
#include <stdio.h>

enum { DEPTH = 2 };

static const char *const names[SOAK_KINDS] = {
    "post", "submit", "bulk",  "fork", "loop",  "strand", "timer",   "async",
    "task", "block",  "group", "team", "guest", "resize", "offload", "end",
};
static _Atomic(uint64_t) totals[SOAK_KINDS];

/* -------------------------------------------------------------------- counting */

void soak_add(_Atomic(uint64_t) *word, uint64_t value)
{
    /* relaxed: read after the threads that add were joined. */
    (void)atomic_fetch_add_explicit(word, value, memory_order_relaxed);
}

uint64_t soak_read(_Atomic(uint64_t) *word)
{
    /* relaxed: as above. */
    return atomic_load_explicit(word, memory_order_relaxed);
}

void soak_count_in(struct soak *soak, enum soak_kind kind, uint64_t count)
{
    soak_add(&soak->in[kind], count);
}

void soak_count_out(struct soak *soak, enum soak_kind kind)
{
    (void)test_add(&soak->out[kind], 1);
}

/* Takes counted calls back: they were not accepted. */
void soak_take_back(struct soak *soak, enum soak_kind kind, uint64_t count)
{
    soak_add(&soak->in[kind], UINT64_C(0) - count);
}

/* Whether a call was accepted; an error that no stop explains is wrong. */
bool soak_accepted(struct soak *soak, enum soak_kind kind, int r)
{
    if (r != 0 && r != -ESHUTDOWN)
        soak_add(&soak->wrong[kind], 1);
    return r == 0;
}

/* ---------------------------------------------------------------------- choices */

static void act_rarely(struct soak *soak, uint64_t *random, unsigned depth)
{
    switch (test_random_below(random, 12)) {
    case 0:
        soak_post(soak, SOAK_END, random, 0);
        break;
    case 1:
    case 2:
        soak_post(soak, SOAK_BLOCK, random, depth);
        break;
    case 3:
        soak_resize(soak, random);
        break;
    case 4:
    case 5:
        soak_offload(soak, random);
        break;
    case 6:
    case 7:
        soak_team(soak, random);
        break;
    default:
        soak_await(soak);
        break;
    }
}

void soak_act_at(struct soak *soak, uint64_t *random, unsigned depth)
{
    switch (test_random_below(random, 14)) {
    case 13:
        if (depth > 0)
            soak_visit(soak, random, depth - 1);
        break;
    case 12:
        soak_use_group(soak, random);
        break;
    case 0:
    case 1:
    case 2:
        soak_post(soak, SOAK_POST, random, depth);
        break;
    case 3:
    case 4:
        soak_post(soak, SOAK_STRAND, random, depth);
        break;
    case 5:
    case 6:
        soak_submit(soak, random);
        break;
    case 7:
        soak_compute(soak);
        break;
    case 8:
        soak_loop(soak);
        break;
    case 9:
        soak_start_timer(soak, random, depth);
        break;
    case 10:
        soak_ask(soak);
        break;
    default:
        act_rarely(soak, random, depth);
        break;
    }
}

void soak_act(struct soak *soak, uint64_t *random)
{
    soak_act_at(soak, random, DEPTH);
}

/* ------------------------------------------------------------------------- lives */

void soak_init(struct soak *soak, struct mag_sched *sched)
{
    struct mag_group_config config;

    *soak = (struct soak){.sched = sched};
    mag_strand_init(&soak->strand, sched);
    mag_group_config_init(&config);
    config.on_withdrawn = soak_withdrawn;
    assert_int_equal(mag_group_create(sched, &config, &soak->group), 0);
}

void soak_fini(struct soak *soak)
{
    assert_int_equal(mag_group_destroy(soak->group), 0);
    /* These belong to no scheduler, so no stop has waited for them. */
    assert_true(
        test_wait_for(&soak->out[SOAK_OFFLOAD], soak_read(&soak->in[SOAK_OFFLOAD])));
}

void soak_end(struct soak *soak)
{
    /* relaxed: a request. */
    atomic_store_explicit(&soak->over, true, memory_order_relaxed);
}

bool soak_is_over(struct soak *soak)
{
    /* relaxed: as above. */
    return atomic_load_explicit(&soak->over, memory_order_relaxed);
}

void soak_check(struct soak *soak)
{
    for (int kind = 0; kind < SOAK_KINDS; kind++) {
        uint64_t in = soak_read(&soak->in[kind]);
        uint64_t out = soak_read(&soak->out[kind]);

        if (in != out || soak_read(&soak->wrong[kind]) != 0)
            fail_msg("%s: %llu in, %llu out, %llu wrong", names[kind],
                     (unsigned long long)in, (unsigned long long)out,
                     (unsigned long long)soak_read(&soak->wrong[kind]));
        soak_add(&totals[kind], in);
    }
}

void soak_report(void)
{
    for (int kind = 0; kind < SOAK_KINDS; kind++)
        printf("%s %llu\n", names[kind], (unsigned long long)soak_read(&totals[kind]));
}
