// What servers did and what their clients were told, by proxy: where the two differ, somebody has
// to find out.

#include <map>
#include <utility>

#include "scenarios/formats/markdown/sections.h"
#include "scenarios/measures/fate.h"

namespace faultline::markdown {
namespace {

const char* words(Fate fate) {
  switch (fate) {
    case Fate::forwarded:
      return "was given it";
    case Fate::withheld:
      return "never saw it";
    case Fate::repeated:
      return "was given it twice";
    case Fate::unknown:
      return "cannot tell";
  }
  return "";
}

const char* words(Told told) {
  switch (told) {
    case Told::ack:
      return "success";
    case Told::pending:
      return "success so far";
    case Told::failure:
      return "failure";
    case Told::ambiguous:
      return "failure, perhaps done";
    case Told::nothing:
      return "nothing";
  }
  return "";
}

}  // namespace

void fates(Page& page, const Story& story) {
  page.subsection("Exchanges");
  const std::string missing = events_missing(story.recording);
  if (!missing.empty()) return page.nothing(plain(missing));
  std::map<std::pair<ProxyId, std::pair<Fate, Told>>, std::uint64_t> counts;
  for (const Event& event : story.recording.events) {
    if (event.kind != EventKind::exchange) continue;
    ++counts[{event.proxy, {fate_of(event.exchange), event.exchange.told}}];
  }
  std::vector<Row> rows;
  for (const auto& [key, count] : counts) {
    const auto proxy = story.recording.proxies.find(key.first);
    const auto [did, told] = key.second;
    rows.push_back({plain(proxy == story.recording.proxies.end() ? "" : proxy->second), words(did),
                    words(told), std::to_string(count)});
  }
  page.table({"Proxy", "The server", "The client was told", "n"}, rows,
             "no proxy saw an exchange that its codec could read");
}

}  // namespace faultline::markdown
