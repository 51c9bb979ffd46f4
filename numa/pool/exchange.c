/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/pool/magazine.h"

#include <errno.h>
#include <string.h>

/* --------------------------------------------------------------------------- take */

/* NOLINTBEGIN(readability-function-size): a batch has three outputs. */
/* Gathers free objects of `node`: takes chains off the stack until there are `want`
 * objects, or makes new objects if the stack is empty.  Returns 0, or the reason why
 * there are none. */
static int gather(struct mag_pool *pool, uint32_t node, uint32_t want, void **objects,
                  uint32_t *ret_count, bool *ret_new)
{
    uint32_t count = 0;
    uint32_t fetched = 1;
    int r = 0;

    while (count < want && fetched != 0) {
        fetched = mag_pool_fetch(pool, node, objects + count);
        count += fetched;
    }
    *ret_new = count == 0;
    if (count == 0)
        r = mag_pool_carve(pool, node, want, objects, &count);
    *ret_count = count;
    return r;
}
/* NOLINTEND(readability-function-size) */

/* One object of another node, for a thread whose own node has none and cannot make
 * more. */
static void *take_elsewhere(struct mag_pool *pool, uint32_t here)
{
    void *objects[POOL_CHAIN_MAX];

    for (uint32_t i = 1; i < pool->place.nodes; i++) {
        uint32_t node = (here + i) % pool->place.nodes;
        uint32_t count = mag_pool_fetch(pool, node, objects);

        if (count > 1)
            mag_pool_send(pool, node, objects + 1, count - 1);
        if (count != 0)
            return objects[0];
    }
    return NULL;
}

/* One object from the outboxes: it waits there to be returned to another node. */
static void *take_from_outboxes(const struct mag_pool *pool,
                                struct mag_magazine *magazine)
{
    for (uint32_t node = 0; pool->place.nodes > 1 && node < pool->place.nodes; node++) {
        struct mag_outbox *outbox = mag_magazine_outbox(pool, magazine, node);
        if (outbox->count == 0)
            continue;
        --*mag_magazine_leaving(pool, magazine);
        return outbox->objects[--outbox->count];
    }
    return NULL;
}

static void prepare_objects(const struct mag_pool *pool, void *const *objects,
                            uint32_t count)
{
    if (pool->prepare == NULL)
        return;
    /* Nobody owns the objects yet: a cancellation here would lose them. */
    int cancel = mag_os_hold_cancel();
    for (uint32_t i = 0; i < count; i++)
        pool->prepare(objects[i], pool->prepare_arg);
    mag_os_let_cancel(cancel);
}

/* For a thread without a magazine. */
static int take_one(struct mag_pool *pool, void **ret_object)
{
    struct mag_member *member = mag_member_self();
    uint32_t node = mag_pool_place_here(&pool->place);
    void *objects[POOL_CHAIN_MAX];
    uint32_t count = 0;
    bool is_new;

    mag_member_lock(member);
    int r = gather(pool, node, 1, objects, &count, &is_new);
    if (count > 1)
        mag_pool_send(pool, node, objects + 1, count - 1);
    if (r < 0) {
        objects[0] = take_elsewhere(pool, node);
        r = objects[0] != NULL ? 0 : r;
        is_new = false;
    }
    mag_member_unlock(member);
    if (r < 0)
        return r;
    if (is_new)
        prepare_objects(pool, objects, 1);
    *ret_object = objects[0];
    return 0;
}

/* Fills an empty magazine with objects of the node on which the thread now runs. */
static int refill(struct mag_pool *pool, struct mag_magazine *magazine, void **ret_object)
{
    struct mag_member *member = mag_member_self();
    void **objects = mag_magazine_objects(magazine);
    void *foreign = NULL;
    uint32_t count;
    bool is_new;

    magazine->node = mag_pool_place_here(&pool->place);
    mag_member_lock(member);
    int r = gather(pool, magazine->node, pool->batch, objects, &count, &is_new);
    if (r < 0) {
        foreign = take_from_outboxes(pool, magazine);
        if (foreign == NULL)
            foreign = take_elsewhere(pool, magazine->node);
    }
    mag_member_unlock(member);
    if (foreign != NULL) {
        *ret_object = foreign;
        return 0;
    }
    if (r < 0)
        return r;
    if (is_new)
        prepare_objects(pool, objects, count);
    magazine->count = count - 1;
    *ret_object = objects[count - 1];
    return 0;
}

int mag_pool_take_slow(struct mag_pool *pool, void **ret_object)
{
    struct mag_magazine *magazine = mag_magazine_self(pool);

    return magazine != NULL ? refill(pool, magazine, ret_object)
                            : take_one(pool, ret_object);
}

/* --------------------------------------------------------------------------- give */

/* Returns the older half of a full magazine to the node; all of it if the thread has
 * moved to another node. */
static void make_room(struct mag_pool *pool, struct mag_magazine *magazine, uint32_t here)
{
    void **objects = mag_magazine_objects(magazine);

    if (magazine->node != here) {
        mag_magazine_send_all(pool, magazine);
        magazine->node = here;
        return;
    }
    mag_pool_send(pool, here, objects, pool->batch);
    magazine->count -= pool->batch;
    memmove(objects, objects + pool->batch, magazine->count * sizeof(objects[0]));
}

static uint32_t find_fullest(const struct mag_pool *pool, struct mag_magazine *magazine)
{
    uint32_t fullest = 0;

    for (uint32_t node = 1; node < pool->place.nodes; node++) {
        if (mag_magazine_outbox(pool, magazine, node)->count >
            mag_magazine_outbox(pool, magazine, fullest)->count)
            fullest = node;
    }
    return fullest;
}

static void send_outbox(struct mag_pool *pool, struct mag_magazine *magazine,
                        uint32_t node)
{
    struct mag_outbox *outbox = mag_magazine_outbox(pool, magazine, node);

    mag_pool_send(pool, node, outbox->objects, (uint32_t)outbox->count);
    *mag_magazine_leaving(pool, magazine) -= outbox->count;
    outbox->count = 0;
}

static void give_foreign(struct mag_pool *pool, struct mag_magazine *magazine,
                         void *object, uint32_t home)
{
    if (pool->outbox == 0) {
        mag_pool_send(pool, home, &object, 1);
        return;
    }

    struct mag_outbox *outbox = mag_magazine_outbox(pool, magazine, home);
    uint64_t *leaving = mag_magazine_leaving(pool, magazine);
    outbox->objects[outbox->count++] = object;
    ++*leaving;
    if (outbox->count == pool->outbox)
        send_outbox(pool, magazine, home);
    else if (*leaving == pool->cache)
        send_outbox(pool, magazine, find_fullest(pool, magazine));
    else
        return;
    /* A thread that takes nothing would not notice otherwise that it has moved. */
    if (magazine->count == 0)
        magazine->node = mag_pool_place_here(&pool->place);
}

/* Under the thread's latch. */
static void give_object(struct mag_pool *pool, struct mag_magazine *magazine,
                        void *object, uint32_t home)
{
    if (magazine == NULL) {
        mag_pool_send(pool, home, &object, 1);
        return;
    }
    if (magazine->node == home && magazine->count == magazine->capacity)
        make_room(pool, magazine, mag_pool_place_here(&pool->place));
    if (magazine->node == home)
        mag_magazine_objects(magazine)[magazine->count++] = object;
    else
        give_foreign(pool, magazine, object, home);
}

void mag_pool_give_slow(struct mag_pool *pool, void *object)
{
    const struct mag_pool_slab *slab = mag_pool_slab_of(&pool->shape, object);
    struct mag_magazine *magazine = mag_magazine_self(pool);
    struct mag_member *member = mag_member_self();

    /* Misuse: the object belongs to another pool.  It is lost to that pool; it must not
     * be in two. */
    if (MAG_UNLIKELY(slab->pool != pool))
        return;
    mag_member_lock(member);
    give_object(pool, magazine, object, slab->node);
    mag_member_unlock(member);
}
