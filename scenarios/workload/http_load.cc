#include "scenarios/workload/http_load.h"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstring>
#include <utility>

#include "faults/random.h"
#include "proxy/wire/clock.h"

namespace faultline {
namespace {

constexpr std::size_t scratch_size = 64 * 1024;
constexpr Duration pause_unsent = std::chrono::milliseconds(10);

// Blocks, which is why it is done before the load.
std::vector<wire::SocketAddress> addresses_of(const Address& target) {
  wire::SocketAddress literal;
  if (wire::numeric(target, literal)) return {literal};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  std::vector<wire::SocketAddress> addresses;
  const std::string port = std::to_string(target.port);
  if (getaddrinfo(target.host.c_str(), port.c_str(), &hints, &list) != 0) return addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    wire::SocketAddress address;
    if (entry->ai_addrlen > sizeof address.storage) continue;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.length = entry->ai_addrlen;
    addresses.push_back(address);
  }
  freeaddrinfo(list);
  return addresses;
}

std::vector<HttpMessage> messages_of(const WorkloadPlan& plan, const Address& target) {
  std::vector<HttpMessage> messages;
  for (const RequestPlan& kind : requests_of(plan)) messages.emplace_back(plan, kind, target);
  return messages;
}

// Whether a sender would try again: not what it did wrong itself, nor what it could not send.
bool worth_a_retry(const Request& request) {
  switch (request.outcome) {
    case Outcome::answered:
      return request.status == 429 || request.status / 100 == 5;
    case Outcome::refused:
    case Outcome::connect_timeout:
    case Outcome::reset:
    case Outcome::closed_early:
    case Outcome::timeout:
      return true;
    case Outcome::not_sent:
    case Outcome::malformed:
    case Outcome::abandoned:
      return false;
  }
  return false;
}

}  // namespace

HttpLoad::HttpLoad(const WorkloadSetting& setting, RequestReader& reader)
    : plan_(setting.plan),
      index_(setting.index),
      seed_(setting.seed),
      run_(setting.run),
      messages_(messages_of(plan_, setting.target)),
      mix_(requests_of(plan_), Draw(seed_).about(plan_.name).about("mix")),
      sources_(plan_),
      addresses_(addresses_of(setting.target)),
      reader_(reader),
      scratch_(scratch_size),
      client_setting_{loop_, *this, messages_.front(), addresses_, scratch_},
      again_due_(loop_, [this](Instant now) { offer_again(now); }),
      due_(loop_, [this](Instant now) { schedule_ ? offer(now) : begin_shifts(now); }) {
  if (plan_.model == LoadModel::rate) {
    schedule_.emplace(plan_);
  } else {
    shifts_ = shifts(plan_);
  }
  loop_.on_settle([this](Instant) { settle(); });
}

// The order to stop is a task, because Loop::stop() before run() has begun would be forgotten.
HttpLoad::~HttpLoad() {
  if (!thread_.joinable()) return;
  loop_.post([this] {
    cut();
    loop_.stop();
  });
  thread_.join();
}

void HttpLoad::start(Instant zero) {
  assert(!thread_.joinable());
  zero_ = zero;
  due_.set(zero);
  thread_ = std::thread([this] { loop_.run(); });
}

// What was due before the order to stop is offered, however late the loop is.
void HttpLoad::stop() {
  loop_.post([this] {
    if (schedule_ && more_to_offer_) offer(wire::now());
    offer_no_more();
  });
}

LoadProgress HttpLoad::progress() const { return window_.look(wire::now()); }

void HttpLoad::offer(Instant now) {
  while (const auto next = schedule_->next()) {
    const Instant scheduled = zero_ + next->time_since_epoch();
    if (scheduled > now) return due_.set(scheduled);
    schedule_->advance();
    begin(scheduled, 0);
  }
  more_to_offer_ = false;
}

void HttpLoad::begin_shifts(Instant now) {
  for (; next_shift_ < shifts_.size(); ++next_shift_) {
    const Shift& shift = shifts_[next_shift_];
    const Instant from = zero_ + shift.from.time_since_epoch();
    if (from > now) return due_.set(from);
    if (users_.size() <= shift.user) users_.resize(shift.user + 1);
    std::unique_ptr<User>& user = users_[shift.user];
    if (!user) {
      user = std::make_unique<User>(
          loop_, [this, index = shift.user](Instant due) { next_of(index, due); });
    }
    user->until = zero_ + shift.until.time_since_epoch();
    if (user->working) continue;  // its request of the shift before is still under way
    user->working = true;
    ++working_;
    user->next.set(from);
  }
  more_to_offer_ = false;
}

void HttpLoad::next_of(std::uint64_t user, Instant now) {
  User& due = *users_[user];
  if (now >= due.until) return retire(due);
  if (!due.again) return begin(now, user);
  Request request = std::move(*due.again);
  due.again.reset();
  request.scheduled = now;
  send(std::move(request), user);
}

void HttpLoad::rest_unsent(std::uint64_t user) { rest(user, std::max(think(user), pause_unsent)); }

Duration HttpLoad::think(std::uint64_t user) const {
  return think_time(plan_, Draw(seed_).about(plan_.name).about("think"), user, users_[user]->begun);
}

void HttpLoad::rest(std::uint64_t user, Duration pause) {
  User& resting = *users_[user];
  const Instant next = wire::now() + pause;
  if (next >= resting.until) return retire(resting);
  resting.next.set(next);
}

void HttpLoad::retire(User& user) {
  user.next.clear();
  user.again.reset();
  user.working = false;
  --working_;
}

void HttpLoad::begin(Instant scheduled, std::uint64_t asker) {
  Request request;
  request.id = id_of(ordinal_);
  request.workload = index_;
  request.kind = mix_.kind_of(ordinal_);
  request.source =
      schedule_ ? sources_.of_arrival(ordinal_) : sources_.of_user(asker, users_[asker]->begun++);
  ++ordinal_;
  request.scheduled = scheduled;
  send(std::move(request), asker);
}

void HttpLoad::send(Request request, std::uint64_t asker) {
  const Instant scheduled = request.scheduled;
  window_.offered(1);
  if (in_flight_ < plan_.max_in_flight && !addresses_.empty()) {
    ++in_flight_;
    const HttpMessage& message = messages_[request.kind];
    connection().ask(std::move(request), asker, scheduled + plan_.timeout, message);
    return;
  }
  request.sent = scheduled;
  request.ended = wire::now();
  request.outcome = Outcome::not_sent;
  report(std::move(request));
  if (!schedule_) rest_unsent(asker);
}

std::optional<Request> HttpLoad::next_attempt(const Request& ended) const {
  const Instant scheduled = ended.ended + plan_.retry_after;
  if (stopped_ || ended.attempt > plan_.retries || !worth_a_retry(ended) ||
      scheduled >= zero_ + plan_.lasting)
    return std::nullopt;
  Request again;
  again.id = ended.id;
  again.attempt = static_cast<std::uint16_t>(ended.attempt + 1);
  again.workload = ended.workload;
  again.kind = ended.kind;
  again.source = ended.source;
  again.scheduled = scheduled;
  return again;
}

void HttpLoad::wait(Request request) {
  if (again_.size() >= plan_.max_in_flight) return;
  again_.push_back(std::move(request));
  if (!again_due_.is_set()) again_due_.set(again_.front().scheduled);
}

void HttpLoad::offer_again(Instant now) {
  while (!again_.empty()) {
    if (again_.front().scheduled > now) return again_due_.set(again_.front().scheduled);
    Request request = std::move(again_.front());
    again_.pop_front();
    send(std::move(request), 0);
  }
}

HttpClient& HttpLoad::connection() {
  while (!idle_.empty()) {
    HttpClient& client = *idle_.back();
    idle_.pop_back();
    if (client.usable()) return client;
    bury(client);
  }
  auto client = std::make_unique<HttpClient>(client_setting_);
  HttpClient& fresh = *client;
  clients_.emplace(&fresh, std::move(client));
  return fresh;
}

void HttpLoad::ended(HttpClient& client) {
  --in_flight_;
  Request request = client.take_request();
  std::optional<Request> again = next_attempt(request);
  report(std::move(request));
  if (client.reusable()) {
    idle_.push_back(&client);
  } else {
    bury(client);
  }
  if (schedule_) {
    if (again) wait(std::move(*again));
  } else if (again) {
    users_[client.asker()]->again = std::move(again);
    rest(client.asker(), plan_.retry_after);
  } else if (client.any_sent()) {
    rest(client.asker(), think(client.asker()));
  } else {
    rest_unsent(client.asker());
  }
}

void HttpLoad::lost(HttpClient& client) {
  std::erase(idle_, &client);
  bury(client);
}

void HttpLoad::bury(HttpClient& client) {
  const auto found = clients_.find(&client);
  assert(found != clients_.end());
  closed_.push_back(std::move(found->second));
  clients_.erase(found);
}

void HttpLoad::report(Request request) {
  window_.completed(request.latency(), request.failed(), request.ended);
  const Duration zero = zero_.time_since_epoch();
  request.scheduled -= zero;
  request.sent -= zero;
  request.ended -= zero;
  batch_.push_back(std::move(request));
}

void HttpLoad::offer_no_more() {
  stopped_ = true;
  more_to_offer_ = false;
  due_.clear();
  again_.clear();
  again_due_.clear();
  for (const auto& user : users_) {
    if (!user) continue;
    user->until = Instant::min();
    if (user->next.is_set()) retire(*user);
  }
}

void HttpLoad::cut() {
  offer_no_more();
  std::vector<HttpClient*> asking;
  for (const auto& [client, owned] : clients_) {
    if (client->asking()) asking.push_back(client);
  }
  for (HttpClient* client : asking) client->cut();
}

void HttpLoad::settle() {
  closed_.clear();
  if (!batch_.empty()) {
    reader_.read(batch_);
    batch_.clear();
  }
  if (!more_to_offer_ && in_flight_ == 0 && working_ == 0 && again_.empty()) {
    finished_.store(true, std::memory_order_release);
  }
}

std::string HttpLoad::id_of(std::uint64_t ordinal) const {
  std::uint64_t drawn = Draw(seed_).about(run_).about(plan_.name).about(ordinal).bits();
  std::array<char, 16 + 1 + 20> text;
  for (std::size_t i = 16; i-- > 0; drawn >>= 4) text[i] = "0123456789abcdef"[drawn & 15];
  text[16] = '-';
  const auto end = std::to_chars(text.data() + 17, text.data() + text.size(), ordinal).ptr;
  return {text.data(), end};
}

}  // namespace faultline
