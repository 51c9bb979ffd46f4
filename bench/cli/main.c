/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/command.h"
#include "bench/text/text.h"

#include <magpie/default.h>
#include <magpie/sched.h>
#include <magpie/version.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bench_command *const commands[] = {
    &bench_command_bench,  &bench_command_report, &bench_command_topo,
    &bench_command_doctor, &bench_command_trace,  &bench_command_sim,
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    (void)fprintf(stream, "magpie %s\n", mag_version());
}

/* The variables of the default scheduler, behind the text of --help; it is argp's to
 * free. */
static char *add_variables(const char *text)
{
    const struct mag_sched_variable *variable;
    char *whole = NULL;
    size_t length;
    FILE *out = open_memstream(&whole, &length);

    if (out == NULL)
        return (char *)(uintptr_t)text;
    (void)fprintf(out,
                  "%s\n\nEnvironment, for the default scheduler of a program that uses "
                  "libmagpie:\n",
                  text);
    for (uint32_t i = 0; (variable = mag_sched_variable(i)) != NULL; i++)
        (void)fprintf(out, "  %-17s  %s\n%21s%s\n", variable->name, variable->meaning, "",
                      variable->allowed);
    (void)fprintf(out, "\n'magpie doctor' shows their values, and which are wrong.");
    return fclose(out) == 0 ? whole : (char *)(uintptr_t)text;
}

/* argp shows the text behind the \v of a program's documentation. */
static char *filter_help(int key, const char *text, void *input)
{
    (void)input;
    return key == ARGP_KEY_HELP_POST_DOC ? add_variables(text) : (char *)(uintptr_t)text;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    int *status = state->input;

    if (key == ARGP_KEY_INIT) {
        bench_argp_init(state);
        return 0;
    }
    if (key == ARGP_KEY_NO_ARGS)
        bench_usage("", "COMMAND is missing; 'magpie --help' lists the commands");
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;

    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(arg, commands[i]->name) != 0)
            continue;
        *status = commands[i]->run(state->argc - state->next + 1,
                                   state->argv + state->next - 1);
        state->next = state->argc;
        return 0;
    }
    bench_usage("", "'%s' is not a command; 'magpie --help' lists the commands", arg);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "COMMAND [ARGUMENT...]",
        .doc = "Shows what this machine is, and how work scales on it.\v"
               "Commands:\n"
               "  bench    measure how workloads scale over the cores of this machine\n"
               "  report   make a table or a page again from the JSON of an earlier run\n"
               "  topo     draw the machine, and where its workers sit\n"
               "  doctor   explain what this process may use, and what limits it\n"
               "  trace    run a program and write what its workers did\n"
               "  sim      simulate how workloads scale on machines that are not here\n"
               "\n"
               "'magpie COMMAND --help' explains a command.",
        .help_filter = filter_help,
    };
    int status = BENCH_OK;

    /* A reader that goes away is a write error like any other. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (!bench_guard_output())
        return BENCH_FAILED;
    argp_program_version_hook = print_version;
    argp_err_exit_status = BENCH_USAGE;
    argv[0] = (char[]){"magpie"};
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &status) != 0)
        return BENCH_USAGE;
    return status;
}
