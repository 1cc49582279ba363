#pragma once

// What a reader of a report must know of the machine it was made on. Labels: of all this only
// wall_clock_at() is computed with, where a service told a date. "charset" is that of the locale,
// "UTF-8" or "ASCII": it decides the marks in the report for people.

#include <chrono>
#include <map>
#include <string>

#include "faults/time.h"

namespace faultline {

std::map<std::string, std::string> environment_of_this_machine();

// The wall clock as RFC 3339 in UTC, "2026-01-31T12:00:00Z", and for names of files,
// "20260131-120000".
std::string wall_clock();
std::string wall_clock_for_names();
// What it says, or will say, at an instant near now.
std::chrono::sys_time<Duration> wall_clock_at(Instant at);

}  // namespace faultline
