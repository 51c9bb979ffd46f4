/*
 * Exceptions that leave the body of a team: one of member 0 arrives at the caller of
 * mag_team_run, after all other members have returned.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

extern "C" {
#include <cmocka.h>
}

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace {

constexpr std::uint32_t workers = 3;

std::atomic<unsigned> returned;

mag_sched *start()
{
    mag_sched_config config;
    mag_sched *sched = nullptr;

    mag_sched_config_init(&config);
    config.workers = workers;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    return sched;
}

/* Member 0 throws between two barriers; the others go through the second one alone. */
void throw_at_first(mag_team *team, std::uint32_t member, void *)
{
    mag_team_barrier(team);
    if (member == 0)
        throw std::runtime_error("member 0");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    mag_team_barrier(team);
    returned++;
}

void count(mag_team *, std::uint32_t, void *)
{
    returned++;
}

bool throws(mag_sched *sched, std::uint32_t members)
{
    try {
        (void)!mag_team_run(sched, members, 0, throw_at_first, nullptr);
    } catch (const std::runtime_error &) {
        return true;
    }
    return false;
}

void an_exception_of_member_0_arrives_after_the_others_have_returned(void **)
{
    mag_sched *sched = start();

    for (std::uint32_t members = 1; members <= workers + 1; members++) {
        returned = 0;
        assert_true(throws(sched, members));
        assert_int_equal(returned.load(), members - 1);
    }
    /* The workers have been given back. */
    returned = 0;
    assert_int_equal(mag_team_run(sched, workers + 1, 0, count, nullptr), 0);
    assert_int_equal(returned.load(), workers + 1);
    mag_sched_destroy(sched);
}

struct throwing {
    mag_job job;
    mag_sched *sched;
    bool caught;
    std::atomic<bool> done;
};

void throw_in_job(mag_job *job)
{
    throwing *what = reinterpret_cast<throwing *>(job);

    what->caught = throws(what->sched, workers);
    what->done = true;
}

void a_job_may_catch_what_its_body_throws(void **)
{
    mag_sched *sched = start();
    throwing what{};

    what.job.run = throw_in_job;
    what.sched = sched;
    returned = 0;
    assert_int_equal(mag_sched_post(sched, &what.job), 0);
    mag_sched_destroy(sched);
    assert_true(what.done);
    assert_true(what.caught);
    assert_int_equal(returned.load(), workers - 1);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(an_exception_of_member_0_arrives_after_the_others_have_returned),
        cmocka_unit_test(a_job_may_catch_what_its_body_throws),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
