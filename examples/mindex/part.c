/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mindex/index.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 256 << 10,
    CHAINS_FIRST = 4096,
    POSTINGS_FIRST = 2,
    POSTINGS_CHUNK = CHUNK / 4 / sizeof(struct posting), /* no more of a term in one */
};

struct chunk {
    struct chunk *next;
    size_t used;
    unsigned char bytes[CHUNK];
};

/* What a byte is in a term; 0: it is in none. */
static unsigned char small[256];
static unsigned char number[256];

__attribute__((constructor)) static void make_tables(void)
{
    static const char bytes[] = "0123456789_abcdefghijklmnopqrstuvwxyz";

    for (unsigned i = 0; i < TERM_BYTES; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        small[byte] = byte;
        number[byte] = (unsigned char)i;
        if (byte >= 'a')
            small[byte - 'a' + 'A'] = byte;
    }
}

struct part *part_create(void)
{
    struct part *part = calloc(1, sizeof(*part));

    if (part == NULL)
        return NULL;
    part->chain_count = CHAINS_FIRST;
    part->chains = calloc(part->chain_count, sizeof(struct term *));
    if (part->chains != NULL)
        return part;
    free(part);
    return NULL;
}

void part_free(struct part *part)
{
    if (part == NULL)
        return;
    while (part->chunks != NULL) {
        struct chunk *chunk = part->chunks;

        part->chunks = chunk->next;
        free(chunk);
    }
    free(part->chains);
    free(part);
}

/* ---------------------------------------------------------------------- terms */

static void *chunk_take(struct part *part, size_t size)
{
    size_t aligned = (size + 7) & ~(size_t)7;
    struct chunk *chunk = part->chunks;

    if (chunk == NULL || CHUNK - chunk->used < aligned) {
        chunk = malloc(sizeof(*chunk));
        if (chunk == NULL)
            return NULL;
        chunk->next = part->chunks;
        chunk->used = 0;
        part->chunks = chunk;
    }
    chunk->used += aligned;
    return chunk->bytes + chunk->used - aligned;
}

/* As many chains again, when there are more terms than chains. */
static void rehash(struct part *part)
{
    size_t count = 2 * part->chain_count;
    struct term **chains = calloc(count, sizeof(struct term *));

    /* Longer chains will do. */
    if (chains == NULL)
        return;
    for (size_t i = 0; i < part->chain_count; i++) {
        struct term *next;

        for (struct term *term = part->chains[i]; term != NULL; term = next) {
            struct term **chain = &chains[term->hash & (count - 1)];

            next = term->next;
            term->next = *chain;
            *chain = term;
        }
    }
    free(part->chains);
    part->chains = chains;
    part->chain_count = count;
}

static struct term *term_find(struct part *part, const char *text, uint32_t length,
                              uint32_t hash)
{
    struct term **chain = &part->chains[hash & (part->chain_count - 1)];
    struct term *term = *chain;

    while (term != NULL && (term->hash != hash || term->length != length ||
                            memcmp(term->text, text, length) != 0))
        term = term->next;
    if (term != NULL)
        return term;
    if (part->term_count == part->chain_count) {
        rehash(part);
        chain = &part->chains[hash & (part->chain_count - 1)];
    }
    term = chunk_take(part, sizeof(*term) + length);
    if (term == NULL)
        return NULL;
    *term = (struct term){.next = *chain, .hash = hash, .length = length};
    memcpy(term->text, text, length);
    *chain = term;
    part->term_count++;
    return term;
}

/* A block of a term, twice as large as its last one. */
static struct postings *postings_add(struct part *part, struct term *term)
{
    const struct postings *last = term->last;
    uint32_t capacity = last == NULL ? POSTINGS_FIRST : 2 * last->capacity;
    struct postings *block;

    if (capacity > POSTINGS_CHUNK)
        capacity = POSTINGS_CHUNK;
    block = chunk_take(part, sizeof(*block) + capacity * sizeof(struct posting));
    if (block == NULL)
        return NULL;
    *block = (struct postings){.capacity = capacity};
    if (last == NULL)
        term->first = block;
    else
        term->last->next = block;
    term->last = block;
    return block;
}

static int term_count(struct part *part, struct term *term, uint32_t document)
{
    struct postings *block = term->last;

    if (block != NULL && block->of[block->count - 1].document == document) {
        block->of[block->count - 1].count++;
        return 0;
    }
    if (block == NULL || block->count == block->capacity) {
        block = postings_add(part, term);
        if (block == NULL)
            return -ENOMEM;
    }
    block->of[block->count++] = (struct posting){document, 1};
    term->count++;
    return 0;
}

/* ------------------------------------------------------------------- documents */

/* Copies the next term, what is too long cut off, and hashes it (FNV-1a).  Returns where
 * it ends; `ret_length` is 0 if there is none. */
static const char *next_term(const char *at, const char *end, char *term,
                             uint32_t *ret_length, uint32_t *ret_hash)
{
    uint32_t length = 0;
    uint32_t hash = 2166136261U;

    while (at < end && small[(unsigned char)*at] == 0)
        at++;
    for (; at < end && small[(unsigned char)*at] != 0; at++) {
        if (length == TERM_MAX)
            continue;
        term[length++] = (char)small[(unsigned char)*at];
        hash = (hash ^ small[(unsigned char)*at]) * 16777619U;
    }
    *ret_length = length;
    *ret_hash = hash ^ (hash >> 15);
    return at;
}

int part_add(struct part *part, uint32_t document, const char *text, size_t size,
             uint64_t *ret_terms)
{
    const char *end = text + size;
    char bytes[TERM_MAX];
    uint32_t length;
    uint32_t hash;

    *ret_terms = 0;
    for (;;) {
        struct term *term;

        text = next_term(text, end, bytes, &length, &hash);
        if (length == 0)
            return 0;
        if (length == 1)
            continue;
        term = term_find(part, bytes, length, hash);
        if (term == NULL || term_count(part, term, document) != 0)
            return -ENOMEM;
        ++*ret_terms;
    }
}

static size_t bucket_of(const struct term *term)
{
    return (size_t)number[(unsigned char)term->text[0]] * TERM_BYTES +
           number[(unsigned char)term->text[1]];
}

void part_finish(struct part *part)
{
    for (size_t i = 0; i < part->chain_count; i++) {
        struct term *next;

        for (struct term *term = part->chains[i]; term != NULL; term = next) {
            struct term **bucket = &part->buckets[bucket_of(term)];

            next = term->next;
            term->next = *bucket;
            *bucket = term;
        }
        part->chains[i] = NULL;
    }
}
