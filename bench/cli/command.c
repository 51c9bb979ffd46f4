/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/command.h"
#include "bench/text/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bench_usage(const char *command, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fprintf(stderr, "magpie%s%s: ", *command != '\0' ? " " : "", command);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(BENCH_USAGE);
}

void bench_argp_init(struct argp_state *state)
{
    /* getopt says what is wrong in one line; argp would add a second one here. */
    state->err_stream = NULL;
}

void bench_parse(const char *command, const struct argp *argp, int argc, char **argv,
                 void *input)
{
    char name[32];

    (void)snprintf(name, sizeof(name), "magpie %s", command);
    argv[0] = name;
    if (argp_parse(argp, argc, argv, 0, NULL, input) != 0)
        exit(BENCH_USAGE);
}

/* Whether a shell takes it as it is. */
static bool is_plain(const char *argument)
{
    static const char others[] = "_@%+=:,./^-";

    for (const char *at = argument; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr(others, *at) == NULL &&
            (unsigned char)*at < 0x80)
            return false;
    }
    return *argument != '\0';
}

static void put_quoted(FILE *out, const char *argument)
{
    if (is_plain(argument)) {
        (void)fputs(argument, out);
        return;
    }
    (void)fputc('\'', out);
    for (const char *at = argument; *at != '\0'; at++) {
        if (*at == '\'')
            (void)fputs("'\\''", out);
        else
            (void)fputc(*at, out);
    }
    (void)fputc('\'', out);
}

void bench_keep_command(char *text, size_t size, int argc, char *const *argv)
{
    static const char more[] = " ...";
    char *whole = NULL;
    size_t length;
    FILE *out = open_memstream(&whole, &length);

    text[0] = '\0';
    if (out == NULL)
        return;
    (void)fputs(argv[0], out);
    for (int i = 1; i < argc; i++) {
        (void)fputc(' ', out);
        put_quoted(out, argv[i]);
    }
    if (fclose(out) == 0 && length < size)
        (void)snprintf(text, size, "%s", whole);
    else if (whole != NULL)
        (void)snprintf(text, size, "%.*s%s",
                       (int)bench_utf8_cut(whole, size - sizeof(more)), whole, more);
    bench_utf8(text);
    free(whole);
}

/* The digits at `*text`; false when there are none, or too many. */
static bool take_digits(const char **text, uint64_t *ret_number)
{
    char *end;

    if (!isdigit((unsigned char)**text))
        return false;
    errno = 0;
    *ret_number = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0;
}

/* "1000", "10^6" or "1e6". */
static bool take_number(const char **text, uint64_t *ret_number)
{
    uint64_t base;
    uint64_t exponent = 0;
    uint64_t number;

    if (!take_digits(text, &base))
        return false;
    number = base;
    if (**text == '^' || **text == 'e') {
        bool power = **text == '^';

        (*text)++;
        if (!take_digits(text, &exponent))
            return false;
        number = power ? 1 : base;
        base = power ? base : 10;
    }
    for (uint64_t i = 0; i < exponent && number != 0; i++) {
        if (__builtin_mul_overflow(number, base, &number) || i > 64)
            return false;
    }
    *ret_number = number;
    return true;
}

uint64_t bench_number(const char *command, const char *what, const char *text,
                      uint64_t least, uint64_t most)
{
    const char *rest = text;
    uint64_t number;

    if (!take_number(&rest, &number) || *rest != '\0')
        bench_usage(command, "%s: '%s' is not a number", what, text);
    if (number < least || number > most)
        bench_usage(command, "%s: %s is not from %" PRIu64 " to %" PRIu64, what, text,
                    least, most);
    return number;
}

uint32_t bench_numbers(const char *command, const char *what, const char *text,
                       uint64_t *ret_numbers, uint32_t capacity)
{
    const char *rest = text;

    for (uint32_t count = 0; count < capacity; rest++) {
        if (!take_number(&rest, &ret_numbers[count++]) || (*rest != ',' && *rest != '\0'))
            bench_usage(command, "%s: '%s' is not a list of numbers such as 1,2,4", what,
                        text);
        if (*rest == '\0')
            return count;
    }
    bench_usage(command, "%s: more than %u numbers", what, capacity);
}
