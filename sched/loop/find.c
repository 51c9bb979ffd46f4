/*
 * find.c - searches: loops whose bodies fail where they have found something.
 *
 * The result of a loop tells the first range that failed, and the body's result how far
 * from the beginning of the range the index is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/find.h>

#include <limits.h>

struct find {
    mag_find_body body;
    void *arg;
};

static int search_range(struct mag_range range, uint32_t slot, void *arg)
{
    const struct find *find = arg;
    size_t index = find->body(range, slot, find->arg);

    if (index >= range.end)
        return 0;
    return index - range.begin < INT_MAX ? (int)(index - range.begin) + 1 : INT_MAX;
}

/* What a search has found whose loop has returned `result`. */
static int find_result(const struct find *find, int result, struct mag_range failed,
                       size_t *ret_index)
{
    size_t index = failed.begin + (size_t)(result - 1);

    if (result < 0)
        return result;
    if (result == 0)
        index = failed.end;
    else if (result == INT_MAX)
        /* It is further off than the result could tell; nobody else has a slot now. */
        index = find->body((struct mag_range){index, failed.end}, 0, find->arg);
    *ret_index = index;
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): a search needs them all. */
int mag_find_with(struct mag_sched *sched, const struct mag_for_options *options,
                  size_t *ret_index, size_t begin, size_t end, mag_find_body body,
                  void *arg)
{
    struct find find = {body, arg};
    struct mag_range failed = {begin, end};
    int r = mag_for_with(sched, options, &failed, begin, end, search_range, &find);

    return find_result(&find, r, failed, ret_index);
}

/* NOLINTNEXTLINE(readability-function-size): a search needs them all. */
int mag_find(struct mag_sched *sched, size_t *ret_index, size_t begin, size_t end,
             mag_find_body body, void *arg)
{
    return mag_find_with(sched, NULL, ret_index, begin, end, body, arg);
}

/* NOLINTNEXTLINE(readability-function-size): a search needs them all. */
int mag_find_in(mag_fork w, const struct mag_for_options *options, size_t *ret_index,
                size_t begin, size_t end, mag_find_body body, void *arg)
{
    struct find find = {body, arg};
    struct mag_range failed = {begin, end};
    int r = mag_for_in(w, options, &failed, begin, end, search_range, &find);

    return find_result(&find, r, failed, ret_index);
}
