/*
 * xml.h - looks at an XML file before hwloc does.  Private to numa/.
 *
 * hwloc follows the sets of CPUs and nodes of every object without a look whether the
 * file has them all, and a damaged file ends the program.  What it exports is always
 * whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_MACHINE_XML_H
#define NUMA_MACHINE_XML_H

/*
 * Whether hwloc may be given this file.
 *
 *   Returns    0; -ENOENT no such file; -EACCES a file that may not be read; -EINVAL not
 *   a
 *              topology, or one whose objects lack a set; -ENOMEM
 */
int mag_xml_check(const char *path);

#endif
