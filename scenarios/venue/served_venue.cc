// What is ordered is asked of the server's API, and what came of it is read from its journal, as
// everything else is: instants and totals are exact there. While an order is under way the journal
// is not read on (mutex_), so that no event comes before it is known whose it is; the server hands
// on at once what an order made happen.

#include "scenarios/venue/served_venue.h"

#include <algorithm>
#include <utility>

#include "proxy/control/json_text.h"
#include "scenarios/venue/served_order.h"
#include "scenarios/venue/served_tls.h"

namespace faultline {
namespace {

using control::JsonValue;

constexpr Duration longest_answer = std::chrono::seconds(5);
constexpr Duration longest_event = std::chrono::seconds(10);  // from an order to its event

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

Error at_proxy(const std::string& name, std::string what) {
  return {"proxy " + in_quotes(name), std::move(what)};
}

}  // namespace

ServedVenue::ServedVenue(const Served& served, const Drill& drill, JournalReader& reader)
    : served_(served), owner_(new_owner(drill.name)), reader_(reader) {
  for (const FaultPlan& fault : drill.faults) {
    for (const std::string& proxy : fault.on) faults_to_come_[proxy].push_back(fault.id);
  }
}

Result<std::unique_ptr<Venue>> ServedVenue::start(const Served& served, const Drill& drill,
                                                  JournalReader& reader) {
  if (drill.proxies.empty()) {
    return error("--on " + served.url, "the drill has no proxy that could be there");
  }
  std::unique_ptr<ServedVenue> venue(new ServedVenue(served, drill, reader));
  ServedVenue& self = *venue;
  std::vector<std::string> names;
  for (const ProxySpec& proxy : drill.proxies) names.push_back(proxy.name);
  const auto over = [&self] {
    const std::lock_guard lock(self.mutex_);
    self.over_ = true;
    self.changed_.notify_all();
  };
  auto journal = JournalFollower::begin(
      served.api, names, [&self](std::vector<Event>& events) { self.arrived(events); }, over);
  if (!journal) return error("--on " + served.url, journal.error().what);
  self.journal_ = std::move(*journal);
  self.keeper_ =
      std::make_unique<LeaseKeeper>(served.api, self.owner_, served.ttl,
                                    [&self](const JsonValue& owned) { self.renewed(owned); });
  return venue;
}

ServedVenue::~ServedVenue() {
  if (journal_ != nullptr && !closed_) close();
}

Error ServedVenue::at_server(const std::string& what) const {
  return {"", served_.url + ": " + what};
}

// A server that did not answer once is not asked again: a drill that ends must not wait for it
// with every fault that it has to take out.
Result<HttpResponse> ServedVenue::ask(const std::string& method, const std::string& path,
                                      const std::string& body) {
  if (!reachable_) return std::unexpected(at_server("it does not answer"));
  ApiClient api = served_.api;
  api.limit = longest_answer;
  Result<HttpResponse> response = api.ask(method, path, body);
  reachable_ = response.has_value();
  if (!response) return std::unexpected(at_server(response.error().what));
  return response;
}

// Waits until `reached`, or no more events come.
template <class Reached>
bool ServedVenue::await(std::unique_lock<std::mutex>& lock, Reached reached) {
  changed_.wait_for(lock, longest_event, [&] { return over_ || reached(); });
  return reached();
}

std::unexpected<Error> ServedVenue::untold(std::unique_lock<std::mutex>& lock, std::string what) {
  lock.unlock();
  if (auto why = trouble()) return std::unexpected(std::move(*why));
  return std::unexpected(at_server("it does not tell " + what));
}

Result<wire::OpenedProxy> ServedVenue::open(const ProxySpec& spec) {
  if (!spec.source_header.empty()) {
    return std::unexpected(
        at_proxy(spec.name, "a limit by the header " + spec.source_header +
                                " needs a proxy that looks at it, which a drill cannot "
                                "order of a server; leave --on out, or use key = "
                                "\"source\""));
  }
  const auto there = ask("GET", proxy_path(spec.name));
  if (!there) return std::unexpected(there.error());
  if (there->status == 404) return create(spec);
  const auto proxy = control::read_json(there->body);
  if (there->status != 200 || !proxy) {
    return std::unexpected(at_proxy(spec.name, reason_of(*there)));
  }
  return use(spec, *proxy);
}

Result<wire::OpenedProxy> ServedVenue::create(const ProxySpec& spec) {
  Result<TlsSpec> tls = with_texts(spec.tls);
  if (!tls) return std::unexpected(at_proxy(spec.name, tls.error().what));
  ProxySpec told = spec;
  told.tls = std::move(*tls);
  const std::unique_lock lock(mutex_);
  const auto made = ask("POST", "/v1/proxies", proxy_body(told, owner_, served_.ttl));
  if (!made) return std::unexpected(made.error());
  const auto proxy = control::read_json(made->body);
  if (made->status != 201 || !proxy) {
    return std::unexpected(at_proxy(spec.name, reason_of(*made)));
  }
  const auto id = static_cast<ProxyId>(count_of(*proxy, "number"));
  proxies_[id] = {spec.name, true};
  const Result<Address> listening = address_from(member(*proxy, "listen").text);
  if (!listening) return std::unexpected(listening.error());
  if (const auto written = write_authority(spec.tls, *proxy); !written)
    return std::unexpected(at_proxy(spec.name, written.error().what));
  return wire::OpenedProxy{id, *listening};
}

Result<wire::OpenedProxy> ServedVenue::use(const ProxySpec& spec, const JsonValue& there) {
  const std::string why_not = difference(spec, there);
  if (!why_not.empty()) {
    return std::unexpected(
        at_proxy(spec.name, served_.url + " has a proxy of this name, but " + why_not));
  }
  const Result<Address> listening = address_from(member(there, "listen").text);
  if (!listening) return std::unexpected(at_proxy(spec.name, listening.error().what));
  const auto id = static_cast<ProxyId>(count_of(there, "number"));
  for (const JsonValue& fault : member(there, "faults").elements) {
    const std::string& name = member(fault, "id").text;
    if (std::ranges::count(faults_to_come_[spec.name], name) != 0) {
      return std::unexpected(
          at_proxy(spec.name, served_.url + " has a fault " + in_quotes(name) +
                                  " on it already, and so has the drill; disarm one, rename one"));
    }
    faults_of_others_ += (faults_of_others_.empty() ? "" : ", ") + name + " on " + spec.name;
  }
  if (const auto written = write_authority(spec.tls, there); !written)
    return std::unexpected(at_proxy(spec.name, written.error().what));
  const std::unique_lock lock(mutex_);
  proxies_[id] = {spec.name, false};
  return wire::OpenedProxy{id, *listening};
}

Result<wire::ArmedFault> ServedVenue::arm(const Fault& fault, const std::vector<ProxyId>& on) {
  std::unique_lock lock(mutex_);
  HeldFault held{fault.plan.id};
  unsettled_ = true;
  for (const ProxyId proxy : on) {
    Result<Part> part = arm_part(fault, proxies_[proxy].name);
    if (!part) return std::unexpected(part.error());
    held.parts.push_back(std::move(*part));
  }
  const FaultId id = held.parts.front().number;
  HeldFault& kept = faults_[id] = std::move(held);
  unsettled_ = false;
  const bool armed = await(lock, [&] { return std::ranges::all_of(kept.parts, &Part::armed); });
  if (!armed) return untold(lock, "when the fault " + kept.id + " was armed");
  wire::ArmedFault whole{id, kept.parts.front().on};
  for (const Part& part : kept.parts) {
    whole.receipt.commanded = std::min(whole.receipt.commanded, part.on.commanded);
    whole.receipt.in_force = std::max(whole.receipt.in_force, part.on.in_force);
  }
  return whole;
}

Result<ServedVenue::Part> ServedVenue::arm_part(const Fault& fault, const std::string& proxy) {
  const auto made =
      ask("POST", proxy_path(proxy) + "/faults", fault_body(fault.plan, owner_, served_.ttl));
  if (!made) return std::unexpected(made.error());
  const auto armed = control::read_json(made->body);
  if (made->status != 201 || !armed) {
    return error("fault " + in_quotes(fault.plan.id),
                 served_.url + " does not arm it on " + proxy + ": " + reason_of(*made));
  }
  Part part;
  part.proxy = proxy;
  part.number = static_cast<FaultId>(count_of(*armed, "number"));
  return part;
}

Result<Venue::Disarmed> ServedVenue::disarm(FaultId fault) {
  std::unique_lock lock(mutex_);
  HeldFault& held = faults_.at(fault);
  held.disarming = true;
  for (const Part& part : held.parts) {
    const auto gone = ask("DELETE", fault_path(part.proxy, held.id));
    if (!gone) return std::unexpected(gone.error());
  }
  if (!await(lock, [&] { return std::ranges::all_of(held.parts, &Part::disarmed); })) {
    return untold(lock, "when the fault " + held.id + " was taken out");
  }
  Disarmed whole{held.parts.front().off, {}};
  for (const Part& part : held.parts) {
    whole.receipt.commanded = std::min(whole.receipt.commanded, part.off.commanded);
    whole.receipt.in_force = std::max(whole.receipt.in_force, part.off.in_force);
    whole.touched.add(part.touched);
  }
  return whole;
}

void ServedVenue::heal() {
  const std::unique_lock lock(mutex_);
  bool armed = unsettled_;
  for (auto& [id, fault] : faults_) {
    fault.disarming = true;
    armed = armed || !std::ranges::all_of(fault.parts, &Part::disarmed);
  }
  if (!armed) return;
  const auto healed = ask("POST", "/v1/heal", "{\"owner\":" + control::json_string(owner_) + "}");
  unsettled_ = unsettled_ && !(healed && healed->status == 200);
}

Touched ServedVenue::touched(FaultId fault) {
  const std::unique_lock lock(mutex_);
  Touched sum;
  const auto found = faults_.find(fault);
  if (found == faults_.end()) return sum;
  for (const Part& part : found->second.parts) sum.add(part.touched);
  return sum;
}

std::map<std::string, std::string> ServedVenue::environment() const {
  std::map<std::string, std::string> said{{"on", served_.url},
                                          {"on_version", journal_->server().version},
                                          {"limits", journal_->server().limits}};
  if (!faults_of_others_.empty()) said["faults_of_others"] = faults_of_others_;
  return said;
}

std::optional<Error> ServedVenue::trouble() {
  {
    const std::unique_lock lock(mutex_);
    if (!trouble_.empty()) return at_server(trouble_);
  }
  if (const auto why = journal_->broken()) return at_server(*why);
  if (const auto why = keeper_->lost()) return at_server(*why);
  return std::nullopt;
}

Venue::Closed ServedVenue::close() {
  closed_ = true;
  heal();
  std::vector<std::string> made;
  {
    const std::unique_lock lock(mutex_);
    for (auto& [id, proxy] : proxies_) {
      proxy.closing = true;
      if (proxy.made) made.push_back(proxy.name);
    }
  }
  for (const std::string& name : made) (void)ask("DELETE", proxy_path(name));
  keeper_.reset();
  Closed closed;
  const Result<void> whole = journal_->finish();
  if (!whole) closed.gaps.push_back("events.jsonl: " + whole.error().text());
  journal_.reset();
  closed.events_lost = lost_;
  return closed;
}

void ServedVenue::arrived(std::vector<Event>& events) {
  {
    const std::unique_lock lock(mutex_);
    for (Event& event : events) note(event);
  }
  changed_.notify_all();
  reader_.read(events);
}

void ServedVenue::note(Event& event) {
  if (event.kind == EventKind::journal_overflowed) lost_ += event.count;
  if (event.kind == EventKind::proxy_closed) {
    const auto found = proxies_.find(event.proxy);
    if (found != proxies_.end() && !found->second.closing) {
      trouble_ = "its proxy " + in_quotes(found->second.name) +
                 " was closed or disabled while the drill used it";
    }
  }
  if (event.fault == 0) return;
  for (auto& [id, fault] : faults_) {
    const auto part = std::ranges::find(fault.parts, event.fault, &Part::number);
    if (part == fault.parts.end()) continue;
    note_fault(fault, *part, event);
    event.fault = id;
    return;
  }
}

void ServedVenue::note_fault(HeldFault& fault, Part& part, const Event& event) {
  switch (event.kind) {
    case EventKind::fault_commanded:
      part.on.commanded = event.at;
      break;
    case EventKind::fault_armed:
      part.on.in_force = event.at;
      part.armed = true;
      break;
    case EventKind::fault_disarm_commanded:
      part.off.commanded = event.at;
      break;
    case EventKind::fault_disarmed:
      part.off.in_force = event.at;
      part.touched = event.touched;
      part.disarmed = true;
      if (!fault.disarming) {
        trouble_ = "the fault " + in_quotes(fault.id) + " on " + part.proxy +
                   " was disarmed by somebody else, or its lease ran out";
      }
      break;
    default:
      break;
  }
}

// For progress alone: the exact totals come with the event that it was disarmed.
void ServedVenue::renewed(const JsonValue& owned) {
  const std::unique_lock lock(mutex_);
  for (const JsonValue& one : member(owned, "faults").elements) {
    const JsonValue& told = member(one, "fault");
    const auto number = static_cast<FaultId>(count_of(told, "number"));
    for (auto& [id, fault] : faults_) {
      const auto part = std::ranges::find(fault.parts, number, &Part::number);
      if (part == fault.parts.end() || part->disarmed) continue;
      const JsonValue& touched = member(told, "touched");
      part->touched.connections = count_of(touched, "connections");
      part->touched.messages = count_of(touched, "messages");
      part->touched.bytes = count_of(touched, "bytes");
    }
  }
}

}  // namespace faultline
