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

static struct mag_token *token_of_link(struct mag_turn_lane_link *link)
{
    return (struct mag_token *)(void *)((char *)link - offsetof(struct mag_token, link));
}

/* ------------------------------------------------------------------------ failing */

void mag_belt_fail(struct mag_belt *belt, uint64_t number, int error)
{
    mag_spin_lock(&belt->lock);
    /* relaxed: changed under the lock. */
    if (number < atomic_load_explicit(&belt->bound, memory_order_relaxed)) {
        /* A cancellation does not hide an error. */
        if (error != -ECANCELED || belt->error == 0) {
            belt->error = error;
            belt->failed = number;
        }
        /* relaxed: who does not see it yet works in vain. */
        atomic_store_explicit(&belt->bound, number, memory_order_relaxed);
    }
    mag_spin_unlock(&belt->lock);
}

bool mag_belt_is_over(struct mag_belt *belt, uint64_t number)
{
    if (belt->cancel != NULL && MAG_UNLIKELY(mag_cancel_has_fired(belt->cancel)))
        mag_belt_fail(belt, 0, -ECANCELED);
    /* relaxed: a runner that does not see the latest bound works in vain. */
    return number >= atomic_load_explicit(&belt->bound, memory_order_relaxed);
}

/* ------------------------------------------------------------------------ free tokens */

static size_t token_bytes(const struct mag_belt *belt)
{
    return sizeof(struct mag_token) + belt->plan.type->token_size;
}

/* Under the lock. */
void mag_belt_put_free(struct mag_belt *belt, struct mag_token *token)
{
    token->link.next = belt->free;
    belt->free = &token->link;
    belt->free_count++;
    mag_belt_count_room(belt);
}

void mag_belt_give_free(struct mag_belt *belt, struct mag_token *token)
{
    struct mag_summons summons = {false, false};

    mag_spin_lock(&belt->lock);
    mag_belt_put_free(belt, token);
    mag_belt_see_to_work(belt, &summons);
    mag_spin_unlock(&belt->lock);
    mag_belt_send(belt, summons);
}

/* Under the lock: the link to a free token, of this node if one is soon found. */
static struct mag_turn_lane_link **find_free(struct mag_belt *belt, uint32_t node)
{
    struct mag_turn_lane_link **link = &belt->free;

    for (int i = 0; i < TOKEN_LOOKS && *link != NULL; i++) {
        uint32_t other = token_of_link(*link)->node;

        if (other == node || other == MAG_NONE || node == MAG_NONE)
            return link;
        link = &(*link)->next;
    }
    return belt->made < belt->limit ? NULL : &belt->free;
}

/* Under the lock: a free token; or NULL, and `*ret_make` says whether to make one. */
static struct mag_token *pick_free(struct mag_belt *belt, uint32_t node, bool *ret_make)
{
    struct mag_turn_lane_link **link = find_free(belt, node);
    struct mag_token *token = NULL;

    *ret_make = (link == NULL || *link == NULL) && belt->made < belt->limit;
    if (*ret_make) {
        belt->made++;
    } else if (link != NULL && *link != NULL) {
        token = token_of_link(*link);
        *link = (*link)->next;
        belt->free_count--;
    }
    mag_belt_count_room(belt);
    return token;
}

static int init_token(struct mag_belt *belt, struct mag_token *token, uint32_t node)
{
    memset(token, 0, token_bytes(belt));
    token->belt = belt;
    token->node = node;
    if (belt->plan.options == NULL)
        return 0;
    return belt->plan.type->prepare(belt->plan.options, mag_token_item(token), belt->arg);
}

/* There are as many tokens as there can be; if there are none, no item can be made. */
static MAG_COLD void stop_making(struct mag_belt *belt, int error)
{
    mag_spin_lock(&belt->lock);
    belt->limit = --belt->made;
    mag_belt_count_room(belt);
    bool fails = belt->made == 0;
    mag_spin_unlock(&belt->lock);
    if (!fails)
        return;
    mag_belt_fail(belt, 0, error);
    /* relaxed: nobody else has the input, and there is no token for it. */
    atomic_store_explicit(&belt->input, MAG_INPUT_OVER, memory_order_relaxed);
}

static struct mag_token *make_token(struct mag_belt *belt, uint32_t node)
{
    struct mag_token *token = mag_store_take(token_bytes(belt));
    int r = token == NULL ? -ENOMEM : init_token(belt, token, node);

    if (MAG_LIKELY(r == 0))
        return token;
    if (token != NULL)
        mag_store_give(token, token_bytes(belt));
    stop_making(belt, r);
    return NULL;
}

struct mag_token *mag_belt_take_free(struct mag_runner *runner)
{
    struct mag_belt *belt = runner->belt;
    bool make;

    if (mag_belt_count(&belt->room) == 0) {
        runner->counts[0].waits_for_room++;
        return NULL;
    }
    mag_spin_lock(&belt->lock);
    struct mag_token *token = pick_free(belt, runner->node, &make);
    mag_spin_unlock(&belt->lock);
    return make ? make_token(belt, runner->node) : token;
}

void mag_belt_release_tokens(struct mag_belt *belt)
{
    while (belt->free != NULL) {
        struct mag_token *token = token_of_link(belt->free);

        belt->free = token->link.next;
        if (belt->plan.options != NULL)
            belt->plan.type->release(belt->plan.options, mag_token_item(token),
                                     belt->arg);
        mag_store_give(token, token_bytes(belt));
    }
}

/* ------------------------------------------------------------------------ lists */

static void append_token(struct mag_token_list *list, struct mag_token *token)
{
    token->link.next = NULL;
    if (list->first == NULL)
        list->first = token;
    else
        list->last->link.next = &token->link;
    list->last = token;
}

static struct mag_token *take_first_token(struct mag_token_list *list)
{
    struct mag_token *token = list->first;

    if (token != NULL)
        list->first = token->link.next == NULL ? NULL : token_of_link(token->link.next);
    return token;
}

/* Under the lock. */
static void put_ready(struct mag_belt *belt, struct mag_token *token)
{
    append_token(&belt->ready, token);
    mag_belt_set_count(&belt->waiting, mag_belt_count(&belt->waiting) + 1);
}

void mag_belt_leave_to_caller(struct mag_belt *belt, struct mag_token *token)
{
    struct mag_summons summons = {false, false};

    mag_spin_lock(&belt->lock);
    append_token(&belt->bound_to_caller, token);
    mag_belt_set_count(&belt->called, mag_belt_count(&belt->called) + 1);
    mag_belt_see_to_work(belt, &summons);
    mag_spin_unlock(&belt->lock);
    mag_belt_send(belt, summons);
}

static struct mag_token *take_waiting(struct mag_runner *runner)
{
    struct mag_belt *belt = runner->belt;
    struct mag_token *token = NULL;

    if (runner->is_caller && belt->bound_to_caller.first != NULL) {
        mag_belt_set_count(&belt->called, mag_belt_count(&belt->called) - 1);
        return take_first_token(&belt->bound_to_caller);
    }
    if (runner->works)
        token = take_first_token(&belt->ready);
    if (token != NULL)
        mag_belt_set_count(&belt->waiting, mag_belt_count(&belt->waiting) - 1);
    return token;
}

struct mag_token *mag_belt_take_ready(struct mag_runner *runner, struct mag_token *spare)
{
    struct mag_belt *belt = runner->belt;
    struct mag_summons summons = {false, false};

    mag_spin_lock(&belt->lock);
    struct mag_token *token = take_waiting(runner);
    if (token != NULL && spare != NULL) {
        mag_belt_put_free(belt, spare);
        mag_belt_see_to_work(belt, &summons);
    }
    mag_spin_unlock(&belt->lock);
    mag_belt_send(belt, summons);
    return token;
}

void mag_belt_leave_ready(struct mag_runner *runner, struct mag_token *token)
{
    struct mag_belt *belt = runner->belt;
    struct mag_summons summons = {false, false};

    mag_spin_lock(&belt->lock);
    put_ready(belt, token);
    mag_belt_see_to_work(belt, &summons);
    mag_spin_unlock(&belt->lock);
    mag_belt_send(belt, summons);
    mag_belt_offer(runner);
}

void mag_belt_resume(struct mag_token *token)
{
    struct mag_belt *belt = token->belt;
    struct mag_summons summons = {false, false};

    mag_spin_lock(&belt->lock);
    put_ready(belt, token);
    mag_belt_see_to_work(belt, &summons);
    mag_spin_unlock(&belt->lock);
    mag_belt_send(belt, summons);
}
