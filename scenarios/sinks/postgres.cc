// A table as a sink: the plan's query gives one row per stored message, its id first.
//
// A reading is complete when two successive ones, `quiet` apart, are equal: nothing arrived and
// nothing vanished in between. A server that is away or starting is asked again, and so is one in
// which the table is not there yet, because the service may create it; both until `within` is over.
// Any other mistake in the query ends the reading at once.

#include <poll.h>

#include <algorithm>
#include <utility>

#include "proxy/wire/clock.h"
#include "scenarios/sinks/postgres_session.h"
#include "scenarios/sinks/sink.h"

namespace faultline {
namespace {

using Stored = std::map<std::string, std::uint64_t>;

constexpr std::size_t most_rows = 10'000'000;
constexpr std::size_t most_counted = 100'000;  // of what was there before the load
constexpr Duration longest_probe = std::chrono::seconds(10);
constexpr Duration longest_dial = std::chrono::seconds(5);
constexpr Duration between_attempts = std::chrono::milliseconds(200);
constexpr int slice_ms = 50;

constexpr std::string_view undefined_table = "42P01";
constexpr std::string_view undefined_schema = "3F000";

// The connection exceptions, the server going down or coming up, no connection to spare.
bool passing(std::string_view sqlstate) {
  return sqlstate.starts_with("08") || sqlstate.starts_with("57P") || sqlstate == "53300";
}

bool not_there_yet(std::string_view sqlstate) {
  return sqlstate == undefined_table || sqlstate == undefined_schema;
}

class Reading {
 public:
  Reading(const SinkPlan& plan, const std::function<bool()>& abandoned)
      : plan_(plan), allowance_{wire::now() + plan.within, abandoned} {}

  SinkReading read();

 private:
  enum class Next : std::uint8_t { compare, retry, give_up };

  Next once(Stored& stored);
  Next after(const PostgresAnswer& answer);
  bool pause(Duration lasting);
  void give_up(std::string why) { why_not_ = std::move(why); }
  std::string unfinished() const;

  const SinkPlan& plan_;
  const Allowance allowance_;
  PostgresSession session_;
  std::string why_not_;
  std::string trouble_;  // since the last whole reading
  std::string refusal_;  // the last trouble that was told, and was not silence
  std::uint64_t whole_ = 0;
};

SinkReading Reading::read() {
  SinkReading reading;
  reading.sink = plan_.name;
  while (why_not_.empty() && !reading.complete) {
    Stored stored;
    switch (once(stored)) {
      case Next::compare:
        reading.complete = whole_ > 0 && stored == reading.stored;
        ++whole_;
        reading.stored = std::move(stored);
        trouble_.clear();
        refusal_.clear();
        if (!reading.complete && !pause(plan_.quiet)) give_up(unfinished());
        break;
      case Next::retry:
        if (!pause(between_attempts)) give_up(unfinished());
        break;
      case Next::give_up:
        break;
    }
  }
  reading.why_not = why_not_;
  return reading;
}

Reading::Next Reading::once(Stored& stored) {
  if (!session_.open()) {
    const Allowance dialing{std::min(allowance_.until, wire::now() + longest_dial),
                            allowance_.abandoned};
    const PostgresAnswer answer = session_.connect(plan_.connection, dialing);
    if (answer.end != PostgresEnd::done) return after(answer);
  }
  std::size_t rows = 0;
  bool any_null = false;
  const auto row = [&](const std::string_view* id) {
    if (id == nullptr) any_null = true;
    if (any_null || ++rows > most_rows) return false;
    ++stored[std::string(*id)];
    return true;
  };
  const PostgresAnswer answer = session_.query(plan_.query, allowance_, row);
  if (answer.end == PostgresEnd::done) return Next::compare;
  if (answer.end != PostgresEnd::stopped) return after(answer);
  session_.close();
  give_up(any_null ? "a row has no message id: its first column is NULL"
                   : "there are more than " + std::to_string(most_rows) +
                         " rows, which is the limit; narrow the query");
  return Next::give_up;
}

Reading::Next Reading::after(const PostgresAnswer& answer) {
  const std::string place = session_.place();
  session_.close();
  if (answer.end == PostgresEnd::abandoned) {
    give_up("the run ended before the sink was read");
    return Next::give_up;
  }
  trouble_ = place + (place.empty() ? "" : ": ");
  if (answer.end == PostgresEnd::late) {
    // The attempt that the end of the time cut short does not hide what those before it were told.
    trouble_ += refusal_.empty() ? "no answer" : "no answer; before that, " + refusal_;
  } else {
    trouble_ += answer.why;
    refusal_ = trouble_;
  }
  const bool again = answer.end == PostgresEnd::late || answer.lost || passing(answer.sqlstate) ||
                     not_there_yet(answer.sqlstate);
  if (again) return Next::retry;
  give_up(trouble_);
  return Next::give_up;
}

// False when the reading may not go on after it.
bool Reading::pause(Duration lasting) {
  const Instant end = wire::now() + lasting;
  if (end > allowance_.until) return false;
  for (Instant now = wire::now(); now < end; now = wire::now()) {
    if (allowance_.abandoned && allowance_.abandoned()) return true;  // the next step will see it
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now).count();
    poll(nullptr, 0, static_cast<int>(std::min<long>(left, slice_ms)));
  }
  return true;
}

// Rest is claimed, and denied, from two readings. After a single one neither is known.
std::string Reading::unfinished() const {
  const std::string within = " within " + to_string(plan_.within);
  const std::string trouble = trouble_.empty() ? "" : ": " + trouble_;
  if (whole_ == 0) return "could not be read" + within + trouble;
  if (whole_ == 1) return "was read once but not again" + within + trouble + "; give it more time";
  return "was not at rest for " + to_string(plan_.quiet) + within + trouble +
         "; give it more time, or look for who still writes";
}

SinkReading read(const SinkPlan& plan, const std::function<bool()>& abandoned) {
  return Reading(plan, abandoned).read();
}

// The query as a table of at most so many rows; with none the server checks it and reads nothing.
// The line ends keep a comment at its end from swallowing what follows.
std::string limited(std::string query, std::size_t rows) {
  while (!query.empty() && (query.back() == ';' || query.back() == ' ' || query.back() == '\n' ||
                            query.back() == '\t' || query.back() == '\r')) {
    query.pop_back();
  }
  return "select * from (\n" + query + "\n) as sink limit " + std::to_string(rows);
}

std::unexpected<Error> unreadable(const SinkPlan& plan, const std::string& what) {
  return error(plan.where, "sink " + faultline::quoted(plan.name) + ": " + what);
}

Result<void> probe(const SinkPlan& plan) {
  const std::function<bool()> never_abandoned;
  const Duration granted = std::min(longest_probe, plan.within);
  const Allowance allowance{wire::now() + granted, never_abandoned};
  const auto told = [&](const PostgresAnswer& answer) {
    return answer.end == PostgresEnd::late ? "no answer within " + to_string(granted) : answer.why;
  };
  PostgresSession session;
  if (const auto answer = session.connect(plan.connection, allowance);
      answer.end != PostgresEnd::done) {
    const std::string place = session.place();
    if (place.empty()) return unreadable(plan, answer.why);
    return unreadable(plan, "cannot connect to PostgreSQL at " + place + ": " + told(answer) +
                                "; it must be reachable directly, not through a proxy");
  }
  const auto answer = session.query(limited(plan.query, 0), allowance,
                                    [](const std::string_view*) { return true; });
  if (answer.end == PostgresEnd::done || not_there_yet(answer.sqlstate)) return {};
  return unreadable(plan, "the query does not work at " + session.place() + ": " + told(answer) +
                              "; write a SELECT whose first column is the message id");
}

Result<void> find_nothing(const SinkPlan& plan) {
  const std::function<bool()> never_abandoned;
  const Allowance allowance{wire::now() + std::min(longest_probe, plan.within), never_abandoned};
  std::size_t rows = 0;
  std::string first;
  PostgresSession session;
  if (session.connect(plan.connection, allowance).end != PostgresEnd::done) return {};
  (void)session.query(limited(plan.query, most_counted + 1), allowance,
                      [&](const std::string_view* id) {
                        if (++rows == 1 && id != nullptr) first = *id;
                        return true;
                      });
  if (rows == 0) return {};
  const std::string n = rows > most_counted ? "more than " + std::to_string(most_counted) + " rows"
                                            : std::to_string(rows) + (rows == 1 ? " row" : " rows");
  return unreadable(plan, "before the load its query finds " + n + " already, at " +
                              session.place() + ", the first of them " + faultline::quoted(first) +
                              "; empty the table or narrow the query, or they would be taken for "
                              "messages of this run");
}

}  // namespace

extern const SinkKind postgres_sink_kind;
constinit const SinkKind postgres_sink_kind = {
    .name = "postgres", .read = read, .probe = probe, .find_nothing = find_nothing};

}  // namespace faultline
