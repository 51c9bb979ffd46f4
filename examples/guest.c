/*
 * guest.c - main takes part in the work: it sorts beside the workers instead of waiting
 * for them, and counts, for each thread that takes part, what that thread has done.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBERS = 200000, SMALL = 512, ROUNDS = 4 };

/* By number of the worker or guest; each has a cache line to itself. */
struct tally {
    _Alignas(64) long sorted;
};

static int compare(const void *a, const void *b)
{
    int x = *(const int *)a;
    int y = *(const int *)b;

    return (x > y) - (x < y);
}

static int split(int *numbers, int count)
{
    int pivot = numbers[count / 2];
    int low = 0;
    int high = count - 1;

    for (;;) {
        while (numbers[low] < pivot)
            low++;
        while (numbers[high] > pivot)
            high--;
        if (low >= high)
            return low;
        int swap = numbers[low];
        numbers[low++] = numbers[high];
        numbers[high--] = swap;
    }
}

MAG_FORKABLE_VOID(sort, int *, numbers, int, count, struct tally *, tallies)

static void sort(mag_fork w, int *numbers, int count, struct tally *tallies)
{
    if (count <= SMALL) {
        qsort(numbers, (size_t)count, sizeof(numbers[0]), compare);
        tallies[mag_sched_worker()].sorted += count;
        return;
    }
    int middle = split(numbers, count);
    struct sort_child rest = sort_fork(&w, numbers + middle, count - middle, tallies);

    sort(w, numbers, middle, tallies);
    sort_join(&w, rest);
}

static bool is_sorted(const int *numbers)
{
    for (int i = 1; i < NUMBERS; i++) {
        if (numbers[i - 1] > numbers[i])
            return false;
    }
    return true;
}

static int sort_again_and_again(struct mag_sched *sched, int *numbers,
                                struct tally *tallies)
{
    unsigned seed = 1;

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < NUMBERS; i++) {
            seed = seed * 1664525 + 1013904223;
            numbers[i] = (int)(seed >> 8);
        }
        if (sort_run(sched, numbers, NUMBERS, tallies) != 0 || !is_sorted(numbers))
            return 1;
    }
    return 0;
}

int main(void)
{
    struct mag_guest guest;
    struct mag_sched *sched;
    long total = 0;

    if (mag_sched_default(&sched) != 0)
        return 1;
    uint32_t places = mag_sched_capacity(sched);
    int *numbers = (int *)malloc(NUMBERS * sizeof(numbers[0]));
    struct tally *tallies =
        (struct tally *)aligned_alloc(64, places * sizeof(tallies[0]));
    if (numbers == NULL || tallies == NULL) {
        free(numbers);
        free(tallies);
        return 1;
    }
    for (uint32_t i = 0; i < places; i++)
        tallies[i].sorted = 0;

    /* Without this the thread would enter and leave in each round. */
    if (mag_guest_enter(sched, &guest) != 0) {
        free(numbers);
        free(tallies);
        return 1;
    }
    uint32_t mine = mag_sched_worker();
    int failed = sort_again_and_again(sched, numbers, tallies);
    mag_guest_leave(&guest);

    for (uint32_t i = 0; i < places; i++)
        total += tallies[i].sorted;
    printf("main sorted %ld of %ld numbers\n", tallies[mine].sorted, total);
    free(numbers);
    free(tallies);
    return failed == 0 && total == (long)ROUNDS * NUMBERS ? 0 : 1;
}
