# SPDX-License-Identifier: Apache-2.0
"""Who includes whom inside a room: the graph behind check_style.py's rule "circles"."""
import pathlib

# Rooms of which some folders still include each other.
MIXED_FOLDERS = {"vtask"}


def module_of(path):
    """The module that a file belongs to: x.c and x.h are one."""
    return pathlib.PurePath(path).with_suffix("").as_posix()


def folder_of(path):
    """The folder that a file belongs to; a file beside the folders stands for itself."""
    parts = pathlib.PurePath(path).parts
    return "/".join(parts[:2]) if len(parts) > 2 else module_of(path)


def reached(inclusions, node_of):
    """From pairs of a file and what it includes: the nodes that each node includes, by way
    of others too."""
    direct = {}
    for path, included in inclusions:
        direct.setdefault(node_of(path), set()).add(node_of(included))
    result = {}
    for node in direct:
        result[node], rest = set(), list(direct[node])
        while rest:
            other = rest.pop()
            if other not in result[node]:
                result[node].add(other)
                rest += direct.get(other, ())
    return result
