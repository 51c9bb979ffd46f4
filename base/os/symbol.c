/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/symbol.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ----------------------------------------------------- the symbol table of a file */

/* A file that is mapped for reading.  Nothing in it is trusted. */
struct image {
    const char *bytes;
    size_t size;
};

/* `count` things of `each` bytes at `offset`; NULL: the file has none there. */
static const void *bytes_at(const struct image *image, uint64_t offset, uint64_t count,
                            size_t each)
{
    if (offset > image->size || count > (image->size - offset) / each ||
        offset % sizeof(uint32_t) != 0)
        return NULL;
    return image->bytes + offset;
}

static bool is_elf_image(const struct image *image)
{
    const ElfW(Ehdr) *head = bytes_at(image, 0, 1, sizeof(*head));

    return head != NULL && memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 &&
           head->e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
           head->e_shentsize == sizeof(ElfW(Shdr));
}

/* The sections' headers; `*ret_count`: how many. */
static const ElfW(Shdr) * sections_of(const struct image *image, uint32_t *ret_count)
{
    const ElfW(Ehdr) *head = (const void *)image->bytes;

    *ret_count = head->e_shnum;
    return bytes_at(image, head->e_shoff, head->e_shnum, sizeof(ElfW(Shdr)));
}

/* The name at `offset` of a table of names; NULL: there is none that ends. */
static const char *name_at(const struct image *image, const ElfW(Shdr) * names,
                           uint64_t offset)
{
    const char *table = bytes_at(image, names->sh_offset, names->sh_size, 1);

    if (table == NULL || offset >= names->sh_size ||
        memchr(table + offset, '\0', names->sh_size - offset) == NULL)
        return NULL;
    return table + offset;
}

static bool symbol_contains(const ElfW(Sym) * symbol, uintptr_t offset)
{
    return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_value <= offset &&
           (offset - symbol->st_value < symbol->st_size || offset == symbol->st_value);
}

/* The function at `offset` in one table of symbols. */
static const char *find_in_table(const struct image *image, const ElfW(Shdr) * sections,
                                 uint32_t count, const ElfW(Shdr) * table,
                                 uintptr_t offset)
{
    uint64_t symbols = table->sh_size / sizeof(ElfW(Sym));
    const ElfW(Sym) *symbol = bytes_at(image, table->sh_offset, symbols, sizeof(*symbol));

    if (symbol == NULL || table->sh_link >= count)
        return NULL;
    for (uint64_t i = 0; i < symbols; i++) {
        if (symbol_contains(&symbol[i], offset))
            return name_at(image, &sections[table->sh_link], symbol[i].st_name);
    }
    return NULL;
}

static const char *find_function(const struct image *image, uintptr_t address,
                                 uintptr_t base)
{
    const char *found = NULL;
    uint32_t count;

    if (!is_elf_image(image))
        return NULL;
    const ElfW(Shdr) *sections = sections_of(image, &count);
    /* A program that is not position-independent has absolute addresses. */
    bool moved = ((const ElfW(Ehdr) *)(const void *)image->bytes)->e_type == ET_DYN;
    for (uint32_t i = 0; sections != NULL && found == NULL && i < count; i++) {
        if (sections[i].sh_type == SHT_SYMTAB)
            found = find_in_table(image, sections, count, &sections[i],
                                  address - (moved ? base : 0));
    }
    return found;
}

/* ------------------------------------------------------------------- the files */

/* The program itself is known by the name it was called with, which need not lead to its
 * file. */
static const char *path_of(const Dl_info *info)
{
    Dl_info program;

    /* NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel passes it as a number. */
    if (dladdr((const void *)getauxval(AT_PHDR), &program) != 0 &&
        program.dli_fbase == info->dli_fbase)
        return "/proc/self/exe";
    return info->dli_fname;
}

static bool open_image(const char *path, struct image *ret_image)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    void *bytes = MAP_FAILED;

    if (file < 0)
        return false;
    if (fstat(file, &about) == 0 && about.st_size > 0)
        bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    (void)close(file);
    if (bytes == MAP_FAILED)
        return false;
    *ret_image = (struct image){bytes, (size_t)about.st_size};
    return true;
}

static bool copy_static_name(const Dl_info *info, uintptr_t address, char *text,
                             size_t size)
{
    struct image image;

    if (!open_image(path_of(info), &image))
        return false;
    const char *name = find_function(&image, address, (uintptr_t)info->dli_fbase);
    if (name != NULL)
        (void)snprintf(text, size, "%s", name);
    (void)munmap((void *)(uintptr_t)image.bytes, image.size);
    return name != NULL;
}

static const char *last_part_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

void mag_os_symbol(const void *address, char *text, size_t size)
{
    Dl_info info;

    if (dladdr(address, &info) == 0 || info.dli_fname == NULL)
        (void)snprintf(text, size, "%p", address);
    else if (info.dli_sname != NULL && info.dli_saddr == address)
        (void)snprintf(text, size, "%s", info.dli_sname);
    else if (!copy_static_name(&info, (uintptr_t)address, text, size))
        (void)snprintf(text, size, "%s+0x%zx", last_part_of(info.dli_fname),
                       (size_t)((uintptr_t)address - (uintptr_t)info.dli_fbase));
}
