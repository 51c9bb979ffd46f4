/*
 * wide_fork.c - a wide fork: the moves of a game, tried in parallel, each of which leads
 * to more moves.
 *
 * Counts the ways of a king across a board: from the first row to the last one, a row at
 * each move, to one of up to three columns.  Each node of that tree is a range of three
 * children in one slot of the fork stack.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

enum { COLUMNS = 8, ROWS = 12 };

MAG_FORKABLE(unsigned long, ways, int, row, int, column)
MAG_FORKABLE_RANGE(unsigned long, step, int, row, int, column)

static unsigned long ways(mag_fork w, int row, int column)
{
    if (column < 0 || column >= COLUMNS)
        return 0;
    if (row == ROWS - 1)
        return 1;
    struct step_range steps = step_fork_range(&w, 0, 3, row, column);
    return step_join_range(&w, steps);
}

/* One child of a range: the move to the left, straight on, or to the right. */
static unsigned long step(mag_fork w, size_t index, int row, int column)
{
    return ways(w, row + 1, column + (int)index - 1);
}

static void step_combine(unsigned long *sum, const unsigned long *later)
{
    *sum += *later;
}

/* The same with a table, to compare. */
static unsigned long expected(int column)
{
    unsigned long table[ROWS][COLUMNS + 2] = {{0}};

    table[0][column + 1] = 1;
    for (int row = 1; row < ROWS; row++) {
        for (int i = 1; i <= COLUMNS; i++)
            table[row][i] =
                table[row - 1][i - 1] + table[row - 1][i] + table[row - 1][i + 1];
    }
    unsigned long sum = 0;
    for (int i = 1; i <= COLUMNS; i++)
        sum += table[ROWS - 1][i];
    return sum;
}

int main(void)
{
    struct mag_sched *sched;
    unsigned long sum = 0;
    int error = mag_sched_default(&sched);

    if (error == 0)
        error = ways_run(sched, &sum, 0, 3);
    if (error != 0) {
        (void)fprintf(stderr, "wide_fork: %s\n", mag_call_text(error));
        return 1;
    }
    printf("%lu ways\n", sum);
    return sum == expected(3) ? 0 : 1;
}
