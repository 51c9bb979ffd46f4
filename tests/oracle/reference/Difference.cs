// SPDX-License-Identifier: Apache-2.0
// How often the trace of the reference was made to say what Magpie does on purpose.
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Magpie.Oracle;

/// The differences of differences.md that players meet.
static class Difference
{
    static readonly SortedDictionary<string, int> made = new();

    public static void Made(string number) =>
        made[number] = made.GetValueOrDefault(number) + 1;

    /// A line for each: how often, and its number.
    public static void Write(string path) =>
        File.WriteAllLines(path, made.Select(pair => $"{pair.Value} {pair.Key}"));
}
