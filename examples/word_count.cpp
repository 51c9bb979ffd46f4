/*
 * The most frequent words of some files, in C++17: a pipeline reads and counts the files,
 * many at a time; a reduction adds the counts up; a sort puts them in order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.hpp>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

using counts = std::map<std::string, long>;

/* What goes through the pipeline: a file, and then its words. */
struct document {
    std::string name;
    std::string text;
    counts words;
};

static counts count_words(const std::string &text)
{
    counts words;
    std::string word;

    for (char c : text + ' ') {
        if (std::isalpha(static_cast<unsigned char>(c)) != 0)
            word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        else if (!word.empty())
            words[std::exchange(word, {})]++;
    }
    return words;
}

static std::vector<counts> count_files(mag_sched *sched,
                                       const std::vector<std::string> &names)
{
    magpie::pipeline<document> files;
    std::vector<counts> all;
    std::size_t next = 0;

    files
        .in_order([&](document &d) {
            if (next == names.size())
                return false; /* no more items */
            d.name = names[next++];
            return true;
        })
        .parallel([](document &d) {
            std::ifstream file(d.name);
            d.text.assign(std::istreambuf_iterator<char>(file), {});
            return !d.text.empty(); /* false: the file is skipped */
        })
        .parallel([](document &d) { d.words = count_words(d.text); })
        .in_order([&](document &d) { all.push_back(std::move(d.words)); });
    files.run(sched);
    return all;
}

static counts add_up(mag_sched *sched, const std::vector<counts> &files)
{
    auto put_behind = [](counts &sum, const counts &later) {
        for (const auto &[word, count] : later)
            sum[word] += count;
    };

    return magpie::reduce(
        sched, {0, files.size()}, counts(),
        [&](std::size_t i, counts &sum) { put_behind(sum, files[i]); }, put_behind);
}

int main(int argc, char **argv)
{
    std::vector<std::string> names(argv + 1, argv + argc);
    magpie::scheduler sched = magpie::scheduler::shared();

    if (names.empty()) { /* a file of our own, and one that does not exist */
        std::ofstream("words.txt") << "the cat and the dog and the bird";
        names = {"words.txt", "does-not-exist.txt", "words.txt"};
    }
    try {
        counts all = add_up(sched, count_files(sched, names));
        std::vector<const counts::value_type *> words; /* items are copied byte by byte */

        for (const auto &entry : all)
            words.push_back(&entry);
        magpie::stable_sort(sched, words,
                            [](auto *a, auto *b) { return a->second > b->second; });
        for (std::size_t i = 0; i < std::min<std::size_t>(words.size(), 10); i++)
            std::printf("%6ld %s\n", words[i]->second, words[i]->first.c_str());
        return argc > 1 || (all["the"] == 6 && words[0]->first == "the") ? 0 : 1;
    } catch (const std::exception &failed) {
        std::fprintf(stderr, "word_count: %s\n", failed.what());
        return 1;
    }
}
