/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/command.h"
#include "bench/machine/diagnosis.h"
#include "bench/text/text.h"

static const char *const command = "doctor";

enum { OPTION_JSON = 256 };

static const struct argp_option options[] = {
    {"json", OPTION_JSON, NULL, 0, "Print JSON", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    bool *json = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        bench_argp_init(state);
        return 0;
    case OPTION_JSON:
        *json = true;
        return 0;
    case ARGP_KEY_ARG:
        bench_usage(command, "unexpected argument '%s'", arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
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
    bool json = false;
    int r = 0;

    bench_parse(command, &argp, argc, argv, &json);
    bench_diagnosis_read(&diagnosis);
    if (json)
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
