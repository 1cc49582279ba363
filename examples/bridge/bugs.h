#pragma once

// The bug switches of the reference service. Each one changes exactly one behaviour, so that a
// drill which claims to find that mistake can be shown to find it. Without a switch the service is
// healthy. What each breaks, and what a client then sees, is the table in README.md.

#include <array>
#include <string>
#include <string_view>

namespace bridge {

struct Bugs {
  bool ack_before_commit = false;
  bool no_reconnect = false;
  bool status_500 = false;
  bool no_deadline = false;
  bool stale_pool = false;
  bool no_dedupe = false;
};

struct BugName {
  std::string_view name;
  bool Bugs::* flag;
};

inline constexpr std::array<BugName, 6> bug_names{{
    {"ack-before-commit", &Bugs::ack_before_commit},
    {"no-reconnect", &Bugs::no_reconnect},
    {"status-500", &Bugs::status_500},
    {"no-deadline", &Bugs::no_deadline},
    {"stale-pool", &Bugs::stale_pool},
    {"no-dedupe", &Bugs::no_dedupe},
}};

/// The switches that are on, joined by "+"; "healthy" when there is none.
inline std::string variant(const Bugs& bugs) {
  std::string names;
  for (const BugName& bug : bug_names) {
    if (!(bugs.*bug.flag)) continue;
    if (!names.empty()) names += '+';
    names += bug.name;
  }
  return names.empty() ? "healthy" : names;
}

}  // namespace bridge
