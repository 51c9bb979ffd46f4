/*
 * index.h - terms, and in which documents they are.
 *
 * The model.  A part is an index of some documents, which one thread fills at a time.  A
 * term's bucket is decided by its first two bytes, so that buckets follow each other in
 * the order of the terms.  When all parts are filled, a bucket is reduced: its terms of
 * all parts are brought together, sorted, and written as text.  Buckets share nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLES_MINDEX_INDEX_H
#define EXAMPLES_MINDEX_INDEX_H

#include <stddef.h>
#include <stdint.h>

/* A byte of a term is a digit, a small letter, or _: 37 of them. */
enum { TERM_BYTES = 37, BUCKETS = TERM_BYTES * TERM_BYTES, TERM_MAX = 40 };

/* How often a term is in a document. */
struct posting {
    uint32_t document;
    uint32_t count;
};

/* A block of a term's postings.  It never moves, so adding one copies nothing, and it
 * lies in a chunk, so the end of a part frees no blocks. */
struct postings {
    struct postings *next;
    uint32_t count;
    uint32_t capacity;
    struct posting of[];
};

struct term {
    struct term *next; /* in its chain, then in its bucket */
    struct postings *first;
    struct postings *last;
    uint32_t count; /* of postings in all blocks */
    uint32_t hash;
    uint32_t length;
    char text[];
};

struct chunk;

struct part {
    struct term **chains; /* by hash; a power of two of them */
    size_t chain_count;
    size_t term_count;
    struct chunk *chunks; /* where the terms and their postings lie */
    struct term *buckets[BUCKETS];
};

/* What a bucket becomes. */
struct listing {
    char *text;
    size_t size;
    size_t capacity;
    uint64_t terms;
    uint64_t postings;
};

/* NULL: no memory. */
struct part *part_create(void);
void part_free(struct part *part);

/* Adds the terms of a document: runs of letters, digits and _, at least two, the letters
 * as small ones.  0 or -ENOMEM. */
int part_add(struct part *part, uint32_t document, const char *text, size_t size,
             uint64_t *ret_terms);

/* Puts its terms into their buckets; nothing is added afterwards. */
void part_finish(struct part *part);

/* Writes bucket `bucket` of all parts as lines: the term, then document:count for each of
 * its documents.  0 or -ENOMEM. */
int bucket_reduce(struct part *const *parts, size_t part_count, size_t bucket,
                  struct listing *ret_listing);

#endif
