#include "scenarios/workload/http_client.h"

#include <errno.h>

#include <charconv>
#include <optional>
#include <utility>

#include "proxy/wire/clock.h"

namespace faultline {
namespace {

constexpr std::size_t longest_reason = 64;
constexpr int reads_per_turn = 16;
// Beyond the loop's coalescing, so that other connections have their turn in between.
constexpr Duration read_pause = std::chrono::microseconds(20);

Outcome outcome_of_dialing(int error) {
  switch (error) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return Outcome::refused;
    case ECONNRESET:
      return Outcome::reset;
    case ETIMEDOUT:
      return Outcome::connect_timeout;
    default:
      return Outcome::not_sent;  // no descriptor, no local port: the fault is on our side
  }
}

// What may stand in a record: printable ASCII, bounded.
std::string printable(std::string_view text) {
  std::string out(text.substr(0, longest_reason));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

// "12" or "12.5"; nothing when it is no such number, or longer than a day.
std::optional<Duration> milliseconds_in(std::string_view text) {
  constexpr double most = 24 * 3600 * 1e3;
  double number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, number, std::chars_format::fixed);
  if (problem != std::errc() || end != last || !(number >= 0 && number <= most)) return {};
  return std::chrono::round<Duration>(std::chrono::duration<double, std::milli>(number));
}

}  // namespace

HttpClient::HttpClient(const Setting& setting)
    : setting_(setting),
      parser_(HttpParser::Side::response, *this),
      give_up_(setting.loop, [this](Instant) { timed_out(); }),
      read_on_(setting.loop, [this](Instant) { receive_rest(); }) {}

void HttpClient::ask(Request request, std::uint64_t asker, Instant give_up,
                     const HttpMessage& message) {
  request_ = std::move(request);
  message_ = &message;
  request_.sent = request_.scheduled;
  asker_ = asker;
  sent_ = 0;
  in_head_ = final_ = complete_ = false;
  outgoing_.clear();
  message.write(request_.id, request_.source, outgoing_);
  give_up_.set(give_up);
  if (state_ == State::unconnected) return dial_next(0);
  state_ = State::asking;
  send_rest();
}

void HttpClient::cut() {
  if (asking()) end(sent_ > 0 ? Outcome::abandoned : Outcome::not_sent);
}

// What the loop has not told yet is asked of the kernel.
bool HttpClient::usable() {
  if (state_ != State::idle) return false;
  const wire::Transfer transfer = wire::receive(socket_.get(), setting_.scratch.first(1));
  return transfer.would_block;
}

void HttpClient::ready(std::uint32_t events) {
  constexpr std::uint32_t readable = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peer_gone_ = true;
  if (state_ == State::dialing && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) connected();
  if (state_ == State::asking && (events & EPOLLOUT) != 0) send_rest();
  if (state_ == State::asking && (events & readable) != 0) return receive_rest();
  if (state_ == State::idle && (events & readable) != 0) {
    socket_.close();
    state_ = State::closed;
    setting_.owner.lost(*this);
  }
}

// The next address of the target; the outcome is that of the last one.
void HttpClient::dial_next(int last_error) {
  while (next_address_ < setting_.addresses.size()) {
    wire::Dialing dialing = wire::dial(setting_.addresses[next_address_++]);
    last_error = dialing.error;
    if (last_error != 0) continue;
    socket_ = std::move(dialing.socket);
    state_ = State::dialing;
    peer_gone_ = false;
    return setting_.loop.watch(socket_.get(), *this);
  }
  end(outcome_of_dialing(last_error));
}

void HttpClient::connected() {
  if (const int error = wire::take_error(socket_.get()); error != 0) {
    socket_.close();
    return dial_next(error);
  }
  state_ = State::asking;
  send_rest();
}

// An error in sending is not yet the end: the peer's answer may lie in front of its reset.
void HttpClient::send_rest() {
  if (send_error_ != 0) return;
  while (sent_ < outgoing_.size()) {
    const Instant before = wire::now();
    const auto transfer = wire::send_bytes(socket_.get(), ByteView(outgoing_).substr(sent_));
    if (transfer.would_block) return;
    if (transfer.error != 0) {
      send_error_ = transfer.error;
      return receive_rest();
    }
    if (sent_ == 0) request_.sent = before;
    sent_ += transfer.count;
  }
}

void HttpClient::receive_rest() {
  for (int reads = 0; state_ == State::asking; ++reads) {
    if (reads == reads_per_turn) return read_on_.set(wire::now() + read_pause);
    const wire::Transfer transfer = wire::receive(socket_.get(), setting_.scratch);
    if (transfer.would_block) {
      if (send_error_ != 0) end(Outcome::reset);
      return;
    }
    if (transfer.error != 0) return end(Outcome::reset);
    if (transfer.ended) return peer_ended();
    if (!take({setting_.scratch.data(), transfer.count})) return;
  }
}

// False when the request has its outcome.
bool HttpClient::take(ByteView bytes) {
  const HttpParser::Progress progress = parser_.feed(bytes);
  if (complete_) {
    surplus_ = surplus_ || progress.consumed < bytes.size() || progress.upgraded ||
               progress.error != nullptr;
    answered();
  } else if (progress.error != nullptr) {
    end(Outcome::malformed);
  }
  return state_ == State::asking;
}

void HttpClient::peer_ended() {
  peer_gone_ = true;
  parser_.finish();
  if (complete_) return answered();
  end(send_error_ == ECONNRESET ? Outcome::reset : Outcome::closed_early);
}

void HttpClient::timed_out() {
  end(state_ == State::dialing ? Outcome::connect_timeout : Outcome::timeout);
}

void HttpClient::answered() {
  const bool keep = keep_alive_ && !surplus_ && !peer_gone_ && send_error_ == 0 &&
                    sent_ == outgoing_.size() && parser_.between_messages();
  end(Outcome::answered, keep);
}

void HttpClient::end(Outcome outcome, bool keep) {
  give_up_.clear();
  read_on_.clear();
  request_.outcome = outcome;
  request_.ended = wire::now();
  if (outcome != Outcome::answered) {
    request_.status = 0;
    request_.reason.clear();
    request_.wait.reset();
  }
  state_ = keep ? State::idle : State::closed;
  if (!keep) socket_.close();
  setting_.owner.ended(*this);
}

void HttpClient::message_begun() {
  if (complete_) {
    surplus_ = true;
    return;
  }
  in_head_ = true;
  request_.reason.clear();
  request_.wait.reset();
}

void HttpClient::header(std::string_view name, std::string_view value) {
  if (complete_ || !in_head_) return;
  if (request_.reason.empty() && same_header(name, "x-reason")) request_.reason = printable(value);
  if (!message_->wait_header().empty() && same_header(name, message_->wait_header()))
    request_.wait = milliseconds_in(value);
}

// Of the interim answers only "101 Switching Protocols" is a final one: what follows is not HTTP.
HttpBody HttpClient::head_complete(const HttpHead& head) {
  if (complete_) return HttpBody::as_declared;
  in_head_ = false;
  final_ = head.status >= 200 || head.status == 101;
  keep_alive_ = head.keep_alive && head.status != 101;
  request_.status = head.status;
  const bool bodyless = final_ && (message_->asks_for_head() || head.status == 101);
  return bodyless ? HttpBody::none : HttpBody::as_declared;
}

void HttpClient::message_complete() { complete_ = complete_ || final_; }

}  // namespace faultline
