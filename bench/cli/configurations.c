/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/configurations.h"

#include "bench/cli/command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const command = "bench";

static const enum mag_placement placements[] = {MAG_PLACE_PER_CORE, MAG_PLACE_COMPACT,
                                                MAG_PLACE_SCATTER, MAG_PLACE_PER_PU};
static const enum mag_pin pins[] = {MAG_PIN_NEVER, MAG_PIN_ALWAYS, MAG_PIN_ADAPTIVE};

enum { PLACEMENTS = 4, PINS = 3 };

_Static_assert(PLACEMENTS *PINS <= BENCH_SEATINGS, "all seatings have room");

/* ------------------------------------------------------------------- workers */

_Noreturn static void no_workers(const char *text)
{
    bench_usage(command,
                "--workers: '%s' is not a list of numbers such as 1,2,4 or 1..max", text);
}

/* A number of workers at `*at`, or "max". */
static uint32_t take_count(const char **at, const char *text, uint32_t most)
{
    unsigned long long number;
    char *end;

    if (strncmp(*at, "max", 3) == 0) {
        *at += 3;
        return most;
    }
    if (!isdigit((unsigned char)**at))
        no_workers(text);
    number = strtoull(*at, &end, 10);
    if (number < 1 || number > MAG_SCHED_WORKERS_MAX)
        bench_usage(command, "--workers: %.*s is not from 1 to %d", (int)(end - *at), *at,
                    MAG_SCHED_WORKERS_MAX);
    *at = end;
    return (uint32_t)number;
}

/* Appends `first` to `last`. */
static void add_range(struct bench_sweep *sweep, uint32_t first, uint32_t last)
{
    if (last < first)
        bench_usage(command, "--workers: from %u to %u there is no number", first, last);
    for (uint32_t workers = first; workers <= last; workers++) {
        if (sweep->worker_counts == BENCH_WORKERS_LISTED)
            bench_usage(command, "--workers: more than %d numbers", BENCH_WORKERS_LISTED);
        sweep->workers[sweep->worker_counts++] = workers;
    }
}

/* `most` is what "max" means; 0: the text is looked at only, and `sweep` has no use. */
static void list_workers(struct bench_sweep *sweep, const char *text, uint32_t most)
{
    const char *at = text;

    sweep->worker_counts = 0;
    for (;; at++) {
        uint32_t first = take_count(&at, text, most);
        uint32_t last = first;

        if (strncmp(at, "..", 2) == 0) {
            at += 2;
            last = take_count(&at, text, most);
        }
        if (*at != ',' && *at != '\0')
            no_workers(text);
        if (most != 0)
            add_range(sweep, first, last);
        if (*at == '\0')
            return;
    }
}

void bench_take_workers(struct bench_configurations *wanted, const char *text)
{
    struct bench_sweep unused;

    list_workers(&unused, text, 0);
    wanted->workers = text;
}

/* 1, 2, 4 ... and the number that the budget allows. */
static void default_workers(struct bench_sweep *sweep, uint32_t allowed)
{
    for (uint32_t workers = 1; workers < allowed; workers *= 2)
        sweep->workers[sweep->worker_counts++] = workers;
    sweep->workers[sweep->worker_counts++] = allowed;
}

/* ------------------------------------------------------------------ seatings */

static const char *name_of_placement(uint32_t index)
{
    return mag_placement_name(placements[index]);
}

static const char *name_of_pin(uint32_t index)
{
    return bench_pin_name(pins[index]);
}

/* The index of the name at `*at`, which ends at a comma or with the text, and moves past
 * it; `count`: there is no such name. */
static uint32_t take_name(const char **at, const char *(*name_of)(uint32_t index),
                          uint32_t count)
{
    const char *name = *at;
    size_t length = strcspn(name, ",");
    uint32_t i = 0;

    while (i < count &&
           (strlen(name_of(i)) != length || strncmp(name_of(i), name, length) != 0))
        i++;
    *at += length;
    return i;
}

void bench_take_placements(struct bench_configurations *wanted, const char *text)
{
    bool taken[PLACEMENTS] = {false};

    wanted->placement_count = 0;
    for (const char *at = text;; at++) {
        const char *name = at;
        uint32_t i = take_name(&at, name_of_placement, PLACEMENTS);

        if (i == PLACEMENTS)
            bench_usage(command,
                        "--placement: '%.*s' is not per-core, compact, scatter or per-pu",
                        (int)(at - name), name);
        if (!taken[i])
            wanted->placements[wanted->placement_count++] = placements[i];
        taken[i] = true;
        if (*at == '\0')
            return;
    }
}

void bench_take_pins(struct bench_configurations *wanted, const char *text)
{
    bool taken[PINS] = {false};

    wanted->pin_count = 0;
    for (const char *at = text;; at++) {
        const char *name = at;
        uint32_t i = take_name(&at, name_of_pin, PINS);

        if (i == PINS)
            bench_usage(command, "--pin: '%.*s' is not never, always or adaptive",
                        (int)(at - name), name);
        if (!taken[i])
            wanted->pins[wanted->pin_count++] = pins[i];
        taken[i] = true;
        if (*at == '\0')
            return;
    }
}

/* Each placement with each pin; what was not asked for is as a scheduler has it. */
static void list_seatings(const struct bench_configurations *wanted,
                          struct bench_sweep *sweep)
{
    struct mag_sched_config usual;

    mag_sched_config_init(&usual);
    sweep->seating_count = 0;
    for (uint32_t i = 0; i == 0 || i < wanted->placement_count; i++) {
        for (uint32_t j = 0; j == 0 || j < wanted->pin_count; j++)
            sweep->seatings[sweep->seating_count++] = (struct bench_seating){
                wanted->placement_count != 0 ? wanted->placements[i] : usual.placement,
                wanted->pin_count != 0 ? wanted->pins[j] : usual.pin};
    }
}

/* --------------------------------------------------------------- everything */

static uint32_t most_of(const struct bench_sweep *sweep)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < sweep->worker_counts; i++)
        most = sweep->workers[i] > most ? sweep->workers[i] : most;
    return most;
}

int bench_configure(const struct bench_configurations *wanted, struct bench_sweep *sweep,
                    struct bench_machine *machine)
{
    const struct bench_seating *first = &sweep->seatings[0];
    uint32_t allowed;

    list_seatings(wanted, sweep);
    allowed =
        first->placement == MAG_PLACE_PER_PU ? machine->pu_workers : machine->workers;
    if (wanted->workers != NULL)
        list_workers(sweep, wanted->workers, allowed);
    else if (sweep->worker_counts == 0)
        default_workers(sweep, allowed);
    (void)snprintf(machine->placement, sizeof(machine->placement), "%s",
                   mag_placement_name(first->placement));
    (void)snprintf(machine->pin, sizeof(machine->pin), "%s", bench_pin_name(first->pin));
    return bench_machine_node_ends(machine, first->placement, most_of(sweep));
}
