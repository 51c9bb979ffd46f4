/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/command.h"
#include "bench/text/utf8.h"
#include "tests/support/cmocka.h"

#include <string.h>

static const struct {
    const char *text;
    const char *cleaned;
} texts[] = {
    {"", ""},
    {"plain", "plain"},
    {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
    {"\xe2\x82\xac \xf0\x9f\x90\xa6", "\xe2\x82\xac \xf0\x9f\x90\xa6"},
    {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
    {"caf\xe9", "caf?"},
    {"\xff\xfe", "??"},
    {"\x80", "?"},
    {"a\xc3", "a?"},              /* the end is missing */
    {"\xe2\x82 ", "?? "},         /* and here as well */
    {"\xc0\xaf", "??"},           /* longer than necessary */
    {"\xe0\x80\xaf", "???"},      /* the same */
    {"\xed\xa0\x80", "???"},      /* half of a pair */
    {"\xf4\x90\x80\x80", "????"}, /* beyond the last character */
};

static void what_is_no_character_becomes_a_question_mark(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char text[32];

        (void)snprintf(text, sizeof(text), "%s", texts[i].text);
        bench_utf8(text);
        assert_string_equal(text, texts[i].cleaned);
    }
}

static void every_text_has_a_json(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *json = bench_json_text(texts[i].text);

        assert_non_null(json);
        assert_string_equal(json_string_value(json), texts[i].cleaned);
        json_decref(json);
    }
}

static void a_text_is_cut_between_characters(void **state)
{
    (void)state;

    assert_int_equal(bench_utf8_cut("abc", 5), 3);
    assert_int_equal(bench_utf8_cut("abc", 2), 2);
    assert_int_equal(bench_utf8_cut("a\xe2\x82\xac", 3), 1);
    assert_int_equal(bench_utf8_cut("a\xe2\x82\xac", 4), 4);
    assert_int_equal(bench_utf8_cut("\xff\xff\xff", 2), 2);
}

static void a_command_can_be_typed_again(void **state)
{
    static char *const arguments[] = {
        "magpie bench", "fib",   "--size=10^6",        "-w1,2", "", "two words.json",
        "it's",         "$HOME", "--csv=\xc3\xa9.csv", "a\377b"};
    char text[256];
    (void)state;

    bench_keep_command(text, sizeof(text), sizeof(arguments) / sizeof(arguments[0]),
                       arguments);
    assert_string_equal(text, "magpie bench fib --size=10^6 -w1,2 '' 'two words.json' "
                              "'it'\\''s' '$HOME' --csv=\xc3\xa9.csv a?b");
}

static void a_long_command_is_cut_and_says_so(void **state)
{
    static char *const arguments[] = {"magpie bench",
                                      "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", "more"};
    (void)state;

    for (size_t size = 18; size < 28; size++) {
        char text[32];
        size_t room = size - 1 - strlen("magpie bench ") - strlen(" ...");

        bench_keep_command(text, size, 3, arguments);
        assert_int_equal(strlen(text), strlen("magpie bench ") + room / 3 * 3 + 4);
        assert_string_equal(text + strlen(text) - 4, " ...");
        bench_utf8(text);
        assert_null(strchr(text, '?'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_character_becomes_a_question_mark),
        cmocka_unit_test(every_text_has_a_json),
        cmocka_unit_test(a_text_is_cut_between_characters),
        cmocka_unit_test(a_command_can_be_typed_again),
        cmocka_unit_test(a_long_command_is_cut_and_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
