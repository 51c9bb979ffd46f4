/*
 * The checks of debug builds, and the function that is told of misuse.
 *
 * Ownership
 *   [I] immutable once listed   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   listener  mag_misuse_listen (listener) -> mag_misuse_tell (listener) : nothing
 *   names     list (names) -> name_of (names) : a name and its link
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/detail/fork_check.h>

#include "sched/fork/check.h"
#include "sched/fork/stack.h"

#include <stdatomic.h>
#include <stdio.h>

/* Room for two function names and the text around them. */
enum { TEXT_ROOM = 200 };

typedef bool listener_function(int code, const char *text);

static _Atomic(listener_function *) misuse_listener;
static _Atomic(struct mag_fork_name *) names; /* [A], each [I] */

void mag_misuse_listen(bool (*told)(int code, const char *text))
{
    /* listener, release: names the other end; there is always a function. */
    atomic_store_explicit(&misuse_listener, told, memory_order_release);
}

bool mag_misuse_tell(int code, const char *text)
{
    /* listener, acquire: as above. */
    listener_function *told =
        atomic_load_explicit(&misuse_listener, memory_order_acquire);

    return told != NULL && told(code, text);
}

/* ------------------------------------------------------------------------- names */

static void list(struct mag_fork_name *name)
{
    /* relaxed: an early look that can spare the exchange. */
    if (atomic_load_explicit(&name->listed, memory_order_relaxed) != 0)
        return;
    /* relaxed: only decides which thread lists the name. */
    if (atomic_exchange_explicit(&name->listed, 1, memory_order_relaxed) != 0)
        return;
    /* relaxed: a guess, which the swap below checks. */
    name->next = atomic_load_explicit(&names, memory_order_relaxed);
    /* names, release: the name and its link are written.  On failure relaxed: a guess. */
    while (!atomic_compare_exchange_weak_explicit(
        &names, &name->next, name, memory_order_release, memory_order_relaxed)) {
        /* Another thread was first: `next` now points to that thread's name. */
    }
}

static const char *name_of(mag_fork_body body)
{
    /* names, acquire: as above. */
    const struct mag_fork_name *name = atomic_load_explicit(&names, memory_order_acquire);

    while (name != NULL && name->body != body)
        name = name->next;
    return name != NULL ? name->name : "another function";
}

/* ------------------------------------------------------------------------ checks */

static mag_fork_body child_at(struct mag_fork_slot *slot)
{
    /* relaxed: the owner wrote it. */
    return atomic_load_explicit(&slot->body, memory_order_relaxed);
}

/* Drops the children that were left, so that the next mistake is reported as well. */
static void drop_left(struct mag_fork w)
{
    struct mag_fork_mark mark = mag_fork_mark_of(w);

    (void)mag_fork_drop(&mark);
}

static MAG_COLD bool tell_join(const char *format, const char *name, const char *other)
{
    char text[TEXT_ROOM];

    (void)snprintf(text, sizeof(text), format, name, other);
    return mag_misuse_tell(MAG_E_JOIN, text);
}

/* Reports the child that should be gone.  `left` is its body, or NULL if it is gone. */
static bool tell_left(struct mag_fork w, mag_fork_body left, const char *format,
                      const char *name)
{
    if (left == NULL)
        return true;
    if (!tell_join(format, name, name_of(left)))
        return false;
    drop_left(w);
    return true;
}

bool mag_fork_may_fork(const struct mag_fork *w, struct mag_fork_name *name)
{
    list(name);
    return tell_left(*w, child_at(w->top),
                     "fork of %s: a child of %s that was forked here is not joined",
                     name->name);
}

bool mag_fork_may_join(const struct mag_fork *w, struct mag_fork_name *name)
{
    mag_fork_body last = child_at(w->top - 1);

    if (last != name->body)
        return tell_join("join of %s: the function that was forked last is %s",
                         name->name, last != NULL ? name_of(last) : "none");
    return tell_left(*w, child_at(w->top),
                     "join of %s: a child of %s that was forked later is not joined",
                     name->name);
}

bool mag_fork_has_joined(const struct mag_fork *w, struct mag_fork_name *name)
{
    return tell_left(*w, child_at(w->top),
                     "return of %s: a child of %s that was forked in it is not joined",
                     name->name);
}
