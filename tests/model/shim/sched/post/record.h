/*
 * record.h - no thread of a model has a packet: packets have a model of their own,
 * model_packet.cpp.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POST_RECORD_H
#define SCHED_POST_RECORD_H

static inline void mag_record_end_own()
{
}

#endif
