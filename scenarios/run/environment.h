#pragma once

// What a reader of a report must know of the machine it was made on. Labels only: no number is
// computed from them. "charset" is that of the locale, "UTF-8" or "ASCII": it decides the marks in
// the report for people.

#include <map>
#include <string>

namespace faultline {

std::map<std::string, std::string> environment_of_this_machine();

// The wall clock as RFC 3339 in UTC, "2026-01-31T12:00:00Z", and for names of files,
// "20260131-120000".
std::string wall_clock();
std::string wall_clock_for_names();

}  // namespace faultline
