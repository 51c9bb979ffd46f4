/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mgzip/options.h"

#include "examples/mgzip/report.h"

#include <argp.h>
#include <errno.h>
#include <magpie/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LEVEL_DEFAULT = 6,
    SUFFIX_MAX = 30,
    KEY_ENGINE = 256,
    KEY_FAST,
    KEY_BEST,
    KEY_REPORT
};

static const struct argp_option known[] = {
    {"stdout", 'c', NULL, 0, "Write to standard output, and keep the files", 0},
    {"to-stdout", 0, NULL, OPTION_ALIAS, NULL, 0},
    {"decompress", 'd', NULL, 0, "Decompress", 0},
    {"uncompress", 0, NULL, OPTION_ALIAS, NULL, 0},
    {"test", 't', NULL, 0, "Decompress, and write nothing", 0},
    {"keep", 'k', NULL, 0, "Keep the files", 0},
    {"force", 'f', NULL, 0,
     "Overwrite files, follow links, compress to a terminal; with -dc copy what is not "
     "compressed",
     0},
    {"no-name", 'n', NULL, 0, "Store neither the file's name nor its time", 0},
    {"recursive", 'r', NULL, 0, "Enter directories", 0},
    {"suffix", 'S', "SUFFIX", 0, "Use this suffix instead of .gz", 0},
    {"quiet", 'q', NULL, 0, "Print no warnings, and no progress", 0},
    {"verbose", 'v', NULL, 0, "Print the ratio for each file", 0},
    {"processes", 'p', "N", 0,
     "Compress N blocks at a time (default: each processor one)", 1},
    {"blocksize", 'b', "KIB", 0, "Compress blocks of so many KiB (zlib: 128)", 1},
    {"engine", KEY_ENGINE, "NAME", 0,
     "zlib (default); or libdeflate: faster, each block a gzip member", 1},
    {"report", KEY_REPORT, NULL, 0, "Print what the pipeline did, and its bottleneck", 1},
    {"fast", KEY_FAST, NULL, 0, "As -1", 2},
    {"best", KEY_BEST, NULL, 0, "As -9; -1 is the fastest, -6 the default", 2},
    {NULL, '1', NULL, OPTION_HIDDEN, NULL, 2},
    {NULL, '2', NULL, OPTION_HIDDEN, NULL, 2},
    {NULL, '3', NULL, OPTION_HIDDEN, NULL, 2},
    {NULL, '4', NULL, OPTION_HIDDEN, NULL, 2},
    {NULL, '5', NULL, OPTION_HIDDEN, NULL, 2},
    {NULL, '6', NULL, OPTION_HIDDEN, NULL, 2},
    {NULL, '7', NULL, OPTION_HIDDEN, NULL, 2},
    {NULL, '8', NULL, OPTION_HIDDEN, NULL, 2},
    {NULL, '9', NULL, OPTION_HIDDEN, NULL, 2},
    {NULL, 'h', NULL, 0, "Print this help", -1},
    {0},
};

/* A whole number of an option's argument. */
static unsigned long number(struct argp_state *state, const char *text, unsigned long min,
                            unsigned long max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || value < min || value > max)
        argp_error(state, "'%s' is not a number from %lu to %lu", text, min, max);
    return value;
}

static const struct engine *engine(struct argp_state *state, const char *name)
{
    static const struct engine *const engines[] = {&engine_zlib, &engine_libdeflate};

    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
        if (strcmp(engines[i]->name, name) != 0)
            continue;
        if (engines[i]->gone != NULL)
            argp_failure(state, MGZIP_ERROR, 0, "%s", engines[i]->gone);
        return engines[i];
    }
    argp_error(state, "there is no engine '%s', but zlib and libdeflate", name);
    return NULL;
}

static const char *suffix(struct argp_state *state, const char *text)
{
    if (*text == '\0' || strchr(text, '/') != NULL || strlen(text) > SUFFIX_MAX)
        argp_error(state, "'%s' cannot be a suffix", text);
    return text;
}

/* Options that only switch something on; NULL: another one. */
static bool *flag(struct options *options, int key)
{
    switch (key) {
    case 'c':
        return &options->to_stdout;
    case 'd':
        return &options->decompress;
    case 't':
        return &options->test;
    case 'k':
        return &options->keep;
    case 'f':
        return &options->force;
    case 'n':
        return &options->no_name;
    case 'r':
        return &options->recursive;
    case 'q':
        return &options->quiet;
    case 'v':
        return &options->verbose;
    case KEY_REPORT:
        return &options->report;
    default:
        return NULL;
    }
}

static error_t take_value(struct options *options, int key, char *value,
                          struct argp_state *state)
{
    switch (key) {
    case 'S':
        options->suffix = suffix(state, value);
        return 0;
    case 'p':
        options->processes = (uint32_t)number(state, value, 1, PROCESSES_MAX);
        return 0;
    case 'b':
        options->block = number(state, value, BLOCK_KIB_MIN, BLOCK_KIB_MAX) << 10;
        return 0;
    case KEY_ENGINE:
        options->engine = engine(state, value);
        return 0;
    case ARGP_KEY_ARGS:
        options->files = &state->argv[state->next];
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t take(int key, char *value, struct argp_state *state)
{
    struct options *options = state->input;
    bool *switched = flag(options, key);

    if (switched != NULL)
        *switched = true;
    else if (key >= '1' && key <= '9')
        options->level = key - '0';
    else if (key == KEY_FAST || key == KEY_BEST)
        options->level = key == KEY_FAST ? 1 : 9;
    else if (key == 'h')
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
    else
        return take_value(options, key, value, state);
    return 0;
}

/* The help that nobody could read is an error. */
static void check_output(void)
{
    if (ferror(stdout) == 0 && fflush(stdout) == 0)
        return;
    (void)report_error("stdout", "%s", strerror(errno));
    _exit(MGZIP_ERROR);
}

void options_parse(struct options *options, int argc, char **argv)
{
    static const struct argp argp = {
        .options = known,
        .parser = take,
        .args_doc = "[FILE...]",
        .doc = "Compresses or decompresses files, as gzip does, on all processors."
               "\vWithout files, or with -, it reads standard input.\n"
               "Exit status: 0 all is well; 1 an error; 2 a warning.",
    };

    *options =
        (struct options){.engine = &engine_zlib, .level = LEVEL_DEFAULT, .suffix = ".gz"};
    argp_program_version = "mgzip " MAG_VERSION_STRING;
    argp_err_exit_status = MGZIP_ERROR;
    (void)atexit(check_output);
    (void)argp_parse(&argp, argc, argv, 0, NULL, options);
    if (options->block == 0)
        options->block = options->engine->block;
    options->decompress |= options->test;
    options->to_stdout |= options->test;
}
