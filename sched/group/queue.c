/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/group/queue.h"

#include <stdbool.h>

/* In a heap `before` is the left child and `next` the right one.  A node's rank is the
 * number of nodes on its path to the right. */

static bool comes_before(const struct mag_group_entry *one,
                         const struct mag_group_entry *other)
{
    return one->key != other->key ? one->key < other->key : one->number < other->number;
}

static uint32_t rank_of(const struct mag_group_entry *node)
{
    return node != NULL ? node->rank : 0;
}

/* Makes the shorter path the right one.  False: the node's rank is what it was. */
static bool rank_again(struct mag_group_entry *node)
{
    struct mag_group_entry *left = node->before;
    uint32_t before = node->rank;

    if (rank_of(left) < rank_of(node->next)) {
        node->before = node->next;
        node->next = left;
    }
    node->rank = rank_of(node->next) + 1;
    return node->rank != before;
}

static void set_right(struct mag_group_entry *node, struct mag_group_entry *child)
{
    node->next = child;
    child->parent = node;
}

/* Hangs `heap` into the heap of `node`, which comes before it: each node of the
 * right path gets the next one of either heap as its right child.  Returns the lowest
 * node that has got another child. */
static struct mag_group_entry *weave(struct mag_group_entry *node,
                                     struct mag_group_entry *heap)
{
    while (node->next != NULL) {
        struct mag_group_entry *right = node->next;

        if (comes_before(heap, right)) {
            set_right(node, heap);
            heap = right;
        }
        node = node->next;
    }
    set_right(node, heap);
    return node;
}

static struct mag_group_entry *merge(struct mag_group_entry *one,
                                     struct mag_group_entry *other)
{
    if (one == NULL || other == NULL)
        return one != NULL ? one : other;

    struct mag_group_entry *root = comes_before(one, other) ? one : other;
    struct mag_group_entry *node = weave(root, root == one ? other : one);

    while (node != root) {
        struct mag_group_entry *parent = node->parent;

        (void)rank_again(node);
        node = parent;
    }
    (void)rank_again(root);
    return root;
}

static void set_root(struct mag_group_queue *queue, struct mag_group_entry *root)
{
    queue->root = root;
    if (root != NULL)
        root->parent = NULL;
}

void mag_group_heap_add(struct mag_group_queue *queue, struct mag_group_entry *entry)
{
    entry->before = entry->next = entry->parent = NULL;
    entry->rank = 1;
    set_root(queue, merge(queue->root, entry));
}

void mag_group_heap_remove(struct mag_group_queue *queue, struct mag_group_entry *entry)
{
    struct mag_group_entry *parent = entry->parent;
    struct mag_group_entry *child = merge(entry->before, entry->next);

    entry->rank = 0;
    if (parent == NULL) {
        set_root(queue, child);
        return;
    }
    if (child != NULL)
        child->parent = parent;
    if (parent->before == entry)
        parent->before = child;
    else
        parent->next = child;
    /* Above a node whose rank has not changed nothing changes. */
    while (parent != NULL && rank_again(parent))
        parent = parent->parent;
}
