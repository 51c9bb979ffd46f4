/*
 * no_packets.h - for models in which nobody submits: packets have a model of their own,
 * model_packet.cpp.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_NO_PACKETS_H
#define TESTS_MODEL_NO_PACKETS_H

#include "sched/queue/packet.h"

void mag_packet_mark(mag_job *)
{
}

void mag_packet_give(mag_packet *)
{
}

#endif
