/*
 * environment.h - the environment variables that set fields of the default scheduler's
 * configuration.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_SETTINGS_ENVIRONMENT_H
#define SCHED_SETTINGS_ENVIRONMENT_H

#include <magpie/sched.h>

#include <stdint.h>

/*
 * Sets the fields of `config` whose variables are set.  A list of PUs is allocated: when
 * the configuration is no longer needed, free *ret_os_pus, which is NULL if there is no
 * list.  0; -ENOMEM; MAG_E_ENVIRONMENT a value is wrong.
 */
int mag_environment_apply(struct mag_sched_config *config, uint32_t **ret_os_pus);

#endif
