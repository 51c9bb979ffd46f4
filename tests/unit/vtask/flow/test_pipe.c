/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/probe.h"

#include <magpie/async.h>
#include <magpie/pipe.h>
#include <magpie/submit_task.h>
#include <pthread.h>
#include <string.h>

enum { CAPACITY = 4096 };

static struct mag_pipe *pipe_;

static int begin(void **state)
{
    (void)state;
    return mag_pipe_create(CAPACITY, &pipe_);
}

static int end(void **state)
{
    (void)state;
    mag_pipe_destroy(pipe_);
    return 0;
}

/* Writes what must fit without a wait. */
static void write_now(const char *bytes, size_t size)
{
    struct mag_pipe_room room;

    assert_int_equal(mag_pipe_room_task_get(mag_pipe_make_room(pipe_, size, NULL), &room),
                     0);
    assert_true(room.size >= size);
    memcpy(room.bytes, bytes, size);
    mag_pipe_commit(pipe_, size);
}

static struct mag_pipe_bytes read_now(void)
{
    struct mag_pipe_bytes bytes = {NULL, 0, false};

    assert_int_equal(mag_pipe_read_task_get(mag_pipe_read(pipe_, NULL), &bytes), 0);
    return bytes;
}

/* The outcome of a task that is complete. */
static int read_result(mag_pipe_read_task task)
{
    struct mag_pipe_bytes bytes;

    return mag_pipe_read_task_get(task, &bytes);
}

static int room_result(mag_pipe_room_task task)
{
    struct mag_pipe_room room;

    return mag_pipe_room_task_get(task, &room);
}

/* ------------------------------------------------------------------------ bytes */

static void bytes_come_in_one_piece_however_often_the_buffer_was_used(void **state)
{
    char text[1001];
    (void)state;

    for (unsigned i = 0; i < 100; i++) {
        memset(text, (int)('a' + i % 26), sizeof(text));
        write_now(text, sizeof(text));
        write_now(text, 7);
        struct mag_pipe_bytes got = read_now();
        assert_int_equal(got.size, sizeof(text) + 7);
        assert_memory_equal(got.bytes, text, sizeof(text));
        assert_memory_equal(got.bytes + sizeof(text), text, 7);
        assert_int_equal(mag_pipe_consume(pipe_, got.size, got.size), 0);
    }
}

static void what_is_not_consumed_comes_again_with_what_follows(void **state)
{
    (void)state;
    write_now("hel", 3);
    struct mag_pipe_bytes got = read_now();
    assert_int_equal(mag_pipe_consume(pipe_, 0, 3), 0);
    mag_pipe_read_task task = mag_pipe_read(pipe_, NULL);
    assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
    write_now("lo", 2);
    assert_int_equal(mag_pipe_read_task_get(task, &got), 0);
    assert_int_equal(got.size, 5);
    assert_memory_equal(got.bytes, "hello", 5);
    /* Bytes that were not examined are read again at once. */
    assert_int_equal(mag_pipe_consume(pipe_, 1, 4), 0);
    got = read_now();
    assert_int_equal(got.size, 4);
    assert_memory_equal(got.bytes, "ello", 4);
}

static void numbers_out_of_range_are_refused(void **state)
{
    struct mag_pipe *pipe;
    (void)state;

    assert_int_equal(mag_pipe_create(0, &pipe), -EINVAL);
    assert_int_equal(mag_pipe_create(MAG_PIPE_CAPACITY_MAX + 1, &pipe), -EINVAL);
    assert_int_equal(room_result(mag_pipe_make_room(pipe_, CAPACITY + 1, NULL)), -EINVAL);
    write_now("abc", 3);
    assert_int_equal(read_now().size, 3);
    write_now("d", 1);
    /* Only what was read can be examined. */
    assert_int_equal(mag_pipe_consume(pipe_, 0, 4), -EINVAL);
    assert_int_equal(mag_pipe_consume(pipe_, 2, 1), -EINVAL);
    assert_int_equal(mag_pipe_consume(pipe_, 3, 3), 0);
    assert_memory_equal(read_now().bytes, "d", 1);
    mag_pipe_destroy(NULL);
}

/* ------------------------------------------------------------------------ pressure */

static void a_full_pipe_makes_the_writer_wait_until_half_of_it_is_free(void **state)
{
    static char text[CAPACITY];
    struct mag_pipe_room room;
    (void)state;

    write_now(text, CAPACITY);
    mag_pipe_room_task task = mag_pipe_make_room(pipe_, 10, NULL);
    assert_int_equal(read_now().size, CAPACITY);
    assert_int_equal(mag_pipe_consume(pipe_, CAPACITY / 2 - 1, CAPACITY / 2 - 1), 0);
    assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
    assert_int_equal(read_now().size, CAPACITY / 2 + 1);
    assert_int_equal(mag_pipe_consume(pipe_, 1, 1), 0);
    assert_int_equal(mag_pipe_room_task_get(task, &room), 0);
    assert_int_equal(room.size, CAPACITY / 2);
}

static void a_reader_that_waits_for_more_lets_the_writer_go_on(void **state)
{
    static char text[CAPACITY];
    struct mag_pipe_room room;
    (void)state;

    write_now(text, CAPACITY - 5);
    mag_pipe_room_task task = mag_pipe_make_room(pipe_, 10, NULL);
    assert_int_equal(read_now().size, CAPACITY - 5);
    assert_int_equal(mag_pipe_consume(pipe_, 5, CAPACITY - 5), 0);
    assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
    mag_pipe_read_task more = mag_pipe_read(pipe_, NULL);
    assert_int_equal(mag_pipe_room_task_get(task, &room), 0);
    assert_int_equal(room.size, 10);
    /* More than that will not be free. */
    assert_int_equal(room_result(mag_pipe_make_room(pipe_, 11, NULL)), -ENOBUFS);
    mag_pipe_commit(pipe_, 10);
    assert_int_equal(read_result(more), 0);
    /* The message is larger than the pipe. */
    assert_int_equal(mag_pipe_consume(pipe_, 0, CAPACITY), 0);
    assert_int_equal(read_result(mag_pipe_read(pipe_, NULL)), -ENOBUFS);
}

/* ------------------------------------------------------------------------ ends */

static void the_end_comes_after_the_bytes(void **state)
{
    (void)state;
    write_now("ab", 2);
    mag_pipe_end(pipe_, 0);
    struct mag_pipe_bytes got = read_now();
    assert_true(got.ended && got.size == 2);
    assert_int_equal(mag_pipe_consume(pipe_, 2, 2), 0);
    got = read_now();
    assert_true(got.ended && got.size == 0);
    assert_int_equal(room_result(mag_pipe_make_room(pipe_, 1, NULL)), -EINVAL);
}

static void an_error_of_the_writer_comes_after_the_bytes(void **state)
{
    (void)state;
    write_now("ab", 2);
    mag_pipe_end(pipe_, -EIO);
    struct mag_pipe_bytes got = read_now();
    assert_true(!got.ended && got.size == 2);
    assert_int_equal(mag_pipe_consume(pipe_, 0, 2), 0);
    assert_int_equal(read_result(mag_pipe_read(pipe_, NULL)), -EIO);
}

static void an_end_completes_a_read_that_waits(void **state)
{
    struct mag_pipe_bytes got;
    (void)state;

    mag_pipe_read_task task = mag_pipe_read(pipe_, NULL);
    mag_pipe_end(pipe_, 0);
    assert_int_equal(mag_pipe_read_task_get(task, &got), 0);
    assert_true(got.ended && got.size == 0);
}

static void a_reader_that_closes_fails_the_writer(void **state)
{
    static char text[CAPACITY];
    (void)state;

    write_now(text, CAPACITY);
    mag_pipe_room_task task = mag_pipe_make_room(pipe_, 1, NULL);
    mag_pipe_close(pipe_);
    assert_int_equal(room_result(task), -EPIPE);
    assert_int_equal(room_result(mag_pipe_make_room(pipe_, 1, NULL)), -EPIPE);
}

/* ------------------------------------------------------------------------ cancel */

static void a_canceled_wait_loses_no_byte(void **state)
{
    static char text[CAPACITY];
    struct mag_cancel cancel = {0};
    struct mag_cancel second = {0};
    (void)state;

    mag_pipe_read_task task = mag_pipe_read(pipe_, &cancel);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(read_result(task), -ECANCELED);
    write_now(text, CAPACITY - 1);
    assert_int_equal(read_now().size, CAPACITY - 1);
    /* The read that was canceled does not count as waiting. */
    assert_int_equal(mag_pipe_consume(pipe_, 0, CAPACITY - 1), 0);
    mag_pipe_room_task room = mag_pipe_make_room(pipe_, 2, &second);
    assert_int_equal(mag_vtask_status(room.task), MAG_PENDING);
    assert_true(mag_cancel_fire(&second));
    assert_int_equal(room_result(room), -ECANCELED);
    write_now("x", 1);
    assert_int_equal(read_now().size, CAPACITY);
    assert_int_equal(read_result(mag_pipe_read(pipe_, &second)), 0);
}

/* ------------------------------------------------------------------------ memory */

static void a_pipe_without_memory_leaves_nothing_behind(void **state)
{
    struct mag_pipe *pipe = NULL;
    int64_t live = test_live_allocations();
    (void)state;

    for (uint32_t nth = 1;; nth++) {
        test_fail_allocation(nth);
        int r = mag_pipe_create(1000000, &pipe);
        bool failed = test_has_failed();
        test_fail_allocation(0);
        assert_true(r == 0 || (failed && r == -ENOMEM));
        if (r == 0)
            mag_pipe_destroy(pipe);
        if (!failed)
            break;
    }
    assert_int_equal(test_live_allocations(), live);
}

static void waits_allocate_nothing_after_the_first(void **state)
{
    uint64_t before = 0;
    (void)state;

    for (int i = 0; i < 100; i++) {
        mag_pipe_read_task task = mag_pipe_read(pipe_, NULL);

        write_now("abc", 3);
        assert_int_equal(read_result(task), 0);
        assert_int_equal(mag_pipe_consume(pipe_, 3, 3), 0);
        if (i == 0)
            before = test_allocations();
    }
    assert_int_equal(test_allocations(), before);
}

/* ------------------------------------------------------------------------ threads */

enum { MESSAGES = 200000, MESSAGE_MAX = 900 };

struct talk {
    struct mag_pipe *pipe;
    uint32_t count;
    uint64_t seed;
    _Atomic(uint64_t) wrong;
};

/* A message is its length in two bytes, and then bytes that follow from its number. */
static size_t message_size(uint64_t *random)
{
    return 3 + test_random_below(random, MESSAGE_MAX - 3);
}

static void fill_message(char *bytes, size_t size, uint32_t number)
{
    bytes[0] = (char)(size & 0xff);
    bytes[1] = (char)(size >> 8);
    memset(bytes + 2, (int)(number % 251), size - 2);
}

static bool is_message(const char *bytes, size_t size, uint32_t number)
{
    return (unsigned char)bytes[2] == number % 251 &&
           (unsigned char)bytes[size - 1] == number % 251;
}

MAG_ASYNC(mag_task, talk, (struct talk *, all), struct mag_pipe_room room; uint32_t i;
          uint64_t random; size_t size; size_t sent;)
{
    MAG_BEGIN(f);
    f->random = f->all->seed;
    for (f->i = 0; f->i < f->all->count; f->i++) {
        f->size = message_size(&f->random);
        MAG_AWAIT(f, f->room, mag_pipe_make_room(f->all->pipe, f->size, NULL));
        fill_message(f->room.bytes, f->size, f->i);
        /* In two parts, so that the reader sees a half. */
        f->sent = f->i % 3 == 0 ? f->size / 2 : f->size;
        mag_pipe_commit(f->all->pipe, f->sent);
        if (f->sent != f->size)
            mag_pipe_commit(f->all->pipe, f->size - f->sent);
    }
    mag_pipe_end(f->all->pipe, 0);
    return mag_task_done();
    MAG_END(f);
}

/* Takes the whole messages out of the bytes.  Returns how many bytes they have. */
static size_t parse(struct talk *all, struct mag_pipe_bytes got, uint32_t *number)
{
    size_t used = 0;

    while (got.size - used >= 2) {
        const char *bytes = got.bytes + used;
        size_t size = (unsigned char)bytes[0] | (size_t)(unsigned char)bytes[1] << 8;

        if (got.size - used < size)
            break;
        if (!is_message(bytes, size, *number))
            (void)test_add(&all->wrong, 1);
        *number += 1;
        used += size;
    }
    return used;
}

MAG_ASYNC(mag_task, listen_to, (struct talk *, all), struct mag_pipe_bytes got;
          uint32_t number;)
{
    MAG_BEGIN(f);
    for (;;) {
        MAG_AWAIT(f, f->got, mag_pipe_read(f->all->pipe, NULL));
        size_t used = parse(f->all, f->got, &f->number);

        if (mag_pipe_consume(f->all->pipe, used, f->got.size) != 0)
            (void)test_add(&f->all->wrong, 1);
        if (f->got.ended && used == f->got.size)
            break;
    }
    if (f->number != f->all->count)
        (void)test_add(&f->all->wrong, 1);
    return mag_task_done();
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, begin_talk, struct talk *, all)
static mag_task begin_talk(struct talk *all)
{
    return talk(all);
}

MAG_SUBMIT_TASK(mag_task, begin_listening, struct talk *, all)
static mag_task begin_listening(struct talk *all)
{
    return listen_to(all);
}

static void messages_arrive_whole_and_in_order_on_any_thread(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct talk all = {
        .pipe = pipe_, .count = test_rounds(MESSAGES), .seed = test_seed() | 1};
    (void)state;

    mag_task reader = begin_listening_submit(sched, &all);
    mag_task writer = begin_talk_submit(sched, &all);
    assert_int_equal(mag_task_wait(writer), 0);
    assert_int_equal(mag_task_wait(reader), 0);
    assert_int_equal(test_read(&all.wrong), 0);
    mag_sched_destroy(sched);
}

static void *listen_blocking(void *arg)
{
    struct talk *all = arg;
    struct mag_pipe_bytes got = {NULL, 0, false};
    uint32_t number = 0;
    size_t used = 0;

    do {
        if (mag_pipe_read_task_wait(mag_pipe_read(all->pipe, NULL), &got) != 0)
            break;
        used = parse(all, got, &number);
        if (mag_pipe_consume(all->pipe, used, got.size) != 0)
            break;
    } while (!got.ended || used != got.size);
    if (number != all->count)
        (void)test_add(&all->wrong, 1);
    return NULL;
}

static void a_thread_that_blocks_reads_what_a_worker_writes(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct talk all = {
        .pipe = pipe_, .count = test_rounds(MESSAGES / 4), .seed = test_seed() | 1};
    pthread_t thread;
    (void)state;

    assert_int_equal(pthread_create(&thread, NULL, listen_blocking, &all), 0);
    assert_int_equal(mag_task_wait(begin_talk_submit(sched, &all)), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(test_read(&all.wrong), 0);
    mag_sched_destroy(sched);
}

#define PIPE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PIPE_TEST(bytes_come_in_one_piece_however_often_the_buffer_was_used),
        PIPE_TEST(what_is_not_consumed_comes_again_with_what_follows),
        PIPE_TEST(numbers_out_of_range_are_refused),
        PIPE_TEST(a_full_pipe_makes_the_writer_wait_until_half_of_it_is_free),
        PIPE_TEST(a_reader_that_waits_for_more_lets_the_writer_go_on),
        PIPE_TEST(the_end_comes_after_the_bytes),
        PIPE_TEST(an_error_of_the_writer_comes_after_the_bytes),
        PIPE_TEST(an_end_completes_a_read_that_waits),
        PIPE_TEST(a_reader_that_closes_fails_the_writer),
        PIPE_TEST(a_canceled_wait_loses_no_byte),
        PIPE_TEST(a_pipe_without_memory_leaves_nothing_behind),
        PIPE_TEST(waits_allocate_nothing_after_the_first),
        PIPE_TEST(messages_arrive_whole_and_in_order_on_any_thread),
        PIPE_TEST(a_thread_that_blocks_reads_what_a_worker_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
