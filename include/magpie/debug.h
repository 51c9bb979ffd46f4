/*
 * debug.h - finding misuse of value tasks: a watch that is told of each misuse, and the
 * list of tasks that were never consumed.
 *
 *     #include <magpie/magpie.h>
 *     #include <stdio.h>
 *
 *     static void told(struct mag_misuse_watch *watch, const struct mag_misuse *misuse)
 *     {
 *         char text[200];
 *
 *         (void)watch;
 *         fprintf(stderr, "%s\n", mag_error_text(misuse->code));
 *         for (uint32_t i = 0; i < misuse->here.count; i++) {
 *             mag_debug_describe(misuse->here.frames[i], text, sizeof(text));
 *             fprintf(stderr, "  %s\n", text);
 *         }
 *     }
 *
 *     static struct mag_misuse_watch watch = {told};
 *
 *     int main(void)
 *     {
 *         mag_vtask delay;
 *
 *         (void)mag_debug_watch(&watch);
 *         if (mag_delay(NULL, 10000000, &delay) != 0)
 *             return 1;
 *         int error = mag_vtask_get(delay, NULL); // misuse: it is not complete
 *         if (mag_vtask_wait(delay, NULL, 0) != 0)
 *             return 1;
 *         return error == MAG_E_PENDING ? 0 : 1;
 *     }
 *
 * The model.  In every build, a call that misuses a task returns a MAG_E code, and the
 * watch is told of it on the same thread, before the call returns.  A library that was
 * built with MAG_DEBUG_TASKS, as Debug builds are, also knows where the task came from:
 * for each core, operation, frame and promise it records where it was handed out and
 * where it was consumed.  Other builds record nothing and pay nothing for it.
 *
 * Sites.  A site is a chain of return addresses.  The line that called the library is
 * among them, even if inline functions or helpers of yours stand between.  A site holds
 * addresses, and not file and line, because C cannot pass the caller's line through a
 * function.  mag_debug_describe tells the program and the offset of an address;
 * `addr2line -fie PROGRAM OFFSET` turns them into file and line.
 *
 * One interface.  Structs and functions are the same in every build of the library, and a
 * program that was compiled for one build runs with the other.  The CMake target and the
 * pkg-config file of a library with MAG_DEBUG_TASKS define that macro.  A program that is
 * compiled without it does not record what its own inline calls, mag_operation_rent,
 * mag_core_prepare and mag_core_begin, hand out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DEBUG_H
#define MAGPIE_DEBUG_H

#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

/* Return addresses in a site. */
enum { MAG_DEBUG_FRAMES = 14 };

/*
 * Where something happened: the call itself first, then its caller, and so on.  The first
 * ones may lie in the library.
 */
struct mag_debug_site {
    uint32_t count; /* 0: not known */
    const void *frames[MAG_DEBUG_FRAMES];
};

/* What backs a task. */
enum mag_debug_kind {
    MAG_DEBUG_NOTHING = 0, /* nothing, or unknown: an argument was wrong */
    MAG_DEBUG_CORE = 1,    /* of a source of yours, or of mag_delay, mag_when_any, ... */
    MAG_DEBUG_OPERATION = 2,
    MAG_DEBUG_FRAME = 3, /* of an async function */
    MAG_DEBUG_PROMISE = 4,
};

/* ------------------------------------------------------------------ the watch */

/*
 * What a watch is told.
 *
 * For a stale task, `created` and `consumed` are the sites of its own operation, not of
 * the operation that the object is used for now.  The sites of the last two operations of
 * each object are remembered.
 */
struct mag_misuse {
    int code;                      /* MAG_E_ */
    enum mag_debug_kind kind;      /* of `object` */
    const void *object;            /* core or promise; NULL: the call named none */
    uint64_t token;                /* of the task that was misused, or of the operation */
    struct mag_debug_site here;    /* the misuse */
    struct mag_debug_site created; /* debug builds: where the task was handed out */
    struct mag_debug_site consumed; /* debug builds: where it was consumed, if it was */

    /* More than the code says, such as the names of functions; or NULL.  Valid during the
     * call. */
    const char *text;
};

/*
 * A watch.  Embed it in an object with the data that it needs.
 *
 * `told` is called on any thread, also on several at once, while the caller may hold
 * locks.  It may call any function; it is not told of misuse of its own.  It need not
 * return: it may call abort.
 */
struct mag_misuse_watch {
    void (*told)(struct mag_misuse_watch *watch, const struct mag_misuse *misuse);
};

/*
 * Makes `watch` the watch of the process.  NULL: the process has none.
 *
 * If several threads try to complete a promise, the losers get MAG_E_DONE.  The watch is
 * told of that too, because the library cannot know whether the program expects losers.
 *
 *   Returns    the watch from before, or NULL.  A thread may still be in its `told`, so a
 *              watch should be static
 */
MAG_API struct mag_misuse_watch *mag_debug_watch(struct mag_misuse_watch *watch);

/*
 * Tells the watch of misuse.  For sources with checks of their own.
 *
 *   code       a MAG_E code
 *   task       the task that was misused
 *   Returns    `code`
 */
MAG_API int mag_debug_tell(int code, mag_vtask task);

/* ------------------------------------------------------------ never consumed */

/* Something that was handed out. */
struct mag_debug_task {
    enum mag_debug_kind kind;
    const void *object;
    uint64_t token;
    struct mag_debug_site created;
};

/*
 * Visits each object that was handed out and is not consumed, returned or released yet:
 * cores of a type that recycles, operations, frames, promises.  In a program that is at
 * rest these are the tasks that were dropped, and the promises whose references were not
 * given back.  Cores that are reset by hand are not recorded.
 *
 * While other threads work, each object is seen as it was at some moment of the call.
 *
 *   visit      called for each object, with `arg`; may call any function.  NULL: the
 *              objects are only counted
 *   Returns    0; -ENOTSUP the library was built without MAG_DEBUG_TASKS; -ENOSPC there
 *              were more objects than the record has room for, so some may be missing
 *              (`*ret_count` is set)
 */
MAG_API int mag_debug_unconsumed(void (*visit)(const struct mag_debug_task *task,
                                               void *arg),
                                 void *arg, size_t *ret_count);

/*
 * Describes a return address: "function+0x1f (program+0x22f4)".  It knows the dynamic
 * symbols only: link a program with -rdynamic to see the names of its functions.  The
 * text is cut to `size` bytes, the terminating zero included.
 *
 *   Blocks     as dladdr
 */
MAG_API void mag_debug_describe(const void *frame, char *text, size_t size);

MAG_EXTERN_C_END

#endif
