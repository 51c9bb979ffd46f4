/*
 * packet.h - packets for models.  They have a model of their own, model_packet.cpp, which
 * says what becomes of a packet that is given back; in the others there are none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_SCHED_QUEUE_PACKET_H
#define TESTS_MODEL_SHIM_SCHED_QUEUE_PACKET_H

#include_next "sched/queue/packet.h"

#ifndef MODEL_PACKETS
void mag_packet_give(struct mag_packet *)
{
}
#endif

void mag_packet_mark(struct mag_job *)
{
}

#endif
