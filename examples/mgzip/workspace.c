/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mgzip/workspace.h"

#include <stdlib.h>

void workspaces_init(struct workspaces *workspaces, const struct engine *engine,
                     int level, size_t block)
{
    (void)pthread_mutex_init(&workspaces->lock, NULL);
    workspaces->idle = NULL;
    workspaces->all = NULL;
    workspaces->engine = engine;
    workspaces->level = level;
    workspaces->block = block;
}

static struct workspace *create(struct workspaces *workspaces)
{
    struct workspace *workspace = malloc(sizeof(*workspace) + WINDOW + workspaces->block);

    if (workspace == NULL)
        return NULL;
    workspace->state = workspaces->engine->open(workspaces->level);
    if (workspace->state == NULL) {
        free(workspace);
        return NULL;
    }
    (void)pthread_mutex_lock(&workspaces->lock);
    workspace->next = workspaces->all;
    workspaces->all = workspace;
    (void)pthread_mutex_unlock(&workspaces->lock);
    return workspace;
}

struct workspace *workspace_take(struct workspaces *workspaces)
{
    struct workspace *workspace;

    (void)pthread_mutex_lock(&workspaces->lock);
    workspace = workspaces->idle;
    if (workspace != NULL)
        workspaces->idle = workspace->idle;
    (void)pthread_mutex_unlock(&workspaces->lock);
    return workspace != NULL ? workspace : create(workspaces);
}

void workspace_put(struct workspaces *workspaces, struct workspace *workspace)
{
    (void)pthread_mutex_lock(&workspaces->lock);
    workspace->idle = workspaces->idle;
    workspaces->idle = workspace;
    (void)pthread_mutex_unlock(&workspaces->lock);
}

void workspaces_free(struct workspaces *workspaces)
{
    while (workspaces->all != NULL) {
        struct workspace *workspace = workspaces->all;

        workspaces->all = workspace->next;
        workspaces->engine->close(workspace->state);
        free(workspace);
    }
}
