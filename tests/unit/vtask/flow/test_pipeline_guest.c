/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/pipeline.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A guest that calls a pipeline falls asleep while the only worker has the input.  Then
 * the worker makes items, and stays in the second stage until somebody else takes one.
 */

struct scene {
    pthread_t caller;
    long caller_thread;           /* its number in the system */
    uint64_t next;                /* item */
    _Atomic(uint64_t) worker_in;  /* the worker is in the first stage */
    _Atomic(uint64_t) caller_out; /* the caller has done its first item */
    _Atomic(uint64_t) again;      /* the caller has taken another item */
    _Atomic(uint64_t) fell_asleep, was_called;
};

struct prop {
    uint64_t number;
};

MAG_PIPELINE(scene, struct prop, struct scene)

enum { ITEMS = 20, LOOKS = 10000 };

static bool is_caller(const struct scene *scene)
{
    return pthread_equal(scene->caller, pthread_self()) != 0;
}

/* What the system says of the caller's thread: S, it sleeps. */
static char state_of_caller(const struct scene *scene)
{
    char path[64];
    char line[256] = "";

    (void)snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", scene->caller_thread);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return '?';
    const char *end = fgets(line, sizeof(line), file) != NULL ? strrchr(line, ')') : NULL;
    (void)fclose(file);
    if (end == NULL)
        return '?';
    return end[2];
}

static bool caller_falls_asleep(const struct scene *scene)
{
    for (int i = 0; i < LOOKS; i++) {
        if (state_of_caller(scene) == 'S')
            return true;
        test_sleep_ms(1);
    }
    return false;
}

/* By the worker, once: holds the input until the caller sleeps. */
static void hold_input(struct scene *scene)
{
    (void)test_add(&scene->worker_in, 1);
    (void)test_wait_for(&scene->caller_out, 1);
    if (caller_falls_asleep(scene))
        (void)test_add(&scene->fell_asleep, 1);
}

static int make_prop(struct prop *prop, struct scene *scene)
{
    if (!is_caller(scene) && test_read(&scene->worker_in) == 0)
        hold_input(scene);
    prop->number = scene->next++;
    return prop->number < ITEMS ? 0 : MAG_STAGE_END;
}

static int use_prop(struct prop *prop, struct scene *scene)
{
    (void)prop;
    if (!is_caller(scene)) {
        if (test_wait_for(&scene->again, 1))
            (void)test_add(&scene->was_called, 1);
    } else if (test_read(&scene->caller_out) == 0) {
        (void)test_wait_for(&scene->worker_in, 1);
        (void)test_add(&scene->caller_out, 1);
    } else {
        (void)test_add(&scene->again, 1);
    }
    return 0;
}

static void a_guest_that_sleeps_is_called_while_all_workers_are_busy(void **state)
{
    static const struct scene_stage stages[] = {
        MAG_STAGE(make_prop, MAG_STAGE_IN_ORDER),
        MAG_STAGE(use_prop, MAG_STAGE_PARALLEL),
    };
    struct mag_sched *sched = test_sched_start(1);
    (void)state;

    for (uint64_t i = 0; i < test_rounds(20); i++) {
        struct scene scene = {.caller = pthread_self(),
                              .caller_thread = syscall(SYS_gettid)};

        assert_int_equal(scene_run(sched, stages, 2, 4, &scene), 0);
        assert_int_equal(test_read(&scene.fell_asleep), 1);
        assert_true(test_read(&scene.was_called) > 0);
    }
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_that_sleeps_is_called_while_all_workers_are_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
