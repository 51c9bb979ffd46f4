/*
 * each.c - many requests, at most eight at a time: the sizes of a hundred pages, from a
 * server that refuses more than eight visitors at once, and that does not have page 70.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdatomic.h>
#include <stdio.h>

enum { PAGES = 100, AT_A_TIME = 8 };

static atomic_int visitors, refused;

MAG_EACH(fetch, long *, sizes)

MAG_ASYNC(mag_task, fetch, (size_t, page, long *, sizes), struct mag_delay_state answer;)
{
    MAG_BEGIN(f);
    /* relaxed: the end of the loop publishes it. */
    if (atomic_fetch_add_explicit(&visitors, 1, memory_order_relaxed) >= AT_A_TIME)
        /* relaxed: as above. */
        (void)atomic_fetch_add_explicit(&refused, 1, memory_order_relaxed);
    MAG_CONNECT_DONE(f, mag_delay, &f->answer, NULL, 500000); /* stands for the request */
    f->sizes[f->page] = 1000 + (long)f->page;
    /* relaxed: as above. */
    (void)atomic_fetch_sub_explicit(&visitors, 1, memory_order_relaxed);
    if (f->page == 70)
        MAG_FAIL(f, -ENOENT);
    MAG_END(f);
}

/* What all pages take together; of a page that fails, its number. */
MAG_ASYNC(mag_task, fetch_all, (long *, sizes, size_t, count, size_t *, ret_failed),
          struct mag_each_options options;)
{
    MAG_BEGIN(f);
    f->options.limit = AT_A_TIME;
    f->options.ret_failed = f->ret_failed;
    MAG_AWAIT_DONE(f, fetch_each_with(NULL, &f->options, 0, f->count, f->sizes));
    MAG_END(f);
}

int main(void)
{
    static long sizes[PAGES];
    size_t failed = 0;
    int first = mag_task_wait(fetch_all(sizes, 50, &failed));
    int second = mag_task_wait(fetch_all(sizes, PAGES, &failed));

    printf("50 pages: %s; all pages: page %zu: %s\n", mag_error_text(first), failed,
           mag_error_text(second));
    /* relaxed: as above. */
    return first == 0 && second == -ENOENT && failed == 70 && sizes[49] == 1049 &&
                   atomic_load_explicit(&refused, memory_order_relaxed) == 0
               ? 0
               : 1;
}
