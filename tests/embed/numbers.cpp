// Groups numbers by the pointer that Python gives, from several threads, each with results of its own; the first one's are kept.
#include "hrgcore_kernels.h"
#include <thread>
#include <vector>

extern "C" int group_at_age(hrgcore_group_numbers group, hrgcore_numbers *given, int age) {
    std::vector<hrgcore_episode> rows(given->rows, given->rows + given->episodes);
    if (age >= 0)
        for (auto &row : rows) row.age = age;
    hrgcore_numbers numbers = *given;
    numbers.rows = rows.data();
    int codes[2];
    std::thread other([&] {
        std::vector<hrgcore_episode_result> episodes(numbers.episodes);
        std::vector<hrgcore_spell_result> spells(numbers.spells);
        hrgcore_numbers own = numbers;
        own.episode_results = episodes.data();
        own.spell_results = spells.data();
        own.room = 0;
        codes[1] = group(&own);
    });
    std::thread first([&] { codes[0] = group(&numbers); });
    first.join();
    other.join();
    given->n_unbundled = numbers.n_unbundled;
    return codes[0] ? codes[0] : codes[1];
}
