/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/debug/debug.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unwind.h>

/* ----------------------------------------------------------------- return addresses */

struct site_walk {
    struct mag_debug_site *site;
    unsigned skip; /* frames of this file, to leave out */
};

static _Unwind_Reason_Code site_step(struct _Unwind_Context *context, void *arg)
{
    struct site_walk *site_walk = arg;
    struct mag_debug_site *site = site_walk->site;
    uintptr_t address = _Unwind_GetIP(context);

    if (site_walk->skip != 0) {
        site_walk->skip--;
        return _URC_NO_REASON;
    }
    if (address == 0 || site->count == MAG_DEBUG_FRAMES)
        return _URC_END_OF_STACK;
    site->frames[site->count++] = (const void *)address;
    return _URC_NO_REASON;
}

/* Uses the compiler's own unwinder, which needs no frame pointers and allocates
 * nothing. */
__attribute__((noinline)) void mag_debug_here(struct mag_debug_site *ret_site)
{
    struct site_walk site_walk = {.site = ret_site, .skip = 1};

    ret_site->count = 0;
    (void)_Unwind_Backtrace(site_step, &site_walk);
}

/* A search for the frame that contains `address`. */
struct search {
    uintptr_t address;
    uintptr_t function; /* of the last frame that was passed */
    bool passed;
};

static _Unwind_Reason_Code seek(struct _Unwind_Context *context, void *arg)
{
    struct search *search = arg;

    /* The canonical frame address is where this frame begins and the previous one
     * ends. */
    search->passed = _Unwind_GetCFA(context) > search->address;
    if (search->passed)
        return _URC_END_OF_STACK;
    search->function = _Unwind_GetRegionStart(context);
    return _URC_NO_REASON;
}

bool mag_debug_is_inside(uintptr_t frame, uintptr_t function)
{
    struct search search = {.address = frame};

    (void)_Unwind_Backtrace(seek, &search);
    return !search.passed || search.function == function;
}

/* --------------------------------------------------------------------- describing */

static const char *name_of_file(const char *path)
{
    const char *name = path;

    for (; *path != '\0'; path++) {
        if (*path == '/')
            name = path + 1;
    }
    return name;
}

void mag_debug_describe(const void *frame, char *text, size_t size)
{
    /* `frame` is a return address, just after the call; the call itself is to be
     * described. */
    uintptr_t call = (uintptr_t)frame - 1;
    Dl_info info;

    if (size == 0)
        return;
    if (dladdr((const void *)call, &info) == 0 || info.dli_fname == NULL)
        (void)snprintf(text, size, "%p", frame);
    else if (info.dli_sname == NULL)
        (void)snprintf(text, size, "(%s+0x%zx)", name_of_file(info.dli_fname),
                       (size_t)(call - (uintptr_t)info.dli_fbase));
    else
        (void)snprintf(text, size, "%s+0x%zx (%s+0x%zx)", info.dli_sname,
                       (size_t)(call - (uintptr_t)info.dli_saddr),
                       name_of_file(info.dli_fname),
                       (size_t)(call - (uintptr_t)info.dli_fbase));
}
