/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/phase.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/strand.h>
#include <pthread.h>
#include <stdlib.h>

/* What the jobs of one strand share without a lock. */
struct ledger {
    struct mag_strand strand;
    uint64_t runs; /* plain: a race on it is reported */
    uint64_t out_of_order;
    uint64_t not_self;
    _Atomic(uint64_t) done;
};

struct entry {
    struct mag_job job;
    struct ledger *ledger;
    uint64_t number;
    uint32_t *seen; /* the number of earlier runs of its poster */
};

static void enter(struct mag_job *job)
{
    struct entry *entry = (struct entry *)(void *)job;
    struct ledger *ledger = entry->ledger;

    ledger->runs++;
    ledger->out_of_order += entry->number != (*entry->seen)++;
    ledger->not_self += mag_strand_self() != &ledger->strand;
    (void)test_add(&ledger->done, 1);
}

enum { POSTERS = 4, EACH = 3000 };

struct poster {
    struct ledger *ledger;
    struct entry entries[EACH];
    uint32_t seen;
    uint64_t refused;
};

static void *post_entries(void *arg)
{
    struct poster *poster = arg;

    for (uint32_t i = 0; i < EACH; i++) {
        poster->entries[i] = (struct entry){.job = {.run = enter},
                                            .ledger = poster->ledger,
                                            .number = i,
                                            .seen = &poster->seen};
        poster->refused +=
            mag_strand_post(&poster->ledger->strand, &poster->entries[i].job) != 0;
    }
    return NULL;
}

static void jobs_of_a_strand_run_one_at_a_time_in_their_posters_order(void **state)
{
    struct poster *posters = calloc(POSTERS, sizeof(*posters));
    (void)state;

    assert_non_null(posters);
    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);
        struct ledger ledger = {.runs = 0};
        pthread_t threads[POSTERS];

        mag_strand_init(&ledger.strand, sched);
        for (unsigned i = 0; i < POSTERS; i++) {
            posters[i].ledger = &ledger;
            posters[i].seen = 0;
            assert_int_equal(pthread_create(&threads[i], NULL, post_entries, &posters[i]),
                             0);
        }
        for (unsigned i = 0; i < POSTERS; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_int_equal(posters[i].refused, 0);
        }
        assert_true(test_wait_for(&ledger.done, (uint64_t)POSTERS * EACH));
        mag_sched_destroy(sched);
        assert_int_equal(ledger.runs, (uint64_t)POSTERS * EACH);
        assert_int_equal(ledger.out_of_order, 0);
        assert_int_equal(ledger.not_self, 0);
        assert_int_equal(mag_strand_fini(&ledger.strand), 0);
    }
    free(posters);
}

static void posts_allocate_nothing(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct ledger ledger = {.runs = 0};
    struct poster *poster = calloc(1, sizeof(*poster));
    (void)state;

    assert_non_null(poster);
    poster->ledger = &ledger;
    uint64_t before = test_allocations();
    mag_strand_init(&ledger.strand, sched);
    (void)post_entries(poster);
    assert_true(test_wait_for(&ledger.done, EACH));
    assert_int_equal(test_allocations(), before);
    mag_sched_destroy(sched);
    free(poster);
}

/* ----------------------------------------------------------------- the strand's turn */

/* Posts itself to its strand until it is told to stop. */
struct greedy {
    struct mag_job job;
    struct mag_strand *strand;
    uint64_t runs;
    _Atomic(uint64_t) stop;
    uint64_t runs_at_stop;
    _Atomic(uint64_t) gone;
};

static void run_greedy(struct mag_job *job)
{
    struct greedy *greedy = (struct greedy *)(void *)job;

    greedy->runs++;
    if (test_read(&greedy->stop) != 0 || mag_strand_post(greedy->strand, job) != 0)
        (void)test_add(&greedy->gone, 1);
}

struct modest {
    struct mag_job job;
    struct greedy *greedy;
    uint64_t at_post;
    uint64_t waited; /* jobs of the strand that ran before this job */
    unsigned rounds;
};

static void run_modest(struct mag_job *job)
{
    struct modest *modest = (struct modest *)(void *)job;
    uint64_t runs = modest->greedy->runs;

    if (modest->rounds != 0 && runs - modest->at_post > modest->waited)
        modest->waited = runs - modest->at_post;
    modest->at_post = runs;
    if (modest->rounds++ == 200 || mag_sched_post_any(mag_sched_self(), job) != 0)
        (void)test_add(&modest->greedy->stop, 1);
}

static void a_busy_strand_lets_others_run_on_the_only_worker(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_strand strand;
    struct greedy greedy = {.job = {.run = run_greedy}, .strand = &strand};
    struct modest modest = {.job = {.run = run_modest}, .greedy = &greedy};
    (void)state;

    mag_strand_init(&strand, sched);
    assert_int_equal(mag_strand_post(&strand, &greedy.job), 0);
    assert_int_equal(mag_sched_post(sched, &modest.job), 0);
    assert_true(test_wait_for(&greedy.gone, 1));
    mag_sched_destroy(sched);
    assert_true(modest.waited >= 1);
    assert_true(modest.waited <=
                (uint64_t)MAG_STRAND_BATCH * (2 * MAG_SCHED_FAIR_TICKS + 1));
}

/* ------------------------------------------------------------------ whose job runs */

struct inner {
    struct mag_job job;
    struct mag_strand *strand;
    struct mag_sched *sched;
    _Atomic(uint64_t) done;
    struct mag_strand *seen[4];
};

static void look_plain(struct mag_job *job)
{
    struct inner *inner = (struct inner *)(void *)job;

    inner->seen[0] = mag_strand_self();
    (void)test_add(&inner->done, 1);
}

static void look_around_an_inline_job(struct mag_job *job)
{
    struct inner *inner = (struct inner *)(void *)job;
    struct inner plain = {.done = 0};

    inner->seen[1] = mag_strand_self();
    look_plain(&plain.job);
    inner->seen[2] = plain.seen[0];
    inner->seen[3] = mag_strand_self();
    (void)test_add(&inner->done, 1);
}

static void a_thread_knows_whose_job_it_runs(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_strand strand;
    struct inner inside = {.job = {.run = look_around_an_inline_job}};
    struct inner outside = {.job = {.run = look_plain}};
    (void)state;

    mag_strand_init(&strand, sched);
    assert_null(mag_strand_self());
    assert_int_equal(mag_strand_post(&strand, &inside.job), 0);
    assert_true(test_wait_for(&inside.done, 1));
    outside.seen[0] = &strand;
    assert_int_equal(mag_sched_post(sched, &outside.job), 0);
    assert_true(test_wait_for(&outside.done, 1));
    mag_sched_destroy(sched);
    assert_ptr_equal(inside.seen[1], &strand);
    assert_ptr_equal(inside.seen[2], &strand);
    assert_ptr_equal(inside.seen[3], &strand);
    assert_null(outside.seen[0]);
}

/* A job of one strand drains the strand of another scheduler on the same thread: a worker
 * that stops a scheduler is the thread on which the jobs are handed back. */
struct nested {
    struct mag_job job;
    struct mag_sched *other;
    struct inner inner;
    struct mag_strand *after;
    int result;
    _Atomic(uint64_t) done;
};

static void run_dropped(struct mag_job *job, void *arg)
{
    (void)arg;
    job->run(job);
}

static void stop_other(struct mag_job *job)
{
    struct nested *nested = (struct nested *)(void *)job;

    nested->result =
        mag_sched_stop(nested->other, MAG_SCHED_CANCEL, -1, run_dropped, NULL);
    nested->after = mag_strand_self();
    (void)test_add(&nested->done, 1);
}

static void hold_up(struct mag_job *job)
{
    struct inner *inner = (struct inner *)(void *)job;

    (void)test_add(&inner->done, 1);
    stay_until(inner->sched, MAG_PHASE_ENDING);
}

static void a_job_handed_back_inside_a_strand_keeps_the_outer_one(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_strand outer;
    struct mag_strand other;
    struct nested nested = {.job = {.run = stop_other}, .other = test_sched_start(1)};
    struct inner first = {.job = {.run = hold_up}, .sched = nested.other};
    (void)state;

    mag_strand_init(&outer, sched);
    mag_strand_init(&other, nested.other);
    nested.inner.job.run = look_plain;
    assert_int_equal(mag_strand_post(&other, &first.job), 0);
    assert_int_equal(mag_strand_post(&other, &nested.inner.job), 0);
    assert_true(test_wait_for(&first.done, 1));
    assert_int_equal(mag_strand_post(&outer, &nested.job), 0);
    assert_true(test_wait_for(&nested.done, 1));
    mag_sched_destroy(sched);
    mag_sched_destroy(nested.other);
    assert_int_equal(nested.result, 0);
    assert_ptr_equal(nested.inner.seen[0], &outer);
    assert_ptr_equal(nested.after, &outer);
}

/* -------------------------------------------------------------------- the last touch */

struct connection {
    struct mag_strand strand;
    _Atomic(uint64_t) *closed;
    uint64_t messages;
};

struct message {
    struct mag_job job;
    struct connection *connection;
    uint64_t wanted;
};

static void take_message(struct mag_job *job)
{
    struct message *message = (struct message *)(void *)job;
    struct connection *connection = message->connection;
    bool last = ++connection->messages == message->wanted;

    free(message);
    if (!last)
        return;
    _Atomic(uint64_t) *closed = connection->closed;
    if (mag_strand_fini(&connection->strand) == 0 && mag_strand_self() == NULL) {
        free(connection);
        (void)test_add(closed, 1);
    }
}

static void the_last_job_may_free_itself_and_the_strand(void **state)
{
    enum { MESSAGES = 40 };
    struct mag_sched *sched = test_sched_start(2);
    _Atomic(uint64_t) closed = 0;
    uint32_t rounds = test_rounds(500);
    (void)state;

    for (uint32_t round = 0; round < rounds; round++) {
        struct connection *connection = calloc(1, sizeof(*connection));

        assert_non_null(connection);
        mag_strand_init(&connection->strand, sched);
        connection->closed = &closed;
        for (unsigned i = 0; i < MESSAGES; i++) {
            struct message *message = malloc(sizeof(*message));

            assert_non_null(message);
            *message = (struct message){.job = {.run = take_message},
                                        .connection = connection,
                                        .wanted = MESSAGES};
            assert_int_equal(mag_strand_post(&connection->strand, &message->job), 0);
        }
    }
    assert_true(test_wait_for(&closed, rounds));
    mag_sched_destroy(sched);
}

struct finisher {
    struct mag_job job;
    struct mag_strand *strand;
    int result;
    _Atomic(uint64_t) begun;
    _Atomic(uint64_t) go;
    _Atomic(uint64_t) done;
};

static void finish_when_told(struct mag_job *job)
{
    struct finisher *finisher = (struct finisher *)(void *)job;

    (void)test_add(&finisher->begun, 1);
    (void)test_wait_for(&finisher->go, 1);
    finisher->result = mag_strand_fini(finisher->strand);
    (void)test_add(&finisher->done, 1);
}

static void a_strand_in_use_is_not_ended(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_strand strand;
    struct finisher first = {.job = {.run = finish_when_told}, .strand = &strand};
    struct finisher last = {.job = {.run = finish_when_told}, .strand = &strand, .go = 1};
    (void)state;

    mag_strand_init(&strand, sched);
    assert_int_equal(mag_strand_post(&strand, &first.job), 0);
    assert_true(test_wait_for(&first.begun, 1));
    assert_int_equal(mag_strand_fini(&strand), -EBUSY);
    assert_int_equal(mag_strand_post(&strand, &last.job), 0);
    assert_int_equal(mag_strand_fini(&strand), -EBUSY);
    (void)test_add(&first.go, 1);
    assert_true(test_wait_for(&last.done, 1));
    assert_int_equal(first.result, -EBUSY);
    assert_int_equal(last.result, 0);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------- stopping */

struct returned {
    uint64_t count;
    uint64_t out_of_order;
};

static void take_back(struct mag_job *job, void *arg)
{
    struct entry *entry = (struct entry *)(void *)job;
    struct returned *returned = arg;

    returned->out_of_order += entry->number != returned->count;
    returned->count++;
    entry->number = UINT64_MAX;
}

static void a_canceled_scheduler_hands_back_what_waits_in_order(void **state)
{
    enum { WAITING = 100 };
    struct mag_sched *sched = test_sched_start(2);
    struct ledger ledger = {.runs = 0};
    struct inner first = {.job = {.run = hold_up}, .sched = sched};
    struct entry entries[WAITING];
    struct returned returned = {.count = 0};
    uint32_t seen = 0;
    (void)state;

    mag_strand_init(&ledger.strand, sched);
    assert_int_equal(mag_strand_post(&ledger.strand, &first.job), 0);
    for (unsigned i = 0; i < WAITING; i++) {
        entries[i] = (struct entry){
            .job = {.run = enter}, .ledger = &ledger, .number = i, .seen = &seen};
        assert_int_equal(mag_strand_post(&ledger.strand, &entries[i].job), 0);
    }
    assert_true(test_wait_for(&first.done, 1));
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, take_back, &returned),
                     0);
    assert_int_equal(returned.count, WAITING);
    assert_int_equal(returned.out_of_order, 0);
    assert_int_equal(ledger.runs, 0);
    assert_int_equal(mag_strand_post(&ledger.strand, &first.job), -ESHUTDOWN);
    assert_int_equal(mag_strand_fini(&ledger.strand), 0);
    mag_sched_destroy(sched);
}

static void a_drained_scheduler_runs_what_waits(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct ledger ledger = {.runs = 0};
    struct poster *poster = calloc(1, sizeof(*poster));
    (void)state;

    assert_non_null(poster);
    poster->ledger = &ledger;
    mag_strand_init(&ledger.strand, sched);
    (void)post_entries(poster);
    mag_sched_destroy(sched);
    assert_int_equal(ledger.runs, EACH);
    assert_int_equal(ledger.out_of_order, 0);
    free(poster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_of_a_strand_run_one_at_a_time_in_their_posters_order),
        cmocka_unit_test(posts_allocate_nothing),
        cmocka_unit_test(a_busy_strand_lets_others_run_on_the_only_worker),
        cmocka_unit_test(a_thread_knows_whose_job_it_runs),
        cmocka_unit_test(a_job_handed_back_inside_a_strand_keeps_the_outer_one),
        cmocka_unit_test(the_last_job_may_free_itself_and_the_strand),
        cmocka_unit_test(a_strand_in_use_is_not_ended),
        cmocka_unit_test(a_canceled_scheduler_hands_back_what_waits_in_order),
        cmocka_unit_test(a_drained_scheduler_runs_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
