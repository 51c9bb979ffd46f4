/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/command.h"
#include "bench/machine/diagnosis.h"
#include "bench/machine/watch.h"
#include "bench/text/text.h"

#include <stdlib.h>

static const char *const command = "doctor";

enum { OPTION_JSON = 256, OPTION_WATCH };

/* What was asked for. */
struct asked {
    bool json;
    bool watch;
    double seconds; /* 0: until it is interrupted */
};

static const struct argp_option options[] = {
    {"json", OPTION_JSON, NULL, 0, "Print JSON", 0},
    {"watch", OPTION_WATCH, "SECONDS", OPTION_ARG_OPTIONAL,
     "Show how workers follow the machine, for so long or until interrupted", 0},
    {0},
};

static double read_seconds(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end != '\0' || !(seconds > 0 && seconds < 1e6))
        bench_usage(command, "'%s' is not a number of seconds", text);
    return seconds;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct asked *asked = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        bench_argp_init(state);
        return 0;
    case OPTION_JSON:
        asked->json = true;
        return 0;
    case OPTION_WATCH:
        asked->watch = true;
        asked->seconds = arg != NULL ? read_seconds(arg) : 0;
        return 0;
    case ARGP_KEY_ARG:
        bench_usage(command, "unexpected argument '%s'", arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int watch(double seconds)
{
    int r = bench_watch(stdout, seconds);

    if (r < 0)
        (void)fprintf(stderr, "magpie doctor: %s\n", mag_call_text(r));
    return bench_close(command, "-", stdout) && r == 0 ? BENCH_OK : BENCH_FAILED;
}

static int run(int argc, char **argv)
{
    static const struct argp argp = {options,
                                     parse,
                                     NULL,
                                     "Explains how many workers a scheduler of this "
                                     "process would have, why, and what limits "
                                     "them.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct bench_diagnosis diagnosis;
    struct asked asked = {.json = false};
    int r = 0;

    bench_parse(command, &argp, argc, argv, &asked);
    if (asked.watch)
        return watch(asked.seconds);
    bench_diagnosis_read(&diagnosis);
    if (asked.json)
        r = bench_diagnosis_json(stdout, &diagnosis);
    else
        bench_diagnosis_print(stdout, &diagnosis);
    if (r < 0)
        (void)fprintf(stderr, "magpie doctor: %s\n", mag_call_text(r));
    r = r < 0 ? r : diagnosis.error;
    bench_diagnosis_free(&diagnosis);
    return bench_close(command, "-", stdout) && r == 0 ? BENCH_OK : BENCH_FAILED;
}

const struct bench_command bench_command_doctor = {"doctor", run};
