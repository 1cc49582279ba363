#include "proxy/codecs/postgres_exchange.h"

#include <cassert>

#include "proxy/codecs/postgres_frame.h"

namespace faultline::postgres {
namespace {

constexpr std::size_t first_slots = 4;
constexpr std::size_t most_idle_slots = 64;

constexpr const char* unasked = "response without a request";

// May come at any time, of the server's own accord.
bool unsolicited(char type) { return type == 'N' || type == 'A' || type == 'S'; }

// Answers exactly one extended message.
bool settles(char type) {
  return std::string_view("123TnCIs").find(type) != std::string_view::npos;
}
// … and can be the answer to nothing else.
bool only_extended(char type) {
  return std::string_view("123tns").find(type) != std::string_view::npos;
}

// The error leaves open whether the work was done.
bool leaves_in_doubt(std::string_view code) { return code == "40003" || code == "08007"; }

// What to call a unit that has neither a tag nor a statement to be named by.
std::string_view kind_of(const Unit& unit) {
  if (unit.calls) return "FunctionCall";
  if (unit.executes) return "Execute";
  return unit.end == Unit::End::statement ? "Query" : "Sync";
}

}  // namespace

bool UnitQueue::push(const Unit& unit) {
  if (size_ == limit) return false;
  if (size_ == slots_.size()) {
    std::vector<Unit> wider(slots_.empty() ? first_slots : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) wider[i] = at(i);
    slots_.swap(wider);
    first_ = 0;
  }
  ++size_;
  back() = unit;
  return true;
}

void UnitQueue::pop() {
  assert(size_ > 0);
  --size_;
  first_ = (first_ + 1) & (slots_.size() - 1);
  if (size_ == 0 && slots_.size() > most_idle_slots) {
    std::vector<Unit>().swap(slots_);
    first_ = 0;
  }
}

Unit* Exchanges::open_unit() {
  if (units_.empty() || units_.back().end != Unit::End::open) return nullptr;
  return &units_.back();
}

const char* Exchanges::request_begins(char type, Instant now, std::uint64_t& ordinal) {
  ordinal = 0;
  const Unit* open = open_unit();
  switch (type) {
    case 'X':
    case 'p':
      return nullptr;
    case 'd':
    case 'c':
    case 'f':  // the server ignores those that no COPY asked for
      ordinal = open != nullptr ? open->ordinal : copy_ordinal_;
      return nullptr;
    case 'H':
      ordinal = open != nullptr ? open->ordinal : 0;
      return nullptr;
    default:
      break;
  }
  if (copying_) {
    ordinal = copy_ordinal_;
  } else if (open != nullptr) {
    ordinal = open->ordinal;
  } else {
    ordinal = ++last_ordinal_;
    Unit unit;
    unit.ordinal = ordinal;
    unit.request_first = unit.request_last = now;
    if (!units_.push(unit)) return "too many outstanding requests";
  }
  return nullptr;
}

void Exchanges::request_ends(char type, std::string_view statement, Instant now) {
  if (type == 'c' || type == 'f') {
    if (!units_.empty()) {
      Unit& unit = copying_ ? units_.front() : units_.back();
      unit.copy_ended = unit.copy_ended || !copying_;
      unit.request_last = now;
    }
    copying_ = false;
    return;
  }
  if (copying_ || type == 'd' || type == 'H' || type == 'X' || type == 'p') return;
  Unit* unit = open_unit();
  if (unit == nullptr) return;  // begun while the server took COPY data in, and lost with it
  unit->request_last = now;
  if (unit->keyword.empty()) unit->keyword = keyword_of(statement);
  if (type == 'S') {
    unit->end = Unit::End::sync;
  } else if (type == 'Q' || type == 'F') {
    unit->calls = unit->calls || type == 'F';
    if (!unit->needs_sync) unit->end = Unit::End::statement;
  } else {
    ++unit->unanswered;
    unit->executes = unit->executes || type == 'E';
  }
}

const char* Exchanges::response_begins(char type, Instant now) {
  if (unsolicited(type)) return nullptr;
  of_session_ = type == 'E' && units_.empty();
  if (of_session_) return nullptr;
  if (units_.empty()) return unasked;
  if (only_extended(type) && units_.front().unanswered == 0) return unasked;
  if (answer_.first == Instant{}) answer_.first = now;
  return nullptr;
}

const char* Exchanges::response_ends(const Reply& reply, Instant now, CodecOutlet& out) {
  if (unsolicited(reply.type)) return nullptr;
  if (reply.type == 'E') return error_ends(reply, now, out);
  Unit& unit = units_.front();
  if (settles(reply.type) && unit.unanswered > 0) --unit.unanswered;
  switch (reply.type) {
    case 'C':
      answer_.tag = tag_name(reply.tag);
      answer_.rolled_back = answer_.rolled_back || answer_.tag.view() == "ROLLBACK";
      copying_ = false;
      return nullptr;
    case 'G':
    case 'W':
      return copy_begins();
    case 'Z':
      return ready(reply.status, now, out);
    default:
      return nullptr;
  }
}

const char* Exchanges::copy_begins() {
  Unit& unit = units_.front();
  // With more extended messages behind the Execute the server takes the next one for a mistake and
  // fails the batch; nothing is copied.
  if (unit.copy_ended || unit.unanswered > 1) return nullptr;
  if (units_.size() > 1) return "request sent into COPY FROM STDIN";
  if (unit.unanswered == 1) unit.end = Unit::End::open;
  copying_ = true;
  copy_ordinal_ = unit.ordinal;
  return nullptr;
}

const char* Exchanges::error_ends(const Reply& reply, Instant now, CodecOutlet& out) {
  copying_ = false;
  if (of_session_) {
    out.session(SessionFact::server_error, reply.code);
    return nullptr;
  }
  Unit& unit = units_.front();
  if (!answer_.failed) {
    answer_.failed = true;
    answer_.code = reply.code;
    answer_.error_at = now;
  }
  if (unit.unanswered > 0 && unit.end != Unit::End::sync) absorb_to_sync(unit);
  unit.unanswered = 0;
  if (reply.fatal && !unit.reported) {
    report(unit, told(unit, 0), 0, now, out);
    unit.reported = true;
  }
  return nullptr;
}

// The server throws away what follows, up to a Sync; so this unit is made of all of it.
void Exchanges::absorb_to_sync(Unit& unit) {
  Unit whole = unit;
  whole.end = Unit::End::open;
  whole.needs_sync = true;
  while (whole.end == Unit::End::open && units_.size() > 1) {
    units_.pop();
    whole.request_last = units_.front().request_last;
    if (units_.front().end == Unit::End::sync) whole.end = Unit::End::sync;
  }
  units_.front() = whole;
}

const char* Exchanges::ready(char status, Instant now, CodecOutlet& out) {
  const Unit& unit = units_.front();
  if (unit.end == Unit::End::open) return "ReadyForQuery before the end of the request";
  if (status != 'I' && status != 'T' && status != 'E') return "unknown transaction status";
  if (!unit.reported) report(unit, told(unit, status), status, now, out);
  status_ = status;
  copying_ = false;
  next();
  return nullptr;
}

void Exchanges::next() {
  units_.pop();
  answer_ = {};
}

// Committed is what ReadyForQuery with status 'I' says after no error: CommandComplete may come
// before an error at the end of the implicit transaction. COMMIT of a failed transaction is
// answered by the tag ROLLBACK and no error. COMMIT AND CHAIN has committed, and is in the next
// transaction already.
Told Exchanges::told(const Unit& unit, char status) const {
  if (answer_.failed) {
    return leaves_in_doubt(answer_.code.view()) ? Told::ambiguous : Told::failure;
  }
  if (answer_.rolled_back) {
    const std::string_view keyword = unit.keyword.view();
    const bool asked = keyword == "ROLLBACK" || keyword == "ABORT";
    const bool commit = keyword == "COMMIT" || keyword == "END" || keyword == "PREPARE";
    if (commit || (!asked && status_ == 'E')) return Told::failure;
  }
  if (status == 'I') return Told::ack;
  if (status == 'E') return Told::failure;
  return answer_.tag.view() == "COMMIT" ? Told::ack : Told::pending;
}

void Exchanges::report(const Unit& unit, Told told, char status, Instant at,
                       CodecOutlet& out) const {
  const bool success = told == Told::ack || told == Told::pending;
  const bool stated = told != Told::nothing || unit.executes || unit.end == Unit::End::statement;
  Exchange exchange;
  exchange.ordinal = unit.ordinal;
  if (!success && stated && !unit.keyword.empty()) {
    exchange.name = unit.keyword.view();
  } else if (!answer_.tag.empty()) {
    exchange.name = answer_.tag.view();
  } else {
    exchange.name = kind_of(unit);
  }
  exchange.code = answer_.code;
  exchange.told = told;
  exchange.transaction = status;
  exchange.request_first = unit.request_first;
  exchange.request_last = unit.request_last;
  exchange.response_first = answer_.first;
  exchange.response_last = at;
  out.exchange(exchange);
}

void Exchanges::abandon(CodecOutlet& out) {
  while (!units_.empty()) {
    const Unit& unit = units_.front();
    if (!unit.reported) {
      // An error without its ReadyForQuery was told all the same.
      const Told what = answer_.failed ? told(unit, 0) : Told::nothing;
      report(unit, what, 0, answer_.error_at, out);
    }
    next();
  }
}

}  // namespace faultline::postgres
