/*
 * pipeline_tokens.c - tokens that nobody has in hands, and the first error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/flow/pipeline_lock.h"
#include "vtask/flow/store.h"

#include <errno.h>
#include <string.h>

/* How far the list of free tokens is searched for one of the runner's node. */
enum { TOKEN_LOOKS = 8 };

static struct mag_token *token_of(struct mag_lane_link *link)
{
    return (struct mag_token *)(void *)((char *)link - offsetof(struct mag_token, link));
}

/* ------------------------------------------------------------------------ failing */

void mag_line_fail(struct mag_line *line, uint64_t number, int error)
{
    mag_spin_lock(&line->lock);
    /* relaxed: changed under the lock. */
    if (number < atomic_load_explicit(&line->bound, memory_order_relaxed)) {
        /* A cancellation does not hide an error. */
        if (error != -ECANCELED || line->error == 0) {
            line->error = error;
            line->failed = number;
        }
        /* relaxed: who does not see it yet works in vain. */
        atomic_store_explicit(&line->bound, number, memory_order_relaxed);
    }
    mag_spin_unlock(&line->lock);
}

bool mag_line_is_over(struct mag_line *line, uint64_t number)
{
    if (line->cancel != NULL && MAG_UNLIKELY(mag_cancel_has_fired(line->cancel)))
        mag_line_fail(line, 0, -ECANCELED);
    /* relaxed: a runner that does not see the latest bound works in vain. */
    return number >= atomic_load_explicit(&line->bound, memory_order_relaxed);
}

/* ------------------------------------------------------------------------ free tokens */

static size_t token_bytes(const struct mag_line *line)
{
    return sizeof(struct mag_token) + line->plan.type->token_size;
}

/* Under the lock. */
void mag_line_put_free(struct mag_line *line, struct mag_token *token)
{
    token->link.next = line->free;
    line->free = &token->link;
    line->free_count++;
    mag_line_count_room(line);
}

void mag_line_give_free(struct mag_line *line, struct mag_token *token)
{
    struct mag_summons summons = {false, false};

    mag_spin_lock(&line->lock);
    mag_line_put_free(line, token);
    mag_line_see_to_work(line, &summons);
    mag_spin_unlock(&line->lock);
    mag_line_send(line, summons);
}

/* Under the lock: the link to a free token, of this node if one is soon found. */
static struct mag_lane_link **find_free(struct mag_line *line, uint32_t node)
{
    struct mag_lane_link **link = &line->free;

    for (int i = 0; i < TOKEN_LOOKS && *link != NULL; i++) {
        uint32_t other = token_of(*link)->node;

        if (other == node || other == MAG_NONE || node == MAG_NONE)
            return link;
        link = &(*link)->next;
    }
    return line->made < line->limit ? NULL : &line->free;
}

/* Under the lock: a free token; or NULL, and `*ret_make` says whether to make one. */
static struct mag_token *pick_free(struct mag_line *line, uint32_t node, bool *ret_make)
{
    struct mag_lane_link **link = find_free(line, node);
    struct mag_token *token = NULL;

    *ret_make = (link == NULL || *link == NULL) && line->made < line->limit;
    if (*ret_make) {
        line->made++;
    } else if (link != NULL && *link != NULL) {
        token = token_of(*link);
        *link = (*link)->next;
        line->free_count--;
    }
    mag_line_count_room(line);
    return token;
}

static int init_token(struct mag_line *line, struct mag_token *token, uint32_t node)
{
    memset(token, 0, token_bytes(line));
    token->line = line;
    token->node = node;
    if (line->plan.options == NULL)
        return 0;
    return line->plan.type->prepare(line->plan.options, mag_token_item(token), line->arg);
}

/* There are as many tokens as there can be; if there are none, no item can be made. */
static MAG_COLD void stop_making(struct mag_line *line, int error)
{
    mag_spin_lock(&line->lock);
    line->limit = --line->made;
    mag_line_count_room(line);
    bool fails = line->made == 0;
    mag_spin_unlock(&line->lock);
    if (!fails)
        return;
    mag_line_fail(line, 0, error);
    /* relaxed: nobody else has the input, and there is no token for it. */
    atomic_store_explicit(&line->input, MAG_INPUT_OVER, memory_order_relaxed);
}

static struct mag_token *make_token(struct mag_line *line, uint32_t node)
{
    struct mag_token *token = mag_store_take(token_bytes(line));
    int r = token == NULL ? -ENOMEM : init_token(line, token, node);

    if (MAG_LIKELY(r == 0))
        return token;
    if (token != NULL)
        mag_store_give(token, token_bytes(line));
    stop_making(line, r);
    return NULL;
}

struct mag_token *mag_line_take_free(struct mag_runner *runner)
{
    struct mag_line *line = runner->line;
    bool make;

    if (mag_line_count(&line->room) == 0) {
        runner->counts[0].waits_for_room++;
        return NULL;
    }
    mag_spin_lock(&line->lock);
    struct mag_token *token = pick_free(line, runner->node, &make);
    mag_spin_unlock(&line->lock);
    return make ? make_token(line, runner->node) : token;
}

void mag_line_release_tokens(struct mag_line *line)
{
    while (line->free != NULL) {
        struct mag_token *token = token_of(line->free);

        line->free = token->link.next;
        if (line->plan.options != NULL)
            line->plan.type->release(line->plan.options, mag_token_item(token),
                                     line->arg);
        mag_store_give(token, token_bytes(line));
    }
}

/* ------------------------------------------------------------------------ lists */

static void append(struct mag_token_list *list, struct mag_token *token)
{
    token->link.next = NULL;
    if (list->first == NULL)
        list->first = token;
    else
        list->last->link.next = &token->link;
    list->last = token;
}

static struct mag_token *take_first(struct mag_token_list *list)
{
    struct mag_token *token = list->first;

    if (token != NULL)
        list->first = token->link.next == NULL ? NULL : token_of(token->link.next);
    return token;
}

/* Under the lock. */
static void put_ready(struct mag_line *line, struct mag_token *token)
{
    append(&line->ready, token);
    mag_line_set_count(&line->waiting, mag_line_count(&line->waiting) + 1);
}

void mag_line_leave_to_caller(struct mag_line *line, struct mag_token *token)
{
    struct mag_summons summons = {false, false};

    mag_spin_lock(&line->lock);
    append(&line->bound_to_caller, token);
    mag_line_set_count(&line->called, mag_line_count(&line->called) + 1);
    mag_line_see_to_work(line, &summons);
    mag_spin_unlock(&line->lock);
    mag_line_send(line, summons);
}

static struct mag_token *take_waiting(struct mag_runner *runner)
{
    struct mag_line *line = runner->line;
    struct mag_token *token = NULL;

    if (runner->is_caller && line->bound_to_caller.first != NULL) {
        mag_line_set_count(&line->called, mag_line_count(&line->called) - 1);
        return take_first(&line->bound_to_caller);
    }
    if (runner->works)
        token = take_first(&line->ready);
    if (token != NULL)
        mag_line_set_count(&line->waiting, mag_line_count(&line->waiting) - 1);
    return token;
}

struct mag_token *mag_line_take_ready(struct mag_runner *runner, struct mag_token *spare)
{
    struct mag_line *line = runner->line;
    struct mag_summons summons = {false, false};

    mag_spin_lock(&line->lock);
    struct mag_token *token = take_waiting(runner);
    if (token != NULL && spare != NULL) {
        mag_line_put_free(line, spare);
        mag_line_see_to_work(line, &summons);
    }
    mag_spin_unlock(&line->lock);
    mag_line_send(line, summons);
    return token;
}

void mag_line_leave_ready(struct mag_runner *runner, struct mag_token *token)
{
    struct mag_line *line = runner->line;
    struct mag_summons summons = {false, false};

    mag_spin_lock(&line->lock);
    put_ready(line, token);
    mag_line_see_to_work(line, &summons);
    mag_spin_unlock(&line->lock);
    mag_line_send(line, summons);
    mag_line_offer(runner);
}

void mag_line_resume(struct mag_token *token)
{
    struct mag_line *line = token->line;
    struct mag_summons summons = {false, false};

    mag_spin_lock(&line->lock);
    put_ready(line, token);
    mag_line_see_to_work(line, &summons);
    mag_spin_unlock(&line->lock);
    mag_line_send(line, summons);
}
