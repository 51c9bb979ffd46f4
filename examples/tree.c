/*
 * tree.c - every node of a tree is visited in parallel; the first error ends the walk.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <magpie/magpie.h>
#include <stdio.h>

struct node {
    struct node *first; /* its children, as a list linked by `next` */
    struct node *next;
    int size; /* below 0: this node is broken */
    int seen;
};

MAG_SPAWNABLE(visit, struct node *, node)

static int visit(mag_fork w, struct node *node)
{
    struct mag_scope scope;

    if (node->size < 0)
        return -EBADMSG;
    node->seen = 1; /* one thread visits each node */
    mag_scope_open(&scope, w);
    for (struct node *child = node->first; child != NULL; child = child->next)
        visit_spawn(&w, &scope, child);
    return mag_scope_join(&w, &scope);
}

/* Each node has three children, down to the last level. */
enum { LEVELS = 9, NODES = (19683 - 1) / 2 };

static struct node nodes[NODES];

static struct node *plant(void)
{
    for (int i = 0; i < NODES; i++) {
        for (int child = 3 * i + 3; child > 3 * i && child < NODES; child--) {
            nodes[child].next = nodes[i].first;
            nodes[i].first = &nodes[child];
        }
    }
    return nodes;
}

int main(void)
{
    struct mag_sched *sched;
    struct node *root = plant();
    int seen = 0;
    int error = mag_sched_default(&sched);

    if (error == 0)
        error = visit_run(sched, root);
    if (error != 0) {
        (void)fprintf(stderr, "tree: %s\n", mag_call_text(error));
        return 1;
    }
    for (int i = 0; i < NODES; i++)
        seen += nodes[i].seen;

    nodes[NODES / 2].size = -1;
    int broken = visit_run(sched, root);

    printf("%d of %d nodes seen; with a broken one: %s\n", seen, NODES,
           mag_error_text(broken));
    return seen == NODES && broken == -EBADMSG ? 0 : 1;
}
