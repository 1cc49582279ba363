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
  bool cb_never_opens = false;
  bool cb_never_closes = false;
  bool cb_no_reopen = false;
  bool cb_stampede = false;
  bool cb_extends = false;
  bool cb_counts_4xx = false;
  bool refresh_stampede = false;
  bool rl_no_header = false;
  bool rl_no_expire = false;
  bool rl_counts_blocked = false;
};

struct BugName {
  std::string_view name;
  bool Bugs::* flag;
};

inline constexpr std::array<BugName, 16> bug_names{{
    {"ack-before-commit", &Bugs::ack_before_commit},
    {"no-reconnect", &Bugs::no_reconnect},
    {"status-500", &Bugs::status_500},
    {"no-deadline", &Bugs::no_deadline},
    {"stale-pool", &Bugs::stale_pool},
    {"no-dedupe", &Bugs::no_dedupe},
    {"cb-never-opens", &Bugs::cb_never_opens},
    {"cb-never-closes", &Bugs::cb_never_closes},
    {"cb-no-reopen", &Bugs::cb_no_reopen},
    {"cb-stampede", &Bugs::cb_stampede},
    {"cb-extends", &Bugs::cb_extends},
    {"cb-counts-4xx", &Bugs::cb_counts_4xx},
    {"refresh-stampede", &Bugs::refresh_stampede},
    {"rl-no-header", &Bugs::rl_no_header},
    {"rl-no-expire", &Bugs::rl_no_expire},
    {"rl-counts-blocked", &Bugs::rl_counts_blocked},
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
