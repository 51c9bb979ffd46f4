/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mindex/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LISTING_FIRST = 16 << 10, NUMBER_MAX = 11 };

static int by_text(const void *a, const void *b)
{
    const struct term *left = *(const struct term *const *)a;
    const struct term *right = *(const struct term *const *)b;
    uint32_t shorter = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->text, right->text, shorter);

    if (order != 0)
        return order;
    return (left->length > right->length) - (left->length < right->length);
}

/* All terms of a bucket, sorted: what the parts have of one term stands together. */
static struct term **gather(struct part *const *parts, size_t part_count, size_t bucket,
                            size_t *ret_count)
{
    struct term **terms;
    size_t count = 0;

    for (size_t i = 0; i < part_count; i++) {
        for (struct term *t = parts[i]->buckets[bucket]; t != NULL; t = t->next)
            count++;
    }
    *ret_count = count;
    terms = malloc((count + 1) * sizeof(struct term *));
    if (terms == NULL)
        return NULL;
    count = 0;
    for (size_t i = 0; i < part_count; i++) {
        for (struct term *t = parts[i]->buckets[bucket]; t != NULL; t = t->next)
            terms[count++] = t;
    }
    qsort(terms, count, sizeof(struct term *), by_text);
    return terms;
}

/* ------------------------------------------------------------------------ text */

static int make_room(struct listing *listing, size_t size)
{
    size_t capacity = listing->capacity == 0 ? LISTING_FIRST : listing->capacity;
    char *text;

    while (capacity - listing->size < size)
        capacity *= 2;
    if (capacity == listing->capacity)
        return 0;
    text = realloc(listing->text, capacity);
    if (text == NULL)
        return -ENOMEM;
    listing->text = text;
    listing->capacity = capacity;
    return 0;
}

static void put_number(struct listing *listing, char before, uint32_t number)
{
    char digits[NUMBER_MAX];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    listing->text[listing->size++] = before;
    memcpy(listing->text + listing->size, digits + at, sizeof(digits) - at);
    listing->size += sizeof(digits) - at;
}

/* The end of the postings that are in order from `begin` on. */
static size_t run_end(const struct posting *postings, size_t begin, size_t count)
{
    size_t end = begin + 1;

    while (end < count && postings[end - 1].document < postings[end].document)
        end++;
    return end;
}

/* Merges the first `middle` postings with the rest; `spare` has room for them. */
static void merge_two(struct posting *postings, size_t middle, size_t count,
                      struct posting *spare)
{
    size_t left = 0;
    size_t right = middle;
    size_t to = 0;

    memcpy(spare, postings, middle * sizeof(*spare));
    while (left < middle && right < count) {
        postings[to++] = spare[left].document < postings[right].document
                             ? spare[left++]
                             : postings[right++];
    }
    memcpy(postings + to, spare + left, (middle - left) * sizeof(*spare));
}

/* What one part has of a term is nearly in order, and there are few parts: runs that are
 * in order are merged two by two, until one is left. */
static void merge_postings(struct posting *postings, size_t count, struct posting *spare)
{
    while (run_end(postings, 0, count) < count) {
        size_t end;

        for (size_t begin = 0; begin < count; begin = end) {
            size_t middle = run_end(postings, begin, count);

            end = middle < count ? run_end(postings, middle, count) : count;
            merge_two(postings + begin, middle - begin, end - begin, spare);
        }
    }
}

/* A line for `count` terms of the same text. */
static int put_line(struct listing *listing, struct term *const *terms, size_t count)
{
    size_t total = 0;
    struct posting *all;

    for (size_t i = 0; i < count; i++)
        total += terms[i]->count;
    all = malloc(2 * total * sizeof(*all));
    if (all == NULL ||
        make_room(listing, TERM_MAX + 1 + total * 2 * (size_t)NUMBER_MAX) != 0) {
        free(all);
        return -ENOMEM;
    }
    total = 0;
    for (size_t i = 0; i < count; i++) {
        for (const struct postings *block = terms[i]->first; block != NULL;
             block = block->next) {
            memcpy(all + total, block->of, block->count * sizeof(*all));
            total += block->count;
        }
    }
    merge_postings(all, total, all + total);
    memcpy(listing->text + listing->size, terms[0]->text, terms[0]->length);
    listing->size += terms[0]->length;
    for (size_t i = 0; i < total; i++) {
        put_number(listing, ' ', all[i].document);
        put_number(listing, ':', all[i].count);
    }
    listing->text[listing->size++] = '\n';
    listing->terms++;
    listing->postings += total;
    free(all);
    return 0;
}

int bucket_reduce(struct part *const *parts, size_t part_count, size_t bucket,
                  struct listing *ret_listing)
{
    size_t count;
    struct term **terms = gather(parts, part_count, bucket, &count);
    int r = terms != NULL ? 0 : -ENOMEM;

    ret_listing->size = 0;
    ret_listing->terms = 0;
    ret_listing->postings = 0;
    for (size_t i = 0; r == 0 && i < count;) {
        size_t end = i + 1;

        while (end < count && by_text(&terms[i], &terms[end]) == 0)
            end++;
        r = put_line(ret_listing, terms + i, end - i);
        i = end;
    }
    free(terms);
    return r;
}
