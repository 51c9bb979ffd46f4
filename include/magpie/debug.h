/*
 * debug.h - finding misuse of value tasks: a watch that is told of each, and the list of
 * what was never consumed.
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
 *         abort();
 *     }
 *     static struct mag_misuse_watch watch = {.told = told};
 *
 *     (void)mag_debug_watch(&watch);
 *
 * The model.  In every build, misuse is answered by a MAG_E code, and the watch is told
 * of it on the thread that made the call, before the call returns.  A library that was
 * built with MAG_DEBUG_TASKS, as Debug builds are, also knows where the task came from:
 * for each core, operation, frame and promise it records where it was handed out and
 * where it was consumed.  Other builds record nothing and pay nothing for it.
 *
 * Sites.  A site is a chain of return addresses: the line that called the library is
 * among them, whatever inline function or helper of yours stands between.  They are
 * addresses, and not file and line, because C cannot pass the caller's line through a
 * function.  `addr2line -fie PROGRAM OFFSET` turns an address into file and line;
 * mag_debug_describe tells PROGRAM and OFFSET.
 *
 * One interface.  Structs and functions are the same in every build of the library, and a
 * program that was compiled for one build runs with the other.  The CMake target and the
 * pkg-config file of a library with MAG_DEBUG_TASKS define that macro; a program that is
 * compiled without it does not record what its own inline calls, mag_operation_rent and
 * mag_core_prepare, hand out.
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

/* What stands behind a task. */
enum mag_debug_kind {
    MAG_DEBUG_NOTHING = 0, /* an argument was wrong, or it is not known */
    MAG_DEBUG_CORE = 1,    /* of a source of yours, or of mag_delay, mag_when_any, ... */
    MAG_DEBUG_OPERATION = 2,
    MAG_DEBUG_FRAME = 3, /* of an async function */
    MAG_DEBUG_PROMISE = 4,
};

/* ------------------------------------------------------------------ the watch */

/*
 * What a watch is told.
 *
 * Of a stale task `created` and `consumed` are those of its own operation, not of the one
 * that the object is used for now; that of the last two of each object is remembered.
 */
struct mag_misuse {
    int code;                 /* MAG_E_ */
    enum mag_debug_kind kind; /* of `object` */
    const void *object;       /* core or promise; NULL: none was named */
    uint64_t token;           /* of the task that was misused, or of the operation */
    struct mag_debug_site here;
    struct mag_debug_site created;  /* debug builds */
    struct mag_debug_site consumed; /* debug builds; by whom, if it was */

    /* What the code does not say, such as the names of functions, or NULL.  Gone after
     * the call. */
    const char *text;
};

/*
 * A watch: embed it in what it needs.
 *
 * `told` is called on any thread, also on several at once, and with the locks that the
 * caller holds.  It may call anything, but its own misuse is not told.  It need not
 * return.
 */
struct mag_misuse_watch {
    void (*told)(struct mag_misuse_watch *watch, const struct mag_misuse *misuse);
};

/*
 * Makes `watch` the one of the process; NULL: none.
 *
 * A promise that several threads try to complete answers the losers MAG_E_DONE.  The
 * watch is told of that too: the library cannot know whether the program expects losers.
 *
 *   Returns    the watch before, or NULL; a thread may still be in its `told`.  A static
 *              watch is always safe
 */
MAG_API struct mag_misuse_watch *mag_debug_watch(struct mag_misuse_watch *watch);

/*
 * Tells the watch of misuse, for sources with checks of their own.
 *
 *   `task`     the one that was misused
 *   `code`     a MAG_E code
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
 *   `visit`    may be NULL, to count.  May call anything
 *   Returns    0; -ENOTSUP the library was built without MAG_DEBUG_TASKS; -ENOSPC there
 *              were more objects than the record has room for, so some may be missing
 *              (`*ret_count` is set)
 */
MAG_API int mag_debug_unconsumed(void (*visit)(const struct mag_debug_task *task,
                                               void *arg),
                                 void *arg, size_t *ret_count);

/*
 * Says what is at a return address: "function+0x1f (program+0x22f4)", as far as the
 * dynamic symbols tell (link with -rdynamic to have those of a program).  Cut to `size`
 * bytes, the end included.
 *
 *   Blocks     as dladdr
 */
MAG_API void mag_debug_describe(const void *frame, char *text, size_t size);

MAG_EXTERN_C_END

#endif
