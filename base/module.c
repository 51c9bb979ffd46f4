/*
 * module.c - keeps the module that the library is a part of mapped.
 *
 * The library's own threads run code of this module.  So do the destructors of
 * thread-exit keys, at the end of any thread that has used the library.  libmagpie.so is
 * linked so that it is never unmapped.  But the static library may be a part of a
 * plug-in, which a program may unload.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/module.h"

#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

static atomic_bool is_pinned;

/* Other C libraries, such as musl, never unmap a module. */
#ifdef __GLIBC__

/* The name of the module that holds this code; NULL: the program itself. */
static const char *own_module(void)
{
    static const char here;
    void *found = NULL;
    const struct link_map *module;
    Dl_info info;

    if (dladdr1(&here, &info, &found, RTLD_DL_LINKMAP) == 0 || found == NULL)
        return NULL;
    module = found;
    return module->l_name != NULL && module->l_name[0] != '\0' ? module->l_name : NULL;
}

/* The module is loaded already, so dlopen finds it by its name and reads no file. */
static bool pin_module(void)
{
    const char *name = own_module();

    return name == NULL || dlopen(name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) != NULL;
}

#else

static bool pin_module(void)
{
    return true;
}

#endif

/* Runs when the module is loaded: no function of the library has been called yet, and no
 * other thread can unload the module meanwhile. */
__attribute__((constructor(101))) void mag_module_keep(void)
{
    /* relaxed: calls after the first only try again after a lack of memory. */
    if (!atomic_load_explicit(&is_pinned, memory_order_relaxed)) {
        /* relaxed: as above. */
        atomic_store_explicit(&is_pinned, pin_module(), memory_order_relaxed);
    }
}
