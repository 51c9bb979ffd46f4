/*
 * command.h - the commands of the `magpie` program and how they take arguments.
 *
 * Exit status: 0; 1 if something failed, was wrong or could not be written; 2 for wrong
 * arguments, with one line on standard error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_CLI_COMMAND_H
#define BENCH_CLI_COMMAND_H

#include <argp.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_OK = 0, BENCH_FAILED = 1, BENCH_USAGE = 2 };

struct bench_command {
    const char *name;
    int (*run)(int argc, char **argv);
};

extern const struct bench_command bench_command_bench;
extern const struct bench_command bench_command_report;
extern const struct bench_command bench_command_topo;
extern const struct bench_command bench_command_doctor;
extern const struct bench_command bench_command_trace;
extern const struct bench_command bench_command_sim;

/* Prints "magpie <command>: ..." on standard error and ends the program with status 2. */
_Noreturn void bench_usage(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Parses the arguments of a command, where argv[0] is its name; as argp_parse, but a bad
 * argument gets one line.  The parser calls bench_argp_init at ARGP_KEY_INIT. */
void bench_parse(const char *command, const struct argp *argp, int argc, char **argv,
                 void *input);
void bench_argp_init(struct argp_state *state);

/* Writes a command as it can be typed again, quoted for a shell, into `size` bytes.  One
 * that is longer ends with " ...". */
void bench_keep_command(char *text, size_t size, int argc, char *const *argv);

/* A number from `least` to `most`, as 1000, 10^6 or 1e6; ends the program on anything
 * else.  `what` is the option it belongs to. */
uint64_t bench_number(const char *command, const char *what, const char *text,
                      uint64_t least, uint64_t most);

/* The same for numbers that commas separate; returns how many. */
uint32_t bench_numbers(const char *command, const char *what, const char *text,
                       uint64_t *ret_numbers, uint32_t capacity);

#endif
