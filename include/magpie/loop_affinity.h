/*
 * loop_affinity.h - the same part of an array for the same worker, from loop to loop.
 *
 *     #include <magpie/loop_affinity.h>
 *     #include <stdlib.h>
 *
 *     enum { COUNT = 300000 };
 *
 *     MAG_LOOP(heat, float *, cells)
 *
 *     static int heat(struct mag_range range, uint32_t slot, float *cells)
 *     {
 *         (void)slot;
 *         for (size_t i = range.begin; i < range.end; i++)
 *             cells[i] += 0.5f;
 *         return 0;
 *     }
 *
 *     int main(void)
 *     {
 *         static struct mag_for_affinity affinity;
 *         static struct mag_for_options options;
 *         float *cells = (float *)calloc(COUNT, sizeof(*cells));
 *         int error = cells == NULL;
 *
 *         options.affinity = &affinity;
 *         // Each part of the array goes to the memory of the worker that will have it.
 *         if (error == 0)
 *             error = mag_for_touch(NULL, &affinity, cells, COUNT * sizeof(*cells));
 *         for (int step = 0; step < 10 && error == 0; step++)
 *             error = heat_for_with(NULL, &options, NULL, 0, COUNT, cells);
 *         if (error == 0 && cells[COUNT - 1] != 5)
 *             error = 1;
 *         free(cells);
 *         return error;
 *     }
 *
 * The model.  An affinity remembers which worker had which part of a loop's indices.  The
 * next loop with the same object gives each part to the same worker first, so that its
 * data is still in that worker's cache, and in the memory of that worker's node.  A
 * worker that has nothing of its own left takes parts of others.  They are its own then:
 * so parts move away from workers that have other things to do.
 *
 * At first each worker has a row of parts in the order of the workers' numbers, and so
 * each node has a row too.
 *
 * It pays if an array is walked again and again and does not fit into the caches, or on a
 * machine with several nodes.  Loops with different numbers of indices may share an
 * object: part for part, the first tenth of one goes where the first tenth of the other
 * was.  One loop at a time uses an object.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_LOOP_AFFINITY_H
#define MAGPIE_LOOP_AFFINITY_H

#include <magpie/loop.h>

MAG_EXTERN_C_BEGIN

/* Into so many parts a loop is cut, at most. */
#define MAG_FOR_AFFINITY_PARTS 256

/* Which worker had which part.  Zeroed at first; its members are the library's. */
struct mag_for_affinity {
    uint32_t parts;
    uint32_t workers;
    uint16_t owners[MAG_FOR_AFFINITY_PARTS];
};

/*
 * Touches each page of an array that was not used yet, on the worker that has this part
 * of a loop with the same affinity.  The system puts a page on the node of the thread
 * that touches it first.  What is in the array stays as it is.
 *
 *   sched      NULL: that of the calling worker; on any other thread the default
 *              scheduler
 *   affinity   not NULL
 *   size       of the array, in bytes
 *   Thread     any; nobody else writes to the array meanwhile
 *   Blocks     until all is touched
 *   Returns    as mag_for
 */
MAG_API MAG_MUST_CHECK int mag_for_touch(struct mag_sched *sched,
                                         struct mag_for_affinity *affinity, void *array,
                                         size_t size);

MAG_EXTERN_C_END

#endif
