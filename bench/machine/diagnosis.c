/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/machine/diagnosis.h"

#include "bench/machine/machine.h"
#include "bench/text/text.h"

#include <magpie/barrier.h>
#include <magpie/budget.h>
#include <magpie/default.h>
#include <magpie/node_memory.h>
#include <magpie/sched.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ----------------------------------------------------------------- findings */

static int by_value(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

/* Sorted numbers as ranges; what does not fit is cut off. */
static void put_ranges(const uint32_t *numbers, uint32_t count, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0, end; i < count && used < size; i = end) {
        for (end = i + 1; end < count && numbers[end] == numbers[end - 1] + 1; end++) {
            /* the range goes on */
        }
        used +=
            (size_t)snprintf(text + used, size - used, end - i > 1 ? "%s%u-%u" : "%s%u",
                             i > 0 ? "," : "", numbers[i], numbers[end - 1]);
    }
}

static void list_allowed(struct bench_diagnosis *d)
{
    uint32_t pus = mag_topology_pus(d->topology);
    uint32_t *numbers = calloc(pus, sizeof(*numbers));

    for (uint32_t i = 0; numbers != NULL && i < pus; i++)
        numbers[i] = mag_topology_pu(d->topology, i)->os_index;
    if (numbers != NULL) {
        qsort(numbers, pus, sizeof(*numbers), by_value);
        put_ranges(numbers, pus, d->allowed, sizeof(d->allowed));
    }
    free(numbers);
}

static enum mag_pinned try_to_pin(const struct mag_topology *topology)
{
    enum mag_pinned obtained = MAG_PIN_REFUSED;

    (void)mag_pin_self(topology, 0, &obtained);
    return obtained;
}

/* ----------------------------------------------------------------- warnings */

__attribute__((format(printf, 2, 3))) static void warn(struct bench_diagnosis *d,
                                                       const char *format, ...)
{
    va_list args;

    if (d->warning_count == BENCH_WARNINGS)
        return;
    va_start(args, format);
    (void)vsnprintf(d->warnings[d->warning_count++], BENCH_WARNING, format, args);
    va_end(args);
}

static void warn_of_stand_in(struct bench_diagnosis *d)
{
    const char *stand_in = bench_stand_in(d->topology);

    if (stand_in != NULL)
        warn(d,
             "This is another machine: %s puts it in the place of this one.  Schedulers "
             "in "
             "this environment lay out their workers for the other machine and do not "
             "bind "
             "them to PUs.  Remove that setting to see this machine.",
             stand_in);
}

static void warn_of_affinity(struct bench_diagnosis *d)
{
    uint32_t pus = mag_topology_pus(d->topology);
    uint32_t online = mag_budget_online(d->budget);

    if (pus < online)
        warn(d,
             "This process may use %u of the %u online PUs.  If that is not intended, "
             "check the mask that the process inherits (taskset -pc $$), cpuset.cpus of "
             "its control group, and --cpuset-cpus of its container.",
             pus, online);
}

static void warn_of_quota(struct bench_diagnosis *d)
{
    double quota = mag_budget_quota(d->budget);
    uint32_t cores = mag_topology_cores(d->topology);
    uint32_t workers = mag_budget_workers(d->budget);
    const struct mag_budget_level *level =
        mag_budget_level(d->budget, mag_budget_tightest(d->budget));

    if (level == NULL)
        return;
    if (quota < cores)
        warn(d,
             "%s allows %.2f CPUs of time on %s.  To use them all, raise its %s, or "
             "--cpus of the container.",
             level->path, quota, bench_count(cores, "core").text,
             level->version == 2 ? "cpu.max" : "cpu.cfs_quota_us");
    if (workers > 1 && quota + 0.01 < workers)
        warn(
            d,
            "%.2f CPUs are less than %s: when all workers are busy, the kernel holds "
            "this "
            "process back in every period.  For even latencies set the number of workers "
            "to %.0f.",
            quota, bench_count(workers, "worker").text, fmax(floor(quota), 1));
}

static void warn_of_throttling(struct bench_diagnosis *d)
{
    for (uint32_t i = 0; i < mag_budget_levels(d->budget); i++) {
        const struct mag_budget_level *level = mag_budget_level(d->budget, i);

        if (level->throttled > 0)
            warn(d,
                 "The kernel has held back the threads of %s %llu times, for %s in all.  "
                 "Run fewer workers there, or raise its quota.",
                 level->path, (unsigned long long)level->throttled,
                 bench_seconds((double)level->throttled_usec * 1e-6).text);
    }
}

static void warn_of_kernel(struct bench_diagnosis *d)
{
    if (!d->memory_binding && mag_topology_nodes(d->topology) > 1)
        warn(d,
             "The kernel refuses to bind memory to nodes, so memory lands on the node of "
             "the thread that first touches it.  In a container, --cap-add SYS_NICE "
             "allows it.");
    if (d->memory_binding && !d->memory_preference)
        warn(d, "The kernel does not let threads prefer a node, so the thread-local "
                "variables "
                "of workers may lie on the node of the thread that starts them.  Allow "
                "get_mempolicy(2) and set_mempolicy(2) in the seccomp filter of the "
                "container.");
    if (!d->membarrier)
        warn(
            d,
            "The kernel refuses membarrier(2), so a fork needs a fence and costs 5 to 10 "
            "ns more.  Allow membarrier in the seccomp filter of the container.");
    if (d->pinned == MAG_PIN_LOST)
        warn(
            d,
            "The kernel accepts the binding of a thread to a PU, but runs the thread "
            "elsewhere, so workers move about.  Check whether a cpuset has just changed, "
            "a PU has gone offline, or another program sets the masks of threads.");
    if (d->pinned == MAG_PIN_REFUSED)
        warn(d,
             "The kernel refuses to bind threads to PUs, so workers move about.  Allow "
             "sched_setaffinity(2) in the seccomp filter of the container.");
}

static void warn_of_load(struct bench_diagnosis *d)
{
    uint32_t online = mag_budget_online(d->budget);

    if (d->load > 0.5 && d->load > 0.25 * online)
        warn(d,
             "Other work keeps about %.1f of %s busy (load average of the last minute).  "
             "Workers that wait for their PUs are loosened after a moment, unless they "
             "are "
             "bound with MAG_PIN_ALWAYS: do not use that here.  Measurements will be "
             "noisy.",
             d->load, bench_count(online, "PU").text);
}

/* What the variables of the default scheduler change, and which are wrong. */
static void warn_of_variables(struct bench_diagnosis *d)
{
    const struct mag_sched_variable *variable;

    for (uint32_t i = 0; (variable = mag_sched_variable(i)) != NULL; i++) {
        const char *value = mag_sched_variable_value(i);

        if (value == NULL)
            continue;
        if (mag_sched_variable_check(i) == MAG_E_ENVIRONMENT)
            warn(d,
                 "%s=%.100s is not valid, and mag_sched_default fails while it is set.  "
                 "Allowed: %s.",
                 variable->name, value, variable->allowed);
        else
            warn(
                d,
                "%s=%.100s overrides what a program asks of the default scheduler (%s).  "
                "Other schedulers ignore it.",
                variable->name, value, variable->meaning);
    }
}

/* -------------------------------------------------------------------- whole */

void bench_diagnosis_read(struct bench_diagnosis *d)
{
    double loads[1];

    *d = (struct bench_diagnosis){0};
    d->load = getloadavg(loads, 1) == 1 ? loads[0] : -1;
    d->error = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &d->topology);
    if (d->error == 0)
        d->error = mag_budget_read(d->topology, MAG_BUDGET_UP, NULL, &d->budget);
    if (d->error != 0)
        return;

    d->packages = bench_count_packages(d->topology);
    d->caches = bench_count_caches(d->topology);
    list_allowed(d);
    (void)mag_budget_format(d->budget, d->decision, sizeof(d->decision));
    /* A filter may kill whoever asks; with one node there is no need to. */
    if (mag_topology_nodes(d->topology) > 1) {
        d->memory_binding = mag_node_binding_allowed();
        d->memory_preference = mag_node_preference_allowed();
    }
    warn_of_variables(d);
    d->membarrier = mag_barrier_is_asymmetric();
    d->pinned = try_to_pin(d->topology);
    bench_diagnosis_warn(d);
}

void bench_diagnosis_warn(struct bench_diagnosis *d)
{
    warn_of_stand_in(d);
    warn_of_affinity(d);
    warn_of_quota(d);
    warn_of_throttling(d);
    warn_of_kernel(d);
    warn_of_load(d);
}

void bench_diagnosis_free(struct bench_diagnosis *d)
{
    mag_budget_free(d->budget);
    mag_topology_free(d->topology);
}
