/* SPDX-License-Identifier: Apache-2.0 */
/* The pages that an ended thread has left below the first frames of a stack are given
 * back, and no others. */
#include "base/space.h"
#include "tests/support/cmocka.h"

#include <sys/mman.h>

enum { PAGES = 8 };

static char *pages;
static size_t page;

static int begin(void **state)
{
    (void)state;
    page = mag_space_page();
    pages = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                 -1, 0);
    return pages == MAP_FAILED ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    return munmap(pages, PAGES * page);
}

/* Writes to the pages whose place in `touched` has a 1. */
static void touch(const char *touched)
{
    for (size_t i = 0; i < PAGES; i++) {
        if (touched[i] == '1')
            pages[i * page] = 1;
    }
}

static void assert_kept(const char *kept)
{
    for (size_t i = 0; i < PAGES; i++)
        assert_int_equal(pages[i * page], kept[i] == '1');
}

static void pages_below_are_given_back(void **state)
{
    (void)state;
    touch("11111111");
    mag_space_drop_below(pages + 6 * page + 1, 3 * page);
    assert_kept("11100011");
}

static void the_first_page_that_is_not_there_ends_it(void **state)
{
    (void)state;
    touch("11101111");
    mag_space_drop_below(pages + 6 * page, 6 * page);
    assert_kept("11100011");
}

static void a_guard_ends_it(void **state)
{
    (void)state;
    touch("11111111");
    assert_int_equal(madvise(pages + 2 * page, page, MADV_DONTNEED), 0);
    assert_int_equal(mprotect(pages + 2 * page, page, PROT_NONE), 0);
    mag_space_drop_below(pages + 5 * page, 5 * page);
    assert_int_equal(mprotect(pages + 2 * page, page, PROT_READ | PROT_WRITE), 0);
    assert_kept("11000111");
}

static void less_than_a_page_is_left_alone(void **state)
{
    (void)state;
    touch("11111111");
    mag_space_drop_below(pages + 6 * page + page / 2, page / 4);
    assert_kept("11111111");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_below_are_given_back, begin, end),
        cmocka_unit_test_setup_teardown(the_first_page_that_is_not_there_ends_it, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_guard_ends_it, begin, end),
        cmocka_unit_test_setup_teardown(less_than_a_page_is_left_alone, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
