// fate(link, phase, did, told): exchanges on a link that began in the phase, of which the server
// did one thing while the client was told another. What the server did is what it was given: a
// request that went on whole may still have been refused by the server itself, and then the client
// was told so. fate(api, outage, given, failed) counts who must find out by himself: the server was
// given the request, and its client heard of a failure, or nothing. Without an exchange in the
// phase nothing can be told; 0 is known where there were others.

#include "scenarios/measures/fate.h"

#include <array>

#include "scenarios/measures/kinds.h"
#include "scenarios/measures/phases.h"

namespace faultline {
namespace {

constexpr std::array fates{Fate::forwarded, Fate::repeated, Fate::withheld, Fate::unknown};
constexpr std::array tellings{Told::ack, Told::pending, Told::failure, Told::ambiguous,
                              Told::nothing};

template <class Enumerators>
std::vector<std::string> words_of(const Enumerators& enumerators, const char* group) {
  std::vector<std::string> words;
  for (const auto one : enumerators) words.emplace_back(name(one));
  words.emplace_back(group);
  words.emplace_back("any");
  return words;
}

}  // namespace

Fate fate_of(const Exchange& exchange) {
  const bool unexplained = exchange.told == Told::nothing && exchange.fault == 0;
  return exchange.fate == Fate::forwarded && unexplained ? Fate::unknown : exchange.fate;
}

std::vector<std::string> did_words() { return words_of(fates, "given"); }
std::vector<std::string> told_words() { return words_of(tellings, "failed"); }

bool is_meant(std::string_view did, Fate fate) {
  if (did == "given") return fate == Fate::forwarded || fate == Fate::repeated;
  return did == "any" || did == name(fate);
}

bool is_meant(std::string_view told, Told what) {
  if (told == "failed") return what != Told::ack && what != Told::pending;
  return told == "any" || told == name(what);
}

namespace measures {
namespace {

constexpr std::array<ArgumentSpec, 4> link_phase_did_told{{{ArgumentType::proxy, "link"},
                                                           {ArgumentType::phase, "phase"},
                                                           {ArgumentType::did, "did"},
                                                           {ArgumentType::told, "told"}}};

Measure counted_by_fate(const Recording& recording, std::span<const std::string> arguments) {
  const auto phase = phase_of(recording, arguments[1]);
  if (!phase) return Measure::cannot_tell(phase.error());
  const ProxyId link = recording.proxy(arguments[0]);
  std::uint64_t n = 0;
  std::uint64_t meant = 0;
  for (const Event& event : recording.events) {
    if (event.kind != EventKind::exchange || event.proxy != link || link == 0) continue;
    const Exchange& exchange = event.exchange;
    if (!phase->holds(exchange.request_first, exchange.request_first)) continue;
    ++n;
    if (is_meant(arguments[2], fate_of(exchange)) && is_meant(arguments[3], exchange.told)) ++meant;
  }
  if (n == 0)
    return Measure::cannot_tell("no traffic: no exchange on " + arguments[0] + " in phase " +
                                arguments[1]);
  return Measure::of(static_cast<double>(meant), n);
}

}  // namespace

const MeasureKind fate = {"fate", "requests by what the server did and what the client was told",
                          Unit::count, link_phase_did_told, counted_by_fate};

}  // namespace measures
}  // namespace faultline
