/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: workers whose processors others use.  How long a worker has waited comes
 * from the test in all functions but the last: nobody can make a machine quiet. */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include "base/os.h"

#include <dirent.h>
#include <magpie/counters.h>
#include <magpie/unpinned.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The linker sends the library's calls here. */
bool __wrap_mag_os_usage(int32_t thread, struct mag_usage *ret_usage);
bool __real_mag_os_usage(int32_t thread, struct mag_usage *ret_usage);

enum play { PLAY_QUIET, PLAY_TAKEN, PLAY_HIDDEN, PLAY_REAL };

static _Atomic(uint64_t) play;
static _Atomic(uint64_t) asked;

bool __wrap_mag_os_usage(int32_t thread, struct mag_usage *ret_usage)
{
    static const int64_t step = 100000000;
    static struct mag_usage usage; /* of all workers; only monitors come here */

    (void)test_add(&asked, 1);
    switch ((enum play)test_read(&play)) {
    case PLAY_HIDDEN:
        return false;
    case PLAY_REAL:
        return __real_mag_os_usage(thread, ret_usage);
    case PLAY_TAKEN:
        usage.waited_ns += step;
        break;
    case PLAY_QUIET:
        usage.ran_ns += step;
        break;
    }
    *ret_usage = usage;
    return true;
}

static void set_play(enum play next)
{
    /* relaxed: a monitor may look at the old one once more. */
    atomic_store_explicit(&play, next, memory_order_relaxed);
}

/* ---------------------------------------------------------------- a busy worker */

/* A scheduler with one worker, which is in one job until the end. */
struct busy {
    struct mag_sched *sched;
    struct holder holder;
};

static void busy_begin(struct busy *busy, const struct mag_sched_config *config)
{
    busy->sched = test_sched_start_as(config);
    holder_begin(&busy->holder, busy->sched);
}

static void busy_end(struct busy *busy)
{
    holder_let_go(&busy->holder);
    assert_true(test_wait_for(&busy->holder.over, 1));
    assert_int_equal(mag_sched_destroy(busy->sched), 0);
}

static struct mag_sched_counters read_first(struct mag_sched *sched)
{
    struct mag_sched_counters counters;

    assert_int_equal(mag_sched_counters(sched, 0, &counters), 0);
    return counters;
}

/* Waits until the kernel says so of the worker. */
static bool becomes(struct mag_sched *sched, enum mag_pinned wanted)
{
    double since = test_now();

    while (read_first(sched).pinned != wanted) {
        if (test_gives_up(since))
            return false;
        test_sleep_ms(10);
    }
    return true;
}

/* Waits until the monitor has looked so often. */
static void wait_for_looks(uint64_t looks)
{
    uint64_t before = test_read(&asked);

    assert_true(test_wait_for(&asked, before + looks));
}

/* How many processors the first worker of a scheduler may be given. */
static uint32_t room(void)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_topology *topology;
    uint32_t pus = 0;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology), 0);
    if (mag_topology_is_this_machine(topology))
        pus = mag_pin_range_pus(
            &(struct mag_pin_home){.topology = topology,
                                   .pu = mag_plan_seat(mag_sched_plan(sched), 0)->pu},
            MAG_PIN_RANGE_NODE);
    mag_topology_free(topology);
    assert_int_equal(mag_sched_destroy(sched), 0);
    return pus;
}

static void skip_without_room(void)
{
    if (room() < 2) {
        print_message("skipped: a node has one processor\n");
        skip();
    }
}

/* -------------------------------------------------------------------- looks */

static void a_worker_whose_processor_is_taken_is_loosened_and_pinned_again(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    struct busy busy;
    (void)state;

    skip_without_room();
    set_play(PLAY_TAKEN);
    busy_begin(&busy, &config);
    assert_int_equal(config.pin, MAG_PIN_ADAPTIVE);
    assert_true(becomes(busy.sched, MAG_PIN_LOOSENED));
    struct mag_sched_counters counters = read_first(busy.sched);
    assert_int_not_equal(counters.range, MAG_PIN_RANGE_PU);
    assert_true(counters.loosened >= 1);
    set_play(PLAY_QUIET);
    assert_true(becomes(busy.sched, MAG_PINNED));
    assert_int_equal(read_first(busy.sched).range, MAG_PIN_RANGE_PU);
    busy_end(&busy);
}

static void a_worker_that_must_stay_is_never_loosened(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    struct busy busy;
    (void)state;

    config.pin = MAG_PIN_ALWAYS;
    set_play(PLAY_TAKEN);
    uint64_t before = test_read(&asked);
    busy_begin(&busy, &config);
    test_sleep_ms(300);
    assert_int_equal(test_read(&asked), before);
    assert_int_equal(read_first(busy.sched).loosened, 0);
    busy_end(&busy);
}

static void a_worker_of_a_list_is_given_processors_of_the_list_only(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    struct busy busy;
    (void)state;

    struct mag_sched *first = test_sched_start(1);
    uint32_t os_pu = mag_plan_seat(mag_sched_plan(first), 0)->os_pu;
    assert_int_equal(mag_sched_destroy(first), 0);
    config.placement = MAG_PLACE_LIST;
    config.os_pus = &os_pu;
    config.os_pu_count = 1;
    set_play(PLAY_TAKEN);
    busy_begin(&busy, &config);
    wait_for_looks(4);
    assert_int_equal(read_first(busy.sched).pinned, MAG_PINNED);
    busy_end(&busy);
}

static void where_the_kernel_tells_nothing_workers_stay_pinned(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    struct busy busy;
    (void)state;

    set_play(PLAY_HIDDEN);
    busy_begin(&busy, &config);
    wait_for_looks(3);
    assert_int_equal(read_first(busy.sched).pinned, MAG_PINNED);
    busy_end(&busy);
}

static void a_mask_that_somebody_else_has_set_stays(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    struct mag_affinity mask;
    struct busy busy;
    (void)state;

    skip_without_room();
    set_play(PLAY_QUIET);
    busy_begin(&busy, &config);
    wait_for_looks(1);
    /* Another mask than any of the library's: all processors but the worker's own. */
    assert_true(mag_affinity_read(&mask));
    uint32_t own = mag_plan_seat(mag_sched_plan(busy.sched), 0)->os_pu;
    struct mag_affinity others;
    mag_affinity_clear(&others);
    for (uint32_t cpu = 0; cpu < MAG_AFFINITY_CPUS; cpu++) {
        if (cpu != own && mag_affinity_has(&mask, cpu))
            mag_affinity_add(&others, cpu);
    }
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;
    assert_non_null(tasks);
    while ((entry = readdir(tasks)) != NULL) {
        int32_t thread = (int32_t)strtol(entry->d_name, NULL, 10);
        struct mag_affinity now;

        if (thread != 0 && mag_affinity_read_of(thread, &now) &&
            mag_affinity_only(&now) == own)
            assert_true(mag_affinity_set_of(thread, &others));
    }
    (void)closedir(tasks);
    assert_int_equal(read_first(busy.sched).pinned, MAG_PIN_LOST);
    set_play(PLAY_TAKEN);
    wait_for_looks(6);
    assert_int_equal(read_first(busy.sched).pinned, MAG_PIN_LOST);
    assert_int_equal(read_first(busy.sched).repaired, 0);
    busy_end(&busy);
}

/* ------------------------------------------------- a loosened worker's threads */

struct unpinning {
    struct mag_job job;
    struct gate gate;
    struct mag_affinity inside;
    _Atomic(uint64_t) done;
};

static void unpin(struct mag_job *job)
{
    struct unpinning *unpinning = (struct unpinning *)(void *)job;
    struct mag_unpinned before;

    gate_pass(&unpinning->gate);
    mag_unpinned_begin(&before);
    (void)mag_affinity_read(&unpinning->inside);
    mag_unpinned_end(&before);
    (void)test_add(&unpinning->done, 1);
}

static void threads_that_a_loosened_worker_starts_have_the_programs_mask(void **state)
{
    struct unpinning unpinning = {.job = {.run = unpin}};
    struct mag_sched_config config = test_sched_config(1);
    struct mag_affinity outside;
    (void)state;

    skip_without_room();
    set_play(PLAY_TAKEN);
    struct mag_sched *sched = test_sched_start_as(&config);
    assert_int_equal(mag_sched_post(sched, &unpinning.job), 0);
    assert_true(gate_is_reached(&unpinning.gate));
    assert_true(becomes(sched, MAG_PIN_LOOSENED));
    gate_open(&unpinning.gate);
    assert_true(test_wait_for(&unpinning.done, 1));
    assert_true(mag_affinity_read(&outside));
    assert_true(mag_affinity_equal(&unpinning.inside, &outside));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* -------------------------------------------------------------------- repairs */

/* Gives all threads of this process that may use more than one processor this mask, as
 * a cpuset does; and those that are pinned too, as it shrinks. */
static void set_all(const struct mag_affinity *mask)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;

    assert_non_null(tasks);
    while ((entry = readdir(tasks)) != NULL) {
        int32_t thread = (int32_t)strtol(entry->d_name, NULL, 10);

        if (thread != 0)
            (void)mag_affinity_set_of(thread, mask);
    }
    (void)closedir(tasks);
}

static void a_pin_that_a_change_of_the_cpuset_removes_is_set_again(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    struct mag_affinity all;
    struct mag_affinity other;
    struct busy busy;
    (void)state;

    skip_without_room();
    assert_true(mag_affinity_read(&all));
    set_play(PLAY_QUIET);
    busy_begin(&busy, &config);
    /* The monitor sees the mask as it is, and then without the worker's processor. */
    wait_for_looks(12);
    mag_affinity_clear(&other);
    uint32_t own = mag_plan_seat(mag_sched_plan(busy.sched), 0)->os_pu;
    for (uint32_t cpu = 0; cpu < MAG_AFFINITY_CPUS; cpu++) {
        if (cpu != own && mag_affinity_has(&all, cpu))
            mag_affinity_add(&other, cpu);
    }
    set_all(&other);
    assert_int_equal(read_first(busy.sched).pinned, MAG_PIN_LOST);
    wait_for_looks(12);
    set_all(&all);
    assert_true(becomes(busy.sched, MAG_PINNED));
    assert_true(read_first(busy.sched).repaired >= 1);
    busy_end(&busy);
}

static void a_pin_that_is_removed_between_two_looks_is_set_again(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    struct mag_affinity all;
    struct busy busy;
    (void)state;

    skip_without_room();
    assert_true(mag_affinity_read(&all));
    set_play(PLAY_QUIET);
    busy_begin(&busy, &config);
    wait_for_looks(12);
    set_all(&all);
    assert_true(becomes(busy.sched, MAG_PINNED));
    assert_true(read_first(busy.sched).repaired >= 1);
    busy_end(&busy);
}

/* A job that unpins its worker, and one pair inside the other. */
struct unpinned_job {
    struct mag_job job; /* first */
    struct gate gate;
    _Atomic(uint64_t) over;
};

static void stay_unpinned(struct mag_job *job)
{
    struct unpinned_job *unpinned = (struct unpinned_job *)(void *)job;
    struct mag_unpinned outer;
    struct mag_unpinned inner;

    mag_unpinned_begin(&outer);
    mag_unpinned_begin(&inner);
    mag_unpinned_end(&inner);
    gate_pass(&unpinned->gate);
    mag_unpinned_end(&outer);
    (void)test_add(&unpinned->over, 1);
}

static void a_worker_that_has_unpinned_itself_is_left_alone(void **state)
{
    struct unpinned_job unpinned = {.job = {.run = stay_unpinned}};
    struct mag_sched_config config = test_sched_config(2);
    struct mag_sched_counters counters;
    struct holder holder = {.job = {.run = holder_run}};
    struct mag_affinity all;
    (void)state;

    skip_without_room();
    assert_true(mag_affinity_read(&all));
    set_play(PLAY_QUIET);
    struct mag_sched *sched = test_sched_start_as(&config);
    assert_int_equal(mag_sched_post_worker(sched, &unpinned.job, 1), 0);
    assert_true(gate_is_reached(&unpinned.gate));
    assert_int_equal(mag_sched_post_worker(sched, &holder.job, 0), 0);
    assert_true(gate_is_reached(&holder.gate));
    wait_for_looks(12);
    set_all(&all);
    /* A look pins the first worker, and passes by the second. */
    assert_true(becomes(sched, MAG_PINNED));
    assert_int_equal(mag_sched_counters(sched, 1, &counters), 0);
    assert_int_equal(counters.pinned, MAG_PIN_LOST);
    assert_int_equal(counters.repaired, 0);
    gate_open(&unpinned.gate);
    holder_let_go(&holder);
    assert_true(test_wait_for(&unpinned.over, 1));
    assert_true(test_wait_for(&holder.over, 1));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* --------------------------------------------------------------- for real */

struct spinning {
    struct mag_job job;
    _Atomic(uint64_t) over;
    _Atomic(uint64_t) done;
};

static void spin(struct mag_job *job)
{
    struct spinning *spinning = (struct spinning *)(void *)job;

    while (test_read(&spinning->over) == 0)
        test_pause();
    (void)test_add(&spinning->done, 1);
}

/* A process that is always busy on one processor. */
static pid_t start_burner(uint32_t cpu)
{
    struct mag_affinity only;
    pid_t child = fork();

    if (child != 0)
        return child;
    mag_affinity_clear(&only);
    mag_affinity_add(&only, cpu);
    (void)mag_affinity_set(&only);
    for (;;)
        test_pause();
}

static void a_process_that_is_busy_on_a_workers_processor_loosens_it(void **state)
{
    struct spinning spinning = {.job = {.run = spin}};
    struct mag_sched_config config = test_sched_config(1);
    struct mag_usage usage;
    (void)state;

    skip_without_room();
    if (!mag_os_usage(mag_os_thread(), &usage)) {
        print_message("skipped: the kernel does not tell how long threads wait\n");
        skip();
    }
    set_play(PLAY_REAL);
    struct mag_sched *sched = test_sched_start_as(&config);
    pid_t burner = start_burner(mag_plan_seat(mag_sched_plan(sched), 0)->os_pu);
    assert_true(burner > 0);
    assert_int_equal(mag_sched_post(sched, &spinning.job), 0);
    bool loosened = becomes(sched, MAG_PIN_LOOSENED);
    (void)kill(burner, SIGKILL);
    (void)waitpid(burner, NULL, 0);
    (void)test_add(&spinning.over, 1);
    assert_true(test_wait_for(&spinning.done, 1));
    assert_true(loosened);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_whose_processor_is_taken_is_loosened_and_pinned_again),
        cmocka_unit_test(a_worker_that_must_stay_is_never_loosened),
        cmocka_unit_test(a_worker_of_a_list_is_given_processors_of_the_list_only),
        cmocka_unit_test(where_the_kernel_tells_nothing_workers_stay_pinned),
        cmocka_unit_test(a_mask_that_somebody_else_has_set_stays),
        cmocka_unit_test(threads_that_a_loosened_worker_starts_have_the_programs_mask),
        cmocka_unit_test(a_pin_that_a_change_of_the_cpuset_removes_is_set_again),
        cmocka_unit_test(a_pin_that_is_removed_between_two_looks_is_set_again),
        cmocka_unit_test(a_worker_that_has_unpinned_itself_is_left_alone),
        cmocka_unit_test(a_process_that_is_busy_on_a_workers_processor_loosens_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
