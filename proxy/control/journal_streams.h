#pragma once

// The journal itself, for a recording that is written elsewhere: GET /v1/journal is a stream of
// lines of JSON, with exact instants in nanoseconds of this machine's monotonic clock.
//
//   {"journal":1,"record":3,"now":81234567,"version":"…","limits":"…"}     first
//   {"at":81300000,"kind":"exchange",…}          every event, as proxy/event_line.h writes it
//                                                an empty line, so that the connection is kept
//   {"end":true}                                 when it was asked to end (DELETE …/{record})
//
// A record is of some proxies, by name, or of all; events of the faults on them belong to it. It
// begins with the connections that are open, as they were accepted. What could not be told is told
// as `journal_overflowed`, with a count. A record without its last line is not whole: the reader
// was too slow and was dropped, or the server stopped.
//
// On the control thread.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>

#include "proxy/control/registry.h"
#include "proxy/http_service.h"
#include "proxy/journal.h"
#include "proxy/wire/engine.h"

namespace faultline::control {

class JournalStreams {
 public:
  static constexpr std::size_t most_records = 8;
  static constexpr Bytes may_wait = 16_MiB;  // for each reader

  // They outlive every call.
  struct Sources {
    const Registry& registry;
    wire::Engine& engine;
    HttpStreams& streams;
    std::function<Instant()> now;

    const Names& names = registry.names();
  };

  explicit JournalStreams(Sources sources) : sources_(std::move(sources)) {}

  // Of these proxies, or of all. `lost` counts the events that were lost up to now; what happened
  // before now is not told.
  HttpResponse follow(std::set<std::string> proxies, std::uint64_t lost);
  void tell(std::span<const Event> events, std::uint64_t lost);
  void end(std::uint64_t record, std::uint64_t lost);
  void beat();
  bool any() const { return !records_.empty(); }
  bool has(std::uint64_t record) const { return records_.contains(record); }

 private:
  struct Record {
    HttpStreamId stream = 0;
    std::set<std::string> proxies;  // empty: all
    Instant from{};
    std::uint64_t lost = 0;               // as told
    std::set<ConnectionId> already_open;  // told of as accepted before anything else

    bool of(const Names& names, const Event& event) const;
  };

  std::string open_connections(Record& record);
  void add_loss(std::string& text, Record& record, std::uint64_t lost, Instant at);

  const Sources sources_;
  std::map<std::uint64_t, Record> records_;
  std::uint64_t next_ = 1;
};

}  // namespace faultline::control
