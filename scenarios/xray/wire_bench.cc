#include "scenarios/xray/wire_bench.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "proxy/wire/clock.h"
#include "proxy/wire/lookup.h"

namespace faultline::xray {
namespace {

WorkloadPlan plan_of(const Places& places) {
  WorkloadPlan plan;
  plan.method = places.method;
  plan.path = places.path;
  plan.headers = places.headers;
  plan.headers["Connection"] = "close";
  plan.body = places.body;
  return plan;
}

Result<std::vector<wire::SocketAddress>> addresses_of(const Address& address) {
  std::vector<wire::SocketAddress> found;
  wire::SocketAddress socket;
  if (wire::numeric(address, socket)) return std::vector{socket};
  for (const std::string& host : wire::look_up(address.host, std::chrono::seconds(5))) {
    if (wire::numeric({host, address.port}, socket)) found.push_back(socket);
  }
  if (found.empty()) return error("", "no address is known for " + address.text());
  return found;
}

}  // namespace

Result<std::unique_ptr<WireBench>> WireBench::open(RunLoop& waiting, const Places& places) {
  const auto listen = addresses_of(places.listen);
  if (!listen) return std::unexpected(listen.error());
  const auto upstream = addresses_of(places.upstream);
  if (!upstream) return std::unexpected(upstream.error());
  const auto drive = addresses_of(places.drive);
  if (!drive) return std::unexpected(drive.error());
  std::unique_ptr<WireBench> bench(new WireBench(waiting, places, {*upstream, *drive}));
  const Result<void> listening = bench->stand_.listen(listen->front());
  if (!listening) return std::unexpected(listening.error());
  return bench;
}

WireBench::WireBench(RunLoop& waiting, const Places& places, Sockets sockets)
    : waiting_(waiting),
      places_(places),
      sockets_(std::move(sockets)),
      message_(plan_of(places), places.drive),
      scratch_(64 * 1024),
      client_setting_{waiting.loop(), *this, message_, sockets_.drive, scratch_},
      stand_(waiting.loop(), *this, sockets_.upstream) {}

WireBench::~WireBench() = default;

Instant WireBench::now() const { return wire::now(); }

void WireBench::treat(Treatment treatment, std::size_t count, Treatment then) {
  treatment_ = treatment;
  count_ = count;
  then_ = then;
  const Result<void> done = stand_.refuse(treatment == Treatment::refused);
  if (!done && obstacle_.empty()) obstacle_ = done.error().text();
}

std::size_t WireBench::call() {
  const std::size_t place = calls_.size();
  calls_.push_back({now(), never, 0});
  clients_.push_back(std::make_unique<HttpClient>(client_setting_));
  Request request;
  request.id = places_.ids + std::to_string(place);
  request.scheduled = calls_.back().begun;
  clients_.back()->ask(std::move(request), place, now() + call_limit);
  return place;
}

void WireBench::answer(std::size_t attempt, Treatment treatment) {
  const wire::StandRequest request = attempt + 1;
  if (!attempts_[attempt].open()) return;
  switch (treatment) {
    case Treatment::ok:
      return stand_.forward(request);
    case Treatment::timeout:
    case Treatment::refused:
      return;
    case Treatment::reset:
      return stand_.reset(request);
    case Treatment::truncated:
      return stand_.truncate(request);
    case Treatment::garbage:
      return stand_.garbage(request);
    case Treatment::slow: {
      auto& late = late_[attempt];
      late = std::make_unique<wire::Deadline>(
          waiting_.loop(), [this, request](Instant) { stand_.forward(request); });
      return late->set(now() + slow_);
    }
    default:
      return stand_.reply(request, status_of(treatment));
  }
}

bool WireBench::wait(Instant limit, const std::function<bool()>& enough) {
  return waiting_.await(
             Patience::while_undisturbed,
             [&] {
               bury();
               return !obstacle_.empty() || enough();
             },
             limit) &&
         obstacle_.empty();
}

std::string WireBench::obstacle() const {
  if (waiting_.signal() != 0) return "stopped by signal " + std::to_string(waiting_.signal());
  if (obstacle_.empty() && waiting_.disturbed()) return "it was interrupted";
  return obstacle_;
}

void WireBench::arrived(wire::StandRequest request, Instant at) {
  assert(request == attempts_.size() + 1);
  attempts_.push_back({at, never, never});
  const Treatment treatment = count_ > 0 ? treatment_ : then_;
  if (count_ > 0 && count_ != all) --count_;
  answer(request - 1, treatment);
}

void WireBench::left(wire::StandRequest request, Instant at) { attempts_[request - 1].left = at; }

void WireBench::answered(wire::StandRequest request, Instant at) {
  attempts_[request - 1].answered = at;
}

void WireBench::upstream_failed(wire::StandRequest, const std::string& why) {
  if (obstacle_.empty()) obstacle_ = "the upstream " + places_.upstream.text() + ": " + why;
}

void WireBench::ended(HttpClient& client) {
  const Request request = client.take_request();
  Call& call = calls_[client.asker()];
  call.ended = now();
  call.status = request.status;
  if (request.outcome == Outcome::refused && obstacle_.empty()) {
    obstacle_ = "the service at " + places_.drive.text() + " refuses connections";
  }
}

// In settle: nothing of what goes is being told.
void WireBench::bury() {
  stand_.bury();
  std::erase_if(clients_, [](const auto& client) { return !client->asking(); });
  std::erase_if(late_, [](const auto& entry) { return !entry.second->is_set(); });
}

}  // namespace faultline::xray
