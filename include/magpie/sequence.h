/*
 * sequence.h - async sequences: an async function that yields one value after the other,
 * each when it is asked for.
 *
 *     #include <magpie/magpie.h>
 *
 *     MAG_SEQUENCE_DEFINE(numbers, int)    // the type: struct numbers; numbers_task
 *
 *     MAG_SEQUENCE(numbers, count_to, (int, limit), int i; mag_vtask delay;)
 *     {
 *         MAG_BEGIN(f);
 *         for (f->i = 1; f->i <= f->limit; f->i++) {
 *             if (f->i % 10 == 0 && mag_delay(NULL, 100000, &f->delay) == 0)
 *                 MAG_AWAIT_DONE(f, mag_task_of(f->delay));
 *             MAG_YIELD(f, f->i);
 *         }
 *         MAG_END(f);
 *     }
 *
 *     MAG_ASYNC(mag_task, add, (struct numbers *, from, int *, total), int error; int n;)
 *     {
 *         MAG_BEGIN(f);
 *         for (;;) {
 *             MAG_TRY(f, f->error, f->n, numbers_next(f->from));
 *             if (f->error != 0)
 *                 break;
 *             *f->total += f->n;
 *         }
 *         numbers_end(f->from);
 *         if (f->error != MAG_SEQUENCE_END)
 *             MAG_FAIL(f, f->error);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         int total = 0;
 *
 *         return mag_task_wait(add(count_to(100), &total)) == 0 && total == 5050 ? 0 : 1;
 *     }
 *
 * The model.  MAG_SEQUENCE defines a function that returns a sequence, without running
 * its body.  The first `name_next` runs the body up to its first MAG_YIELD, which is the
 * first value; each further one continues behind that yield.  So nothing is computed that
 * nobody asks for.  The body is one of an async function (async.h), with the same rules:
 * it may await between the yields.
 *
 * `name_next` returns a value task.  If the body comes to its next yield without waiting,
 * the task is complete, and costs a call.  Otherwise it is complete when the body comes
 * to that yield.  The sequence is one object from a pool, which is its frame, its cursor
 * and the source of all its tasks: a value costs no memory.
 *
 * The end.  When the body ends, by MAG_END or MAG_FAIL or an await that fails,
 * `name_next` fails: with MAG_SEQUENCE_END, or with the error, once; and then with
 * MAG_SEQUENCE_END.  Every sequence must be given back by `name_end`, at any time: also
 * before its body has ended, and before it has begun.
 *
 * Clean-up.  A body that holds something, such as an open file, is defined by
 * MAG_SEQUENCE_WITH_CLEANUP, with a function that lets go of it.  The function runs once
 * if the body has begun: when the body ends, however that is, or in `name_end`.
 *
 * docs/design/streams.md explains how it works.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SEQUENCE_H
#define MAGPIE_SEQUENCE_H

#include <magpie/async.h>
#include <magpie/detail/sequence.h>

MAG_EXTERN_C_BEGIN

/* What the next value of a sequence fails with when there is none.  It is equal to
 * MAG_CHANNEL_END: a body whose await fails because a channel has ended ends as usual. */
#define MAG_SEQUENCE_END (-ENODATA)

/*
 * MAG_SEQUENCE_DEFINE(name, T) defines the type of a sequence of values of type T, which
 * is as for MAG_VTASK_DEFINE.  It declares
 *
 *   struct name                                 a sequence
 *   name_task                                   the value task of a T
 *   name_task name_next(struct name *sequence)
 *   void name_end(struct name *sequence)
 *
 * `name_next`
 *   The next value.  Consume the task before the next call.
 *   sequence   NULL: there was no memory for it
 *   Thread     any, one at a time
 *   Blocks     while the body runs, up to its next yield or wait
 *   Returns    the task.  Its errors: MAG_SEQUENCE_END; that of the body; -ENOMEM
 *              `sequence` is NULL; MAG_E_CONTINUATION the last task is still pending
 *
 * `name_end`
 *   Gives the sequence back.  If the last task is still pending, it must have been
 *   discarded or must be awaited: the sequence then ends when that task is consumed.
 *   sequence   may be NULL
 *   Thread     any, not at the same time as name_next
 *   Blocks     while the clean-up function runs
 */
#define MAG_SEQUENCE_DEFINE(name, ...)         \
    MAG_VTASK_DEFINE(name##_task, __VA_ARGS__) \
    MAG_SEQUENCE_FUNCTIONS(name)

/*
 * MAG_SEQUENCE(sequence, name, (arguments), locals) defines the static function
 *
 *   struct sequence *name(arguments)
 *
 * The body of the sequence follows.  `sequence` is a type made by MAG_SEQUENCE_DEFINE;
 * arguments, locals and body are as in MAG_ASYNC, and the body knows its frame, `struct
 * name_frame`, as `f`.
 *
 * `name`
 *   Thread     any
 *   Allocates  one object from a pool
 *   Returns    the sequence; NULL there is no memory: then name_next fails with -ENOMEM
 *   Release    the name_end of its type
 */
#define MAG_SEQUENCE(sequence_type, name, arguments, ...)                   \
    MAG_SEQUENCE_FRAME(sequence_type, name, arguments, __VA_ARGS__)         \
    static sequence_type##_task name##_body(struct name##_frame *f);        \
    MAG_SEQUENCE_TYPE(sequence_type, name, MAG_NULL)                        \
    MAG_SEQUENCE_MAKER(sequence_type, name, arguments)                      \
    /* NOLINTNEXTLINE(readability-function-*): it is more than it looks. */ \
    static sequence_type##_task name##_body(struct name##_frame *f)

/*
 * As MAG_SEQUENCE, for a body that holds something.  You also write
 *
 *   static void name_cleanup(struct name_frame *f)
 *
 * which lets go of it.  Arguments and locals are as the body left them; locals begin as
 * zeroes.  It must not await.
 */
#define MAG_SEQUENCE_WITH_CLEANUP(sequence_type, name, arguments, ...)         \
    MAG_SEQUENCE_FRAME(sequence_type, name, arguments, __VA_ARGS__)            \
    static sequence_type##_task name##_body(struct name##_frame *f);           \
    static void name##_cleanup(struct name##_frame *f);                        \
    static void name##_clean(MAG_POINTER(mag_sequence) mag_sequence_)          \
    {                                                                          \
        name##_cleanup(                                                        \
            MAG_CAST(struct name##_frame *, MAG_CAST(void *, mag_sequence_))); \
    }                                                                          \
    MAG_SEQUENCE_TYPE(sequence_type, name, name##_clean)                       \
    MAG_SEQUENCE_MAKER(sequence_type, name, arguments)                         \
    /* NOLINTNEXTLINE(readability-function-*): it is more than it looks. */    \
    static sequence_type##_task name##_body(struct name##_frame *f)

/*
 * Hands out a value, and continues at the next call of name_next.  At most one yield or
 * await in a source line.
 */
#define MAG_YIELD(f, ...)                                                  \
    do {                                                                   \
        MAG_ASYNC_LINE_FITS;                                               \
        {                                                                  \
            __typeof__((f)->mag_result[0]) mag_item;                       \
            __typeof__(mag_item.large[0]) mag_value = (__VA_ARGS__);       \
            memset(MAG_CAST(void *, &mag_item), 0, sizeof(mag_item));      \
            memcpy(sizeof(mag_value) > sizeof(mag_item.task.payload)       \
                       ? MAG_CAST(void *, mag_item.large)                  \
                       : MAG_CAST(void *, &mag_item.task.payload),         \
                   MAG_CAST(const void *, &mag_value), sizeof(mag_value)); \
            (f)->sequence.line = __LINE__;                                 \
            return mag_item;                                               \
        }                                                                  \
    case __LINE__:                                                         \
        (f)->frame.core.step = 0;                                          \
    } while (0)

MAG_EXTERN_C_END

#endif
