/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/settings/fit.h"
#include "base/os.h"

#include "base/space.h"
#include "sched/fork/map.h"

#include <assert.h>
#include <errno.h>

#define SLOT_BYTES sizeof(struct mag_fork_slot)

/* The size of a fork stack without limits, and under valgrind, whose tools check all its
 * bytes. */
#define USUAL   ((size_t)1 << 30)
#define WATCHED ((size_t)1 << 24)

/* What <magpie/fork.h> promises if address space is not limited and C stacks have 8
 * MiB. */
static_assert((USUAL / 4 * 3 - MAG_FORK_SLOTS_AT) / SLOT_BYTES - MAG_FORK_WAITING_MAX >=
                  ((size_t)8 << 20) / MAG_FORK_STACK_PER_CHILD,
              "as many children as promised");
static_assert(USUAL / 32 * 5 - 2 * MAG_FORK_GUARD_MAX >= MAG_FORK_BLOCKS_MAX,
              "as many bytes of blocks as promised");

/* Of the memory that a limit leaves, all C stacks of workers together may have the first
 * share; all fork stacks of workers together may have a quarter of the rest.  All fork
 * stacks of spare berths together may have an eighth of that memory. */
enum { C_STACK_SHARE = 2, FORK_SHARE = 4, SPARE_SHARE = 8 };

/* The library makes C stacks no smaller than this; the program may. */
#define C_STACK_LEAST ((size_t)1 << 20)

static size_t least_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The default size if the limits leave room for it, else a share of what they leave. */
static size_t fit_c_stack(size_t usual, const struct mag_space_left *left, size_t workers)
{
    size_t share = least_size(left->space, left->data) / C_STACK_SHARE / workers;

    if (share >= usual)
        return usual;
    share = share / MAG_FORK_GUARD_MAX * MAG_FORK_GUARD_MAX;
    return share > C_STACK_LEAST ? share : least_size(usual, C_STACK_LEAST);
}

/* Room for what a loop may fork, and for a recursion on such a C stack; at most a
 * span. */
static size_t wanted_fork_stack(size_t c_stack)
{
    size_t recursion = c_stack / MAG_FORK_STACK_PER_CHILD;
    size_t slots = MAG_FORK_WAITING_MAX + recursion + 1;

    if (mag_space_is_watched())
        return WATCHED;
    if (slots >= MAG_FORK_STACK_SPAN / 4 * 3 / SLOT_BYTES)
        return MAG_FORK_STACK_SPAN;
    size_t bytes = (MAG_FORK_SLOTS_AT + slots * SLOT_BYTES) / 3 * 4;
    return least_size(bytes > USUAL ? mag_fork_stack_round(bytes) : USUAL,
                      MAG_FORK_STACK_SPAN);
}

static size_t fit_fork_stack(size_t c_stack, const struct mag_space_left *left,
                             size_t workers)
{
    size_t unit = mag_fork_stack_round(1);
    size_t wanted = wanted_fork_stack(c_stack);

    if (left->space == SIZE_MAX)
        return wanted;
    size_t rest = left->space / workers > c_stack ? left->space / workers - c_stack : 0;
    size_t share = rest / FORK_SHARE / unit * unit;
    return least_size(wanted, share > unit ? share : unit);
}

/* A spare berth's fork stack: as a worker's, if the limits leave so much. */
static size_t fit_spare(size_t usual, const struct mag_space_left *left, size_t spare)
{
    size_t unit = mag_fork_stack_round(1);

    if (left->space == SIZE_MAX || spare == 0)
        return usual;
    size_t share = left->space / SPARE_SHARE / spare / unit * unit;
    return least_size(usual, share > unit ? share : unit);
}

int mag_settings_fit(struct mag_settings *settings, size_t workers)
{
    struct mag_sched_config *config = &settings->config;
    size_t c_stack = config->stack_size;
    struct mag_space_left left;

    mag_space_left(&left);
    if (c_stack == 0) {
        size_t usual;
        int r = mag_os_stack_size(&usual);

        if (r < 0)
            return r;
        c_stack = fit_c_stack(usual, &left, workers);
        if (c_stack < usual)
            config->stack_size = c_stack;
    }
    settings->c_stack = c_stack;
    settings->fork_least = mag_fork_stack_round(1);
    settings->fork_bytes = fit_fork_stack(c_stack, &left, workers);
    settings->spare_bytes = fit_spare(settings->fork_bytes, &left, config->spare);
    if (config->fork_stack_size != 0) {
        settings->fork_bytes = mag_fork_stack_round(config->fork_stack_size);
        settings->fork_least = settings->fork_bytes;
        settings->spare_bytes = settings->fork_bytes;
    }
    return 0;
}
