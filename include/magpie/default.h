/*
 * default.h - the default scheduler, which all code of a process shares.
 *
 *     #include <magpie/default.h>
 *
 *     int main(void)
 *     {
 *         struct mag_sched_config config;
 *         struct mag_sched *sched;
 *
 *         mag_sched_config_init(&config);
 *         config.workers = 2; // unless the environment says otherwise
 *         if (mag_sched_default_configure(&config) != 0)
 *             return 1;
 *         if (mag_sched_default(&sched) != 0) // starts it
 *             return 1;
 *         return mag_sched_workers(sched) != 0 ? 0 : 1;
 *     }
 *
 * A library uses the default scheduler so that a process has one set of workers, whatever
 * it is made of.  The program configures it, and the person who runs the program has the
 * last word, by the environment.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DEFAULT_H
#define MAGPIE_DEFAULT_H

#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/*
 * The scheduler that all code of the process shares.  The first call starts it.  It lives
 * until the process ends: nobody can stop or destroy it.  After fork() this function
 * starts a fresh one in the child, from the same configuration; posts in the child to the
 * parent's are refused with MAG_E_FORKED.
 *
 * Each field of its configuration comes from the environment if a variable is set
 * (mag_sched_variable), else from mag_sched_default_configure, else from the defaults.
 * So the person who runs a program has the last word.  A program that must not be
 * overruled starts a scheduler of its own: mag_sched_start reads no variable.
 *
 *   Thread     any; no cancellation point; while it starts, no thread may change the
 *              environment (setenv(3))
 *   Blocks, Allocates  the first call, as mag_sched_start
 *   Returns    0; MAG_E_ENVIRONMENT a variable has a wrong value: `magpie doctor` and
 *              mag_sched_variable_check tell which one; the errors of mag_sched_start.
 *              After an error the next call tries again
 */
MAG_API MAG_MUST_CHECK int mag_sched_default(struct mag_sched **ret_sched);

/*
 * Sets the configuration of the default scheduler, before the first mag_sched_default.
 * The configuration is copied, with its name and its list of PUs; `topology`, the hooks
 * and their argument must live as long as the process.  A later call replaces an earlier
 * one.  NULL means the defaults.
 *
 *   Allocates  a copy of the list
 *   Returns    0; -EBUSY the default scheduler runs already; -EINVAL a field is out of
 *              its range; -ENOMEM.  After an error nothing has changed
 */
MAG_API MAG_MUST_CHECK int
mag_sched_default_configure(const struct mag_sched_config *config);

/* A variable of the environment that sets a field of the default scheduler. */
struct mag_sched_variable {
    const char *name;    /* such as "MAGPIE_WORKERS" */
    const char *field;   /* of struct mag_sched_config */
    const char *allowed; /* the values it may have */
    const char *meaning;
};

MAG_NAMESAKES_BEGIN
/*
 * The variables that mag_sched_default reads, by number from 0.
 *
 *   Returns    a constant; NULL if there are no more
 */
MAG_API const struct mag_sched_variable *mag_sched_variable(uint32_t index);
MAG_NAMESAKES_END

/*
 * The value that a variable has now.  A program that runs with more rights than the user
 * who called it sees no value (secure_getenv(3)).
 *
 *   Returns    the value, valid until the environment changes; NULL if the variable is
 *              not set, or empty, which means the same
 */
MAG_API const char *mag_sched_variable_value(uint32_t index);

/*
 * Whether mag_sched_default can use the value that a variable has now.  A variable that
 * is not set is right.
 *
 *   Blocks     for a list of PUs, while the machine is examined
 *   Allocates  for a list of PUs
 *   Returns    0; MAG_E_ENVIRONMENT the value is wrong; -EINVAL no such variable;
 *              -ENOMEM; an error of mag_topology_load
 */
MAG_API MAG_MUST_CHECK int mag_sched_variable_check(uint32_t index);

MAG_EXTERN_C_END

#endif
