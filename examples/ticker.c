/*
 * ticker.c - a reading each two milliseconds, while the work between the readings takes
 * longer at times: readings are late then, but the times of the others stay what they
 * are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

enum { READINGS = 6 };

static const int64_t millisecond = 1000000;

MAG_ASYNC(mag_task, read_regularly, (struct mag_ticker *, ticker), int i; uint64_t ticks;
          uint64_t at; struct mag_delay_state work;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < READINGS; f->i++) {
        MAG_AWAIT(f, f->ticks, mag_ticker_next(f->ticker, NULL));
        f->at += f->ticks;
        printf("tick %llu: a reading; %llu were missed\n", (unsigned long long)f->at,
               (unsigned long long)f->ticks - 1);
        if (f->i == 2) /* misses three ticks or more */
            MAG_CONNECT_DONE(f, mag_delay, &f->work, NULL, 7 * millisecond);
    }
    if (f->at < READINGS + 2)
        MAG_FAIL(f, -EPROTO);
    MAG_END(f);
}

int main(void)
{
    struct mag_ticker *ticker;
    int error = mag_ticker_create(NULL, 2 * millisecond, &ticker);

    if (error == 0) {
        error = mag_task_wait(read_regularly(ticker));
        mag_ticker_destroy(ticker);
    }
    if (error != 0)
        (void)fprintf(stderr, "ticker: %s\n", mag_error_text(error));
    return error == 0 ? 0 : 1;
}
