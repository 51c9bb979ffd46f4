/*
 * vtask.h - the inside of a value task: its tags, the slow halves, and what
 * MAG_VTASK_DEFINE expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_VTASK_H
#define MAGPIE_DETAIL_VTASK_H

#include <magpie/detail/base.h>
#include <magpie/detail/check.h>
#include <string.h>

MAG_EXTERN_C_BEGIN

struct mag_vtask;

/* The low bits of `backing` when it is not 0. */
enum {
    MAG_VTASK_SOURCE = 0,     /* struct mag_source: any source */
    MAG_VTASK_CORE = 1,       /* struct mag_core: the ready-made source */
    MAG_VTASK_PROMISE = 2,    /* struct mag_promise */
    MAG_VTASK_ERROR = 3,      /* no address: an error code in the upper half */
    MAG_VTASK_KIND = 3,       /* the bits of the kind */
    MAG_VTASK_NO_CONTEXT = 4, /* awaiting the task captures no executor */
    MAG_VTASK_TAGS = 7,
    MAG_VTASK_HELD = 8, /* with PROMISE only: the task holds a reference */
    /* All of `backing`: an operation was begun for a waiter (connected.h).  No function
     * makes a promise's task without an address, so nothing else says this. */
    MAG_VTASK_STARTED = MAG_VTASK_PROMISE | MAG_VTASK_HELD
};

/* The slow halves of mag_vtask_status, and of mag_vtask_get and its like. */
MAG_API int mag_vtask_status_slow(struct mag_vtask task);
MAG_API int mag_vtask_get_slow(struct mag_vtask task, void *ret_result, size_t size,
                               uint64_t *ret_detail);

/* For name_hash: as mag_vtask_hash, of a task with a result of `size` bytes at
 * `large`. */
MAG_API uint64_t mag_vtask_hash_large(struct mag_vtask task, const void *large,
                                      size_t size);

/* The functions of MAG_VTASK_DEFINE that return a task. */
#define MAG_VTASK_MAKERS(name, T)                                                       \
    MAG_TYPED name name##_result(T mag_value)                                           \
    {                                                                                   \
        name mag_made;                                                                  \
        mag_made.task.backing = 0;                                                      \
        mag_made.task.payload = 0;                                                      \
        memcpy(sizeof(T) > sizeof(uint64_t) ? MAG_CAST(void *, mag_made.large)          \
                                            : MAG_CAST(void *, &mag_made.task.payload), \
               MAG_CAST(const void *, &mag_value), sizeof(T));                          \
        return mag_made;                                                                \
    }                                                                                   \
    MAG_TYPED name name##_of(mag_vtask mag_task_)                                       \
    {                                                                                   \
        name mag_made;                                                                  \
        memset(MAG_CAST(void *, &mag_made), 0, sizeof(mag_made));                       \
        mag_made.task = mag_task_;                                                      \
        return mag_made;                                                                \
    }                                                                                   \
    MAG_TYPED name name##_configure(name mag_task_, bool mag_come_back)                 \
    {                                                                                   \
        mag_task_.task = mag_vtask_configure(mag_task_.task, mag_come_back);            \
        return mag_task_;                                                               \
    }                                                                                   \
    MAG_TYPED int name##_preserve(name mag_task_, name *mag_ret)                        \
    {                                                                                   \
        int mag_r = mag_vtask_preserve_of(mag_task_.task, sizeof(T), &mag_task_.task);  \
        if (mag_r == 0)                                                                 \
            *mag_ret = mag_task_;                                                       \
        return mag_r;                                                                   \
    }

/* The functions of MAG_VTASK_DEFINE that read or compare tasks. */
#define MAG_VTASK_READERS(name, T)                                                       \
    MAG_TYPED int name##_get(name mag_task_, T *mag_ret)                                 \
    {                                                                                    \
        uint64_t mag_payload = mag_task_.task.payload;                                   \
                                                                                         \
        if (MAG_UNLIKELY(mag_task_.task.backing != 0))                                   \
            return mag_vtask_get_slow(mag_task_.task, mag_ret, sizeof(T), MAG_NULL);     \
        memcpy(MAG_CAST(void *, mag_ret),                                                \
               sizeof(T) > sizeof(mag_payload) ? MAG_CAST(const void *, mag_task_.large) \
                                               : MAG_CAST(const void *, &mag_payload),   \
               sizeof(T));                                                               \
        return 0;                                                                        \
    }                                                                                    \
    MAG_TYPED int name##_wait(name mag_task_, T *mag_ret)                                \
    {                                                                                    \
        if (mag_task_.task.backing == 0)                                                 \
            return name##_get(mag_task_, mag_ret);                                       \
        return mag_vtask_wait(mag_task_.task, MAG_CAST(void *, mag_ret), sizeof(T));     \
    }                                                                                    \
    MAG_TYPED bool name##_equal(name mag_a, name mag_b)                                  \
    {                                                                                    \
        return mag_vtask_equal(mag_a.task, mag_b.task) &&                                \
               (mag_a.task.backing != 0 ||                                               \
                memcmp(MAG_CAST(const void *, mag_a.large),                              \
                       MAG_CAST(const void *, mag_b.large), sizeof(mag_a.large)) == 0);  \
    }                                                                                    \
    MAG_TYPED uint64_t name##_hash(name mag_task_)                                       \
    {                                                                                    \
        return mag_vtask_hash_large(mag_task_.task,                                      \
                                    MAG_CAST(const void *, mag_task_.large),             \
                                    sizeof(mag_task_.large));                            \
    }

/* The beginning of each of these functions. */
#define MAG_TYPED __attribute__((unused)) MAG_MUST_CHECK static inline

/* Asserts that a type is that of a typed task. */
#define MAG_CHECK_TASK_TYPE(...)                                                       \
    MAG_STATIC_ASSERT(!MAG_IS_SAME(mag_vtask, __VA_ARGS__),                            \
                      "an untyped mag_vtask has no result: use mag_task, by "          \
                      "mag_task_of(task), or NAME_of(task) of MAG_VTASK_DEFINE(NAME, " \
                      "T)");                                                           \
    MAG_STATIC_ASSERT(!MAG_IS_VOID(__VA_ARGS__),                                       \
                      "use mag_task where there is no result");                        \
    MAG_STATIC_ASSERT(sizeof(__VA_ARGS__) >= sizeof(mag_vtask),                        \
                      "use mag_task, or a type made by MAG_VTASK_DEFINE");

MAG_EXTERN_C_END

#endif
