/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/pool/magazine.h"

#include "base/space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* [L] every field is under `lock`. */
static struct {
    pthread_mutex_t lock;
    bool ready;
    bool sees_forks;
    pthread_key_t exit_key;
    struct mag_member *members;
    struct mag_pool **pools; /* by number; NULL: the number is free */
    uint32_t capacity;       /* entries of `pools`, and of any rack at most */
    uint32_t used;           /* pools that exist */
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Stands in for a missing magazine: always empty and always full, so that every take and
 * every give calls the slow path. */
static struct mag_magazine no_magazine;

/* The record of threads without one of their own: memory was short, or the thread is
 * exiting. */
static struct mag_member shared_member;

__thread struct mag_magazine_rack mag_magazine_rack;

static __thread struct mag_member *own_member;

/* ------------------------------------------------------------ threads come and go */

static void unlink_member(struct mag_member *member)
{
    *member->link = member->next;
    if (member->next != NULL)
        member->next->link = member->link;
}

static void link_member(struct mag_member *member)
{
    member->next = registry.members;
    member->link = &registry.members;
    if (member->next != NULL)
        member->next->link = &member->next;
    registry.members = member;
}

static void free_member(struct mag_member *member)
{
    for (uint32_t i = 0; i < member->rack.size; i++) {
        if (member->rack.magazines[i] != &no_magazine)
            free(member->rack.magazines[i]);
    }
    free(member->rack.magazines);
    free(member);
}

/* Under the list's lock. */
static void empty_rack(const struct mag_magazine_rack *rack)
{
    for (uint32_t i = 0; i < rack->size; i++) {
        if (rack->magazines[i] != &no_magazine)
            mag_magazine_empty(registry.pools[i], rack->magazines[i]);
    }
}

/* At the exit of the calling thread.  A destructor that runs later may still use a pool;
 * it does so without a record, because the system will not announce the thread's exit
 * again. */
static void leave_pools(void *arg)
{
    struct mag_member *member = arg;

    (void)pthread_mutex_lock(&registry.lock);
    empty_rack(&member->rack);
    unlink_member(member);
    (void)pthread_mutex_unlock(&registry.lock);

    free_member(member);
    mag_magazine_rack = (struct mag_magazine_rack){NULL, 0};
    own_member = &shared_member;
}

/* The record of a thread that exited without calling leave_pools; NULL: there is none. */
static struct mag_member *take_over(void)
{
    struct mag_member *member;

    (void)pthread_mutex_lock(&registry.lock);
    member = registry.members;
    while (member != NULL && member->owner != &own_member)
        member = member->next;
    if (member != NULL) {
        empty_rack(&member->rack);
        mag_magazine_rack = member->rack;
    }
    (void)pthread_mutex_unlock(&registry.lock);
    return member;
}

static struct mag_member *new_member(void)
{
    struct mag_member *member = aligned_alloc(MAG_CACHE_LINE, sizeof(*member));

    if (member == NULL)
        return NULL;
    atomic_init(&member->latch, 0);
    member->owner = &own_member;
    member->rack = (struct mag_magazine_rack){NULL, 0};
    (void)pthread_mutex_lock(&registry.lock);
    link_member(member);
    (void)pthread_mutex_unlock(&registry.lock);
    return member;
}

static struct mag_member *make_member(void)
{
    struct mag_member *member;

    /* Before the record exists: a record whose thread's exit is not announced would
     * leak. */
    if (pthread_setspecific(registry.exit_key, &shared_member) != 0)
        return NULL;
    member = take_over();
    if (member == NULL)
        member = new_member();
    (void)pthread_setspecific(registry.exit_key, member);
    return member;
}

struct mag_member *mag_member_self(void)
{
    if (own_member == NULL)
        own_member = make_member();
    return own_member != NULL ? own_member : &shared_member;
}

/* ---------------------------------------------------------------------- magazines */

/* On several nodes on pages of its own: a page that two threads share can be near one of
 * them alone. */
static size_t magazine_alignment(const struct mag_pool *pool)
{
    return pool->place.nodes > 1 ? mag_space_page() : MAG_CACHE_LINE;
}

static size_t magazine_size(const struct mag_pool *pool)
{
    size_t alignment = magazine_alignment(pool);
    size_t size = sizeof(struct mag_magazine) + pool->cache * sizeof(void *);

    if (pool->place.nodes > 1)
        size += sizeof(uint64_t) + pool->place.nodes * (sizeof(struct mag_outbox) +
                                                        pool->outbox * sizeof(void *));
    return (size + alignment - 1) / alignment * alignment;
}

static struct mag_magazine *make_magazine(const struct mag_pool *pool)
{
    size_t size = magazine_size(pool);
    struct mag_magazine *magazine = aligned_alloc(magazine_alignment(pool), size);

    if (magazine == NULL)
        return NULL;
    memset(magazine, 0, size);
    magazine->capacity = pool->cache;
    magazine->batch = pool->batch;
    magazine->node = mag_pool_place_here(&pool->place);
    if (pool->place.nodes > 1) {
        magazine->home_mask = ~(uintptr_t)(pool->shape.slab_size - 1);
        /* The C library may have given out memory that a thread elsewhere has used. */
        uint32_t os_node = mag_pool_place_os_node(&pool->place, magazine->node);
        if (os_node != MAG_NONE)
            mag_space_bring(magazine, size, os_node);
    }
    return magazine;
}

/* Under the list's lock.  Makes the calling thread's rack as large as any pool needs. */
static bool grow_rack(struct mag_member *member)
{
    struct mag_magazine_rack *rack = &member->rack;
    struct mag_magazine **magazines = malloc(registry.capacity * sizeof(magazines[0]));

    if (magazines == NULL)
        return false;
    for (uint32_t i = 0; i < registry.capacity; i++)
        magazines[i] = i < rack->size ? rack->magazines[i] : &no_magazine;
    free(rack->magazines);
    *rack = (struct mag_magazine_rack){magazines, registry.capacity};
    mag_magazine_rack = *rack;
    return true;
}

static struct mag_magazine *hang_magazine(struct mag_member *member,
                                          const struct mag_pool *pool)
{
    struct mag_magazine *magazine = make_magazine(pool);

    if (magazine == NULL)
        return NULL;
    (void)pthread_mutex_lock(&registry.lock);
    bool fits = pool->number < member->rack.size || grow_rack(member);
    if (fits)
        member->rack.magazines[pool->number] = magazine;
    (void)pthread_mutex_unlock(&registry.lock);
    if (fits)
        return magazine;
    free(magazine);
    return NULL;
}

static struct mag_magazine *find_magazine(const struct mag_pool *pool)
{
    if (pool->number >= mag_magazine_rack.size ||
        mag_magazine_rack.magazines[pool->number] == &no_magazine)
        return NULL;
    return mag_magazine_rack.magazines[pool->number];
}

struct mag_magazine *mag_magazine_self(const struct mag_pool *pool)
{
    struct mag_magazine *magazine;
    struct mag_member *member;

    if (pool->cache == 0)
        return NULL;
    magazine = find_magazine(pool);
    if (magazine != NULL)
        return magazine;
    member = mag_member_self();
    if (member == &shared_member)
        return NULL;
    /* The record may have been taken over from another thread, with magazines. */
    magazine = find_magazine(pool);
    return magazine != NULL ? magazine : hang_magazine(member, pool);
}

void mag_magazine_send_all(struct mag_pool *pool, struct mag_magazine *magazine)
{
    void **objects = mag_magazine_objects(magazine);

    while (magazine->count != 0) {
        uint32_t count = magazine->count < pool->batch ? magazine->count : pool->batch;
        magazine->count -= count;
        mag_pool_send(pool, magazine->node, objects + magazine->count, count);
    }
}

void mag_magazine_empty(struct mag_pool *pool, struct mag_magazine *magazine)
{
    mag_magazine_send_all(pool, magazine);
    for (uint32_t node = 0; pool->place.nodes > 1 && node < pool->place.nodes; node++) {
        struct mag_outbox *outbox = mag_magazine_outbox(pool, magazine, node);
        if (outbox->count != 0)
            mag_pool_send(pool, node, outbox->objects, (uint32_t)outbox->count);
        outbox->count = 0;
    }
    if (pool->place.nodes > 1)
        *mag_magazine_leaving(pool, magazine) = 0;
}

/* -------------------------------------------------------------------------- pools */

static bool grow_list(void)
{
    uint32_t capacity = registry.capacity != 0 ? 2 * registry.capacity : 16;
    struct mag_pool **pools = realloc(registry.pools, capacity * sizeof(pools[0]));

    if (pools == NULL)
        return false;
    for (uint32_t i = registry.capacity; i < capacity; i++)
        pools[i] = NULL;
    registry.pools = pools;
    registry.capacity = capacity;
    return true;
}

int mag_magazines_enlist(struct mag_pool *pool)
{
    uint32_t number = 0;

    (void)pthread_mutex_lock(&registry.lock);
    bool fits = registry.used < registry.capacity || grow_list();
    if (fits) {
        while (registry.pools[number] != NULL)
            number++;
        registry.pools[number] = pool;
        registry.used++;
        pool->number = number;
    }
    (void)pthread_mutex_unlock(&registry.lock);
    return fits ? 0 : -ENOMEM;
}

void mag_magazines_delist(const struct mag_pool *pool)
{
    uint32_t number = pool->number;

    (void)pthread_mutex_lock(&registry.lock);
    for (struct mag_member *member = registry.members; member != NULL;
         member = member->next) {
        struct mag_magazine_rack *rack = &member->rack;
        if (number < rack->size && rack->magazines[number] != &no_magazine) {
            free(rack->magazines[number]);
            rack->magazines[number] = &no_magazine;
        }
    }
    registry.pools[number] = NULL;
    if (--registry.used == 0) {
        free(registry.pools);
        registry.pools = NULL;
        registry.capacity = 0;
    }
    (void)pthread_mutex_unlock(&registry.lock);
}

/* ---------------------------------------------------------------------- for tests */

static uint64_t count_stack(struct mag_pool *pool, uint32_t node)
{
    struct mag_pool_stack *free_ones = &mag_pool_depot(pool, node)->free;
    struct mag_pool_stack counted;
    void *objects[POOL_CHAIN_MAX];
    mag_pool_link *head;
    uint64_t count = 0;

    mag_pool_stack_init(&counted);
    while ((head = mag_pool_stack_pop(free_ones)) != NULL) {
        count += mag_pool_unchain(&pool->shape, head, objects);
        mag_pool_stack_push(&counted, head);
    }
    while ((head = mag_pool_stack_pop(&counted)) != NULL)
        mag_pool_stack_push(free_ones, head);
    return count;
}

/* How many objects a thread keeps of a pool.  Only reads another thread's magazine. */
static __attribute__((no_sanitize("thread"))) uint64_t
count_kept(const struct mag_pool *pool, struct mag_magazine *magazine)
{
    uint64_t count = magazine->count;

    for (uint32_t node = 0; pool->place.nodes > 1 && node < pool->place.nodes; node++)
        count += mag_magazine_outbox(pool, magazine, node)->count;
    return count;
}

/* Under the list's lock. */
static uint64_t count_free(struct mag_pool *pool)
{
    uint64_t count = 0;

    for (struct mag_member *member = registry.members; member != NULL;
         member = member->next) {
        struct mag_magazine_rack *rack = &member->rack;
        if (pool->number < rack->size && rack->magazines[pool->number] != &no_magazine)
            count += count_kept(pool, rack->magazines[pool->number]);
    }
    for (uint32_t node = 0; node < pool->place.nodes; node++)
        count += count_stack(pool, node);
    return count;
}

uint64_t mag_pools_taken(void (*tell)(const struct mag_pool *pool, uint64_t taken))
{
    uint64_t all = 0;

    (void)pthread_mutex_lock(&registry.lock);
    for (uint32_t i = 0; i < registry.capacity; i++) {
        struct mag_pool_info info;

        if (registry.pools[i] == NULL)
            continue;
        mag_pool_query(registry.pools[i], &info);
        uint64_t taken = info.objects - count_free(registry.pools[i]);
        all += taken;
        if (tell != NULL)
            tell(registry.pools[i], taken);
    }
    (void)pthread_mutex_unlock(&registry.lock);
    return all;
}

/* --------------------------------------------------------------------------- fork */

static void before_fork(void)
{
    mag_pool_place_lock();
    (void)pthread_mutex_lock(&registry.lock);
    mag_member_lock(&shared_member);
    for (struct mag_member *member = registry.members; member != NULL;
         member = member->next)
        mag_member_lock(member);
}

static void after_fork_in_parent(void)
{
    /* The analyzer believes that a destroy has freed the list; it cannot, the list is
     * locked. */
    for (struct mag_member *member = registry.members; member != NULL;
         member = member->next)
        mag_member_unlock(member); /* NOLINT(clang-analyzer-unix.Malloc) */
    mag_member_unlock(&shared_member);
    (void)pthread_mutex_unlock(&registry.lock);
    mag_pool_place_unlock();
}

/* Only the calling thread exists in the child.  Objects in other threads' magazines are
 * lost: their threads may have been in the middle of a take or a give. */
static void after_fork_in_child(void)
{
    struct mag_member *member = registry.members;

    while (member != NULL) {
        struct mag_member *next = member->next;
        if (member != own_member) {
            unlink_member(member);
            free_member(member);
        }
        member = next;
    }
    after_fork_in_parent();
}

static int see_forks(void)
{
    return -pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* Runs before main, and so before the program registers handlers of its own.  Therefore
 * the program's handlers run outside of these, which lock last and unlock first, and may
 * use pools. */
static __attribute__((constructor(101))) void see_forks_early(void)
{
    registry.sees_forks = see_forks() == 0;
}

int mag_magazines_init(void)
{
    int r = 0;

    (void)pthread_mutex_lock(&registry.lock);
    if (!registry.sees_forks) {
        r = see_forks();
        registry.sees_forks = r == 0;
    }
    if (r == 0 && !registry.ready) {
        r = -pthread_key_create(&registry.exit_key, leave_pools);
        registry.ready = r == 0;
    }
    (void)pthread_mutex_unlock(&registry.lock);
    return r;
}
