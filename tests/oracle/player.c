/*
 * Plays the scripts of the differential test over Magpie: reads one script from each
 * line, and prints one trace on each line.  docs/design/oracle.md has the language;
 * reference/ plays it over .NET.
 *
 * usage: oracle-player [--connected] [FILE]
 *
 *   --connected  waits in the connected form wherever a script allows that
 *   FILE         where the player writes which cells of the outcome matrices it reached
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/oracle/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world world;
bool is_connected;

void trace(const char *format, ...)
{
    va_list args;

    if (world.muted)
        return;
    va_start(args, format);
    (void)putchar('\t');
    (void)vprintf(format, args);
    va_end(args);
}

void answer(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs("\t= ", stdout);
    (void)vprintf(format, args);
    va_end(args);
}

static const char *misuse_name(int code)
{
    switch (code) {
    case MAG_E_TOKEN:
        return "E_TOKEN";
    case MAG_E_PENDING:
        return "E_PENDING";
    case MAG_E_DONE:
        return "E_DONE";
    case MAG_E_CONTINUATION:
        return "E_CONTINUATION";
    case MAG_E_ARG:
        return "E_ARG";
    case MAG_E_SIZE:
        return "E_SIZE";
    default:
        return "E_OTHER";
    }
}

void answer_code(int code)
{
    answer("%s", code == 0 ? "ok" : misuse_name(code));
}

void answer_read(int code, bool typed, uint64_t result, uint64_t detail)
{
    if (mag_is_misuse(code))
        answer_code(code);
    else if (code == -ECANCELED)
        answer("canceled %d", (int)detail);
    else if (code != 0)
        answer("error %d %d", code, (int)detail);
    else
        answer("value %d", typed ? (int)result : 0);
}

void operate(char *operation)
{
    struct words words = {.word = operation};
    char *rest = operation;

    trace("> %s", operation);
    (void)strsep(&rest, " ");
    for (unsigned i = 0; i < 6 && rest != NULL; i++)
        words.n[i] = (int)strtol(strsep(&rest, " "), NULL, 10);
    if (strcmp(words.word, "drain") == 0) {
        runs_drain();
        answer_code(0);
    } else if (strcmp(words.word, "enter") == 0) {
        (void)runs_enter(words.n[0]);
        answer_code(0);
    } else if (!operate_channel(&words) && !operate_core(&words) &&
               !operate_mock(&words) && !operate_promise(&words) &&
               !operate_value(&words)) {
        (void)fprintf(stderr, "there is no operation '%s'\n", words.word);
        exit(2);
    }
    channels_poll();
}

/* ------------------------------------------------------------------- a script's end */

/* Completes what is still pending, without a trace, because it is about to be freed. */
static void finish_all(void)
{
    for (struct core *core = world.all_cores; core != NULL; core = core->next) {
        int r = mag_core_set_result(&core->core, 0);
        (void)r;
    }
    for (struct mock *mock = world.all_mocks; mock != NULL; mock = mock->next) {
        struct mag_continuation *continuation = mock->continuation;
        mock->continuation = NULL;
        mock->status = MAG_SUCCEEDED;
        mock->error = 0;
        if (continuation != NULL)
            continuation->job.run(&continuation->job);
    }
}

static void free_all(void)
{
    for (unsigned i = 0; i < world.reference_count; i++)
        mag_promise_release(world.references[i]);
    while (world.all_cores != NULL) {
        struct core *core = world.all_cores;
        world.all_cores = core->next;
        free(core);
    }
    while (world.all_mocks != NULL) {
        struct mock *mock = world.all_mocks;
        world.all_mocks = mock->next;
        free(mock);
    }
    memset(&world, 0, sizeof(world));
}

static void play(char *script)
{
    char *lists[LISTS_MAX];
    unsigned count = 0;

    while (script != NULL && count < LISTS_MAX)
        lists[count++] = strsep(&script, "|");
    runs_begin(lists, count);
    runs_play(0);
    runs_drain();
    runs_end();
    runs_leave((struct surroundings){NULL, NULL});
    (void)putchar('\n');
    world.muted = true;
    channels_end();
    finish_all();
    runs_drain();
    free_all();
}

int main(int argc, char *argv[])
{
    char *line = NULL;
    size_t size = 0;
    int file = 1;

    if (argc > 1 && strcmp(argv[1], "--connected") == 0) {
        is_connected = true;
        file = 2;
    }
    while (getline(&line, &size, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        play(line);
    }
    free(line);
    if (argc > file)
        cells_print(argv[file]);
    return 0;
}
