/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel refuses one system call after the other: the library works all the same, and
 * `magpie doctor` names what is refused. */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/filter.h"
#include "tests/support/numa/guest.h"
#include "tests/support/numa/machine.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <fcntl.h>
#include <magpie/counters.h>
#include <magpie/pool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { JOBS = 1000, CALLS_MAX = 4 };

#define REPORT "/tmp/doctor.txt"

/* System calls that are refused, and what doctor says then. */
static const struct refusal {
    long calls[CALLS_MAX];
    size_t count;
    bool late; /* refused once the scheduler runs */
    const char *says;
} refusals[] = {
    {{SYS_mbind}, 1, false, "memory        may not be bound"},
    {{SYS_mbind, SYS_set_mempolicy, SYS_get_mempolicy, SYS_move_pages},
     4,
     false,
     "memory        may not be bound"},
    {{SYS_set_mempolicy}, 1, false, "bound to nodes, but threads may not prefer one"},
    {{SYS_get_mempolicy}, 1, false, "bound to nodes, but threads may not prefer one"},
    {{SYS_set_mempolicy}, 1, true, NULL},
    {{SYS_mbind}, 1, true, NULL},
    {{SYS_membarrier}, 1, false, "membarrier    refused"},
    {{SYS_membarrier}, 1, true, NULL},
    {{SYS_sched_setaffinity}, 1, false, "pinning       refused"},
    {{SYS_sched_setaffinity}, 1, true, NULL},
};

/* The words of doctor: with one node it does not ask for memory policies. */
static const char *saying(const struct refusal *refusal)
{
    bool memory =
        refusal->calls[0] != SYS_membarrier && refusal->calls[0] != SYS_sched_setaffinity;

    return memory && mag_topology_nodes(machine) < 2
               ? "memory        one node: nothing to bind"
               : refusal->says;
}

static bool refuse(const struct refusal *refusal)
{
    return test_filter(refusal->calls, refusal->count, EPERM);
}

static int ask_doctor(void *arg)
{
    int file = open(REPORT, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (file < 0 || dup2(file, STDOUT_FILENO) < 0)
        return 1;
    if (!refuse(arg))
        return 2;
    (void)execlp("magpie", "magpie", "doctor", (char *)NULL);
    return 3;
}

/* Posts from here, on to all workers, and objects that go from one to the other. */
static int run_jobs(void *arg)
{
    static struct counted jobs[JOBS];
    const struct refusal *refusal = arg;
    struct mag_sched *sched;

    if (!refusal->late && !refuse(refusal))
        return 2;
    sched = test_sched_try(0);
    if (sched == NULL)
        return 4;
    if (refusal->late && !refuse(refusal))
        return 2;
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = counted_make();
        if (mag_sched_post(sched, &jobs[i].job) != 0)
            return 5;
    }
    for (int i = 0; i < JOBS; i++) {
        if (!test_wait_for(&jobs[i].runs, 1))
            return 6;
    }
    return mag_sched_destroy(sched) == 0 ? 0 : 7;
}

static bool report_says(const char *text)
{
    static char report[16384];
    int file = open(REPORT, O_RDONLY);
    ssize_t size = file < 0 ? -1 : read(file, report, sizeof(report) - 1);

    (void)close(file);
    report[size > 0 ? size : 0] = '\0';
    if (strstr(report, text) != NULL)
        return true;
    print_message("%s\n", report);
    return false;
}

static void whatever_is_refused_every_job_runs(void **state)
{
    (void)state;
    guest_or_skip();
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct refusal refusal = refusals[i];

        print_message("system call %ld, %s\n", refusal.calls[0],
                      refusal.late ? "later" : "from the start");
        assert_int_equal(test_in_child(run_jobs, &refusal), 0);
    }
}

static void doctor_names_what_is_refused(void **state)
{
    (void)state;
    guest_or_skip();
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct refusal refusal = refusals[i];

        if (refusal.says == NULL)
            continue;
        /* Doctor's exit status says whether it warns. */
        assert_in_range(test_in_child(ask_doctor, &refusal), 0, 1);
        assert_true(report_says(saying(&refusal)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_refused_every_job_runs),
        cmocka_unit_test(doctor_names_what_is_refused),
    };

    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
