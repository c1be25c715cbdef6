// Groups numbers by the pointer that Python gives, from several threads, each with results of its own; the first one's are kept.
#include "hrgcore_kernels.h"
#include <chrono>
#include <future>
#include <thread>
#include <vector>

static const int NO_END = 99; // a thread has not come to an end in a minute

static std::vector<hrgcore_episode> at_age(const hrgcore_numbers &given, int age) {
    if (age < 0) return {};
    std::vector<hrgcore_episode> rows(given.rows, given.rows + given.episodes);
    for (auto &row : rows) row.age = age;
    return rows;
}

static std::future<int> started(hrgcore_group_numbers group, hrgcore_numbers *numbers) {
    std::packaged_task<int()> task([=] { return group(numbers); });
    auto code = task.get_future();
    std::thread(std::move(task)).detach();
    return code;
}

extern "C" int group_at_age(hrgcore_group_numbers group, hrgcore_numbers *given, int age) {
    auto rows = at_age(*given, age);
    hrgcore_numbers numbers = *given;
    if (age >= 0) numbers.rows = rows.data();
    std::vector<hrgcore_episode_result> episodes(given->episodes > 0 ? given->episodes : 0);
    std::vector<hrgcore_spell_result> spells(given->spells > 0 ? given->spells : 0);
    hrgcore_numbers own = numbers;
    if (own.episode_results) own.episode_results = episodes.data();
    if (own.spell_results) own.spell_results = spells.data();
    if (own.room > 0) own.room = 0;

    std::future<int> codes[] = {started(group, &numbers), started(group, &own)};
    for (auto &code : codes)
        if (code.wait_for(std::chrono::minutes(1)) != std::future_status::ready) std::quick_exit(NO_END);
    int first = codes[0].get(), other = codes[1].get();
    given->n_unbundled = numbers.n_unbundled;
    return first ? first : other;
}
