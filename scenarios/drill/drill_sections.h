#pragma once

// What each section of a drill file may hold. Sections are read in the order in which they refer to
// each other: ports, proxies, processes, workloads, faults, sinks, limits, or in their
// place the X-ray, expectations.

#include <set>
#include <string>

#include "scenarios/drill/drill.h"
#include "scenarios/drill/drill_reader.h"

namespace faultline {

// Fills `drill` from the whole file; every mistake goes to `reading`.
void read_sections(Reading& reading, const Node& root, Drill& drill);

// Parts of it, in files of their own.
void read_workloads(Section& root, Drill& drill);
void read_faults(Section& root, Drill& drill);
void read_limits(Section& root, Drill& drill);
void read_xray(Section& root, Drill& drill);  // and says what does not go with it

// What of a fault is the same in a drill and in the configuration of `serve`: the proxies of
// `drill` that it is on, and, last, the settings of its kind and of its aim.
void read_fault_targets(Section& section, const Drill& drill, FaultPlan& fault);
void read_fault_settings(Section& section, const FaultKind& kind, FaultPlan& fault);

// The name of a section under `key`: required, well formed, unlike those in `taken`, to which it
// is added. False if the section has none that could be used.
bool read_name(Section& section, std::string_view key, std::set<std::string>& taken,
               std::string& into);

// An address, or a late one that is noted in the drill under `to` (part and owner are given).
// `into` gets the address when it is known. True if the key was there and right.
bool read_address(Section& section, std::string_view key, LateAddress to, Drill& drill,
                  std::optional<Address>& into);

// The same for a text that was read already and is in `to`.
bool place_address(Section& section, std::string_view key, LateAddress to, Drill& drill,
                   std::optional<Address>& into);

// Of a request: method, headers and body.
void read_request_parts(Section& request, RequestPlan& plan);

// Whether the text can be the name of a header.
bool is_token(std::string_view text);

inline constexpr Duration longest = std::chrono::hours(7 * 24);  // of anything in a drill
inline constexpr Duration shortest = std::chrono::milliseconds(1);

}  // namespace faultline
