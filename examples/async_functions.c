/*
 * async_functions.c - the three async functions of docs/guide/async-functions.md:
 * one with a loop that hardly ever waits; one that branches, calls another and passes
 * errors on; and one that gives up after a time, or when it is told to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

MAG_VTASK_DEFINE(long_task, long)

/* ------------------------------------------------- 1. a loop that hardly ever waits */

/* Text that arrives in pieces. */
struct reader {
    const char *text;
    long piece;     /* bytes in each piece */
    long available; /* bytes of them that are not read yet */
    int waits;
};

enum { END_OF_TEXT = -1 };

/* Waits for the next piece, which arrives on some worker, and reads its first byte. */
MAG_ASYNC(long_task, wait_and_read, (struct reader *, reader), )
{
    MAG_BEGIN(f);
    f->reader->waits++;
    MAG_CONTINUE_ON(f, NULL);
    if (*f->reader->text == '\0')
        return long_task_result(END_OF_TEXT);
    f->reader->available = f->reader->piece - 1;
    return long_task_result(*f->reader->text++);
    MAG_END(f);
}

/* The next byte: it is here already, or will come with the next piece. */
static long_task read_byte(struct reader *reader)
{
    if (reader->available == 0 || *reader->text == '\0')
        return wait_and_read(reader);
    reader->available--;
    return long_task_result(*reader->text++);
}

/* Counts the lines. */
MAG_ASYNC(long_task, count_lines, (struct reader *, reader), long byte; long lines;)
{
    MAG_BEGIN(f);
    for (;;) {
        MAG_AWAIT(f, f->byte, read_byte(f->reader));
        if (f->byte == END_OF_TEXT)
            return long_task_result(f->lines);
        f->lines += f->byte == '\n';
    }
    MAG_END(f);
}

/* --------------------------------- 2. branches, a call, errors that are passed on */

enum { LISTED = 2, BUSY_ITEM = 3, UNKNOWN_ITEM = 9, TRIES = 3 };

static const long list[LISTED] = {100, 250};
static int refusals; /* how often the supplier was busy */

/* Asks the supplier, who answers on some worker and is busy the first two times. */
MAG_ASYNC(long_task, ask_supplier, (int, item), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    if (f->item == UNKNOWN_ITEM)
        MAG_FAIL(f, -ENOENT);
    if (f->item == BUSY_ITEM && refusals++ < 2)
        MAG_FAIL(f, -EAGAIN);
    return long_task_result(40);
    MAG_END(f);
}

/* The price of one item: from the list or else from the supplier, who may be busy. */
MAG_ASYNC(long_task, price_of, (int, item), int tries; int error; long price;)
{
    MAG_BEGIN(f);
    if (f->item < LISTED)
        return long_task_result(list[f->item]);
    for (f->tries = 0; f->tries < TRIES; f->tries++) {
        MAG_TRY(f, f->error, f->price, ask_supplier(f->item));
        if (f->error != -EAGAIN)
            break;
    }
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    return long_task_result(f->price);
    MAG_END(f);
}

/* The price of all items together.  An item without a price ends the function with that
 * item's error. */
MAG_ASYNC(long_task, total, (const int *, items, int, count), int i; long price, sum;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->count; f->i++) {
        MAG_AWAIT(f, f->price, price_of(f->items[f->i]));
        f->sum += f->price;
    }
    return long_task_result(f->sum);
    MAG_END(f);
}

/* --------------------------------------- 3. giving up: after a time, or when told to */

enum { LAST_WEEK = 39, TODAY = 38 };

/* An offer that comes, never comes, or is called off. */
struct offer {
    struct mag_operation operation; /* first */
    struct mag_cancel_registration registration;
};
static struct mag_operation_type offer_type =
    MAG_OPERATION_TYPE(struct offer, MAG_CANCELABLE(registration));

/* Asks a dealer.  A dealer who is asleep makes no offer until the cancel tells him that
 * nobody waits for it. */
static long_task ask_dealer(bool asleep, struct mag_cancel *cancel)
{
    struct offer *offer;
    void *object;
    int error = mag_operation_rent(&offer_type, &object);

    if (error != 0)
        return long_task_of(mag_vtask_failed(error, 0));
    offer = (struct offer *)object;
    long_task task = long_task_of(mag_operation_task(&offer->operation));
    uint64_t key = mag_operation_share(&offer->operation, cancel);
    bool answered = !asleep && mag_operation_try_result(&offer->operation, key, TODAY);

    (void)answered; /* if not, he sleeps or was called off; the task says which */
    return task;
}

/* The dealer's offer or, if it takes too long, last week's. */
MAG_ASYNC(long_task, best_offer,
          (bool, asleep, int64_t, limit_ns, struct mag_cancel *, cancel), long_task offer;
          long_task in_time; long price; int error;)
{
    MAG_BEGIN(f);
    if (mag_cancel_has_fired(f->cancel))
        MAG_FAIL_WITH(f, -ECANCELED, (uintptr_t)f->cancel);

    f->offer = ask_dealer(f->asleep, f->cancel);
    if (mag_vtask_with_timeout(NULL, &f->offer.task, f->limit_ns, &f->in_time.task) != 0)
        f->in_time = f->offer; /* no timer is available: wait without one */
    MAG_TRY(f, f->error, f->price, f->in_time);
    mag_vtask_release(f->offer.task);

    if (f->error == -ETIMEDOUT) {
        mag_cancel_fire(f->cancel); /* nobody waits for the offer any more */
        return long_task_result(LAST_WEEK);
    }
    if (f->error != 0)
        MAG_FAIL_WITH(f, f->error, mag_async_detail(f));
    return long_task_result(f->price);
    MAG_END(f);
}

/* ---------------------------------------------------------------------- the outcome */

static bool lines_are_counted(void)
{
    struct reader reader = {"one\ntwo\nthree\nfour\n", 8, 0, 0};
    long lines = 0;
    int error = long_task_wait(count_lines(&reader), &lines);

    printf("%ld lines, waited %d times: %s\n", lines, reader.waits,
           mag_error_text(error));
    return error == 0 && lines == 4 && reader.waits == 4;
}

static bool prices_are_added(void)
{
    const int items[] = {0, 1, BUSY_ITEM, 0};
    const int wrong[] = {0, UNKNOWN_ITEM, 1};
    long sum = 0;
    long none = 7;
    int error = long_task_wait(total(items, 4), &sum);
    int unknown = long_task_wait(total(wrong, 3), &none);

    printf("together %ld, the supplier was busy %d times; an unknown item: %s\n", sum,
           refusals - 1, mag_error_text(unknown));
    return error == 0 && sum == 490 && refusals == 3 && unknown == -ENOENT && none == 7;
}

static bool nobody_waits_for_ever(void)
{
    enum { MOMENT = 1000000 };
    const int64_t hour = INT64_C(3600000000000);
    static struct mag_cancel stop[3]; /* all zeroes: none has fired */
    long today = 0;
    long late = 0;
    long none = 7;
    int answered = long_task_wait(best_offer(false, hour, &stop[0]), &today);
    int asleep = long_task_wait(best_offer(true, MOMENT, &stop[1]), &late);
    long_task waiting = best_offer(true, hour, &stop[2]);

    mag_cancel_fire(&stop[2]);
    int canceled = long_task_wait(waiting, &none);
    uint64_t by = 0;
    int again = mag_vtask_get_value(best_offer(true, hour, &stop[2]).task, &none,
                                    sizeof(none), &by);

    printf("offered %ld, too late %ld, called off: %s\n", today, late,
           mag_error_text(canceled));
    return answered == 0 && today == TODAY && asleep == 0 && late == LAST_WEEK &&
           canceled == -ECANCELED && again == -ECANCELED && by == (uintptr_t)&stop[2] &&
           none == 7;
}

int main(void)
{
    bool right = lines_are_counted();

    right = prices_are_added() && right;
    right = nobody_waits_for_ever() && right;
    return right ? 0 : 1;
}
