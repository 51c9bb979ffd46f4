/*
 * xml.h - checks an XML file before hwloc reads it.  Private to numa/.
 *
 * hwloc follows the CPU set and the node set of every object without checking that the
 * file has them all, so a damaged file ends the program.  A file that hwloc exported is
 * always complete.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_MACHINE_XML_H
#define NUMA_MACHINE_XML_H

/*
 * Checks that hwloc can read this file safely.
 *
 *   Returns    0; -ENOENT no such file; -EACCES no permission to read the file; -EINVAL
 *              not a topology, or a topology with an object that lacks a set; -ENOMEM
 */
int mag_xml_check(const char *path);

#endif
