// The section about what the service promises to refuse: rate limits.

#include <algorithm>

#include "scenarios/drill/drill_sections.h"

namespace faultline {
namespace {

constexpr std::uint64_t most_requests = 1'000'000;
constexpr std::uint64_t least_status = 400, most_status = 599;
constexpr Duration most_tolerance = std::chrono::seconds(10);

void read_algorithm(Section& section, LimitPlan& limit) {
  constexpr LimitAlgorithm all[] = {LimitAlgorithm::fixed_window, LimitAlgorithm::sliding_window,
                                    LimitAlgorithm::token_bucket};
  std::vector<std::string> known;
  for (const LimitAlgorithm one : all) known.emplace_back(name(one));
  std::string word(name(limit.algorithm));
  section.choice("algorithm", word, known);
  for (const LimitAlgorithm one : all)
    if (name(one) == word) limit.algorithm = one;
}

// Exchanges are what is judged, and only the HTTP codec tells a source and a Retry-After.
void read_link(Section& section, const Drill& drill, LimitPlan& limit) {
  std::vector<std::string> proxies;
  for (const ProxySpec& proxy : drill.proxies) proxies.push_back(proxy.name);
  section.require("on", "\"front\"");
  section.choice("on", limit.on, proxies);
  const auto on = std::ranges::find(drill.proxies, limit.on, &ProxySpec::name);
  if (on != drill.proxies.end() && on->protocol != "http")
    section.wrong("on", "proxy " + quoted(limit.on) + " speaks " + on->protocol +
                            "; requests are seen on one with protocol = \"http\"");
}

void read_routes(Section& section, LimitPlan& limit) {
  if (!section.texts("routes", limit.routes)) return;
  for (const std::string& route : limit.routes) {
    const std::size_t path = route.find('/');
    const bool sound = path == 0 || (path != std::string::npos && path > 1 &&
                                     route[path - 1] == ' ' && route.find(' ') == path - 1);
    if (!sound)
      section.wrong("routes", quoted(route) +
                                  " is no route; write a path, with its method if that matters: "
                                  "\"POST /calls\", \"/hooks/*\"");
  }
}

void read_amount(Section& section, LimitPlan& limit) {
  section.require("requests", "100");
  section.count("requests", limit.requests, 1, most_requests);
  section.require("window", "\"1m\"");
  section.duration("window", limit.window, shortest, longest);
  limit.burst = limit.requests;
  if (limit.algorithm == LimitAlgorithm::token_bucket)
    section.count("burst", limit.burst, 1, most_requests);
  else if (section.find("burst"))
    section.wrong("burst", "only goes with algorithm = \"token_bucket\"");
}

// A proxy tells the source of its requests by one header.
void look_at_header(Section& section, Drill& drill, const LimitPlan& limit) {
  const auto on = std::ranges::find(drill.proxies, limit.on, &ProxySpec::name);
  if (on == drill.proxies.end() || limit.key == LimitKey::client || limit.key == LimitKey::all)
    return;
  for (const LimitPlan& other : drill.limits)
    if (other.on == limit.on && other.header != limit.header &&
        (other.key == LimitKey::source || other.key == LimitKey::header))
      return section.wrong("key", "limit " + quoted(other.name) +
                                      " has the proxy look at another header; it can look at one");
  on->source_header = limit.header;
}

// "source", "client", "all", or "header:X-Api-Key".
void read_key(Section& section, Drill& drill, LimitPlan& limit) {
  constexpr std::string_view by_header = "header:";
  std::string key(name(limit.key));
  if (section.find("key") && !section.text("key", key)) return;
  if (key.starts_with(by_header)) {
    limit.key = LimitKey::header;
    limit.header = key.substr(by_header.size());
    for (char& c : limit.header)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!is_token(limit.header))
      return section.wrong("key", quoted(key) +
                                      " names no header; write one like "
                                      "\"header:X-Api-Key\"");
  } else {
    std::vector<std::string> known;
    for (const LimitKey one : {LimitKey::source, LimitKey::client, LimitKey::all})
      if (known.emplace_back(name(one)); key == name(one)) limit.key = one;
    if (std::ranges::find(known, key) == known.end())
      return section.wrong("key", quoted(key) + " is no key" + suggestion(key, known) +
                                      "; it is source, client, all or header:NAME");
  }
  look_at_header(section, drill, limit);
}

}  // namespace

std::string_view name(LimitAlgorithm algorithm) {
  switch (algorithm) {
    case LimitAlgorithm::fixed_window:
      return "fixed_window";
    case LimitAlgorithm::sliding_window:
      return "sliding_window";
    case LimitAlgorithm::token_bucket:
      return "token_bucket";
  }
  return "";
}

std::string_view name(LimitKey key) {
  switch (key) {
    case LimitKey::source:
      return "source";
    case LimitKey::client:
      return "client";
    case LimitKey::header:
      return "header";
    case LimitKey::all:
      return "all";
  }
  return "";
}

void read_limits(Section& root, Drill& drill) {
  std::set<std::string> names;
  for (Section& section : root.sections("limit")) {
    LimitPlan limit;
    limit.where = section.reading().where(section.place());
    read_name(section, "name", names, limit.name);
    read_link(section, drill, limit);
    read_algorithm(section, limit);
    read_amount(section, limit);
    read_key(section, drill, limit);
    read_routes(section, limit);
    std::uint64_t status = limit.status;
    section.count("status", status, least_status, most_status);
    limit.status = static_cast<std::uint16_t>(status);
    section.duration("tolerance", limit.tolerance, Duration::zero(), most_tolerance);
    section.finish();
    drill.limits.push_back(std::move(limit));
  }
}

}  // namespace faultline
