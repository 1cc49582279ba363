#include "proxy/wire/http_connection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace faultline::wire {
namespace {

// A Content-Length beyond the limit is answered before its body is read.
bool announces_more_than(const HttpRequest& request, Bytes limit) {
  const std::string* const length = request.field("content-length");
  if (length == nullptr) return false;
  std::uint64_t count = 0;
  const auto read = std::from_chars(length->data(), length->data() + length->size(), count);
  return read.ec != std::errc() || count > limit.count;
}

}  // namespace

HttpConnection::HttpConnection(Home home, Descriptor socket, HttpStreamId id, bool unix_socket)
    : home_(std::move(home)),
      socket_(std::move(socket)),
      id_(id),
      unix_socket_(unix_socket),
      parser_(HttpParser::Side::request, *this),
      deadline_(home_.loop,
                [this](Instant) {
                  timed_out_ = true;
                  home_.mark(*this);
                }),
      since_(home_.loop.now()) {
  if (!unix_socket_) set_no_delay(socket_.get());
  home_.loop.watch(socket_.get(), *this);
  set_deadline();
}

HttpConnection::~HttpConnection() { leave_stream(); }

void HttpConnection::ready(std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  home_.mark(*this);
}

void HttpConnection::settle() {
  if (over()) return;
  if (timed_out_ || (stopping_ && phase_ == Phase::lingering)) return close();
  for (int reads = 0; flush();) {
    if (unsent() > most_unsent) break;
    if (phase_ == Phase::reading && !asked_.empty()) {
      Asked asked = std::move(asked_.front());
      asked_.pop_front();
      answer(std::move(asked));
      continue;
    }
    if (phase_ == Phase::reading && (last_ || stopping_)) phase_ = Phase::finishing;
    if (phase_ == Phase::finishing) {
      if (unsent() > 0) break;
      finish_writing();
      continue;
    }
    if (phase_ == Phase::reading && unsent() > 0) break;
    if (!readable_) break;
    if (++reads > reads_per_turn) {
      home_.loop.again();
      home_.mark(*this);
      break;
    }
    if (!read_some()) return;
  }
  if (!over()) set_deadline();
}

// False when the connection is over.
bool HttpConnection::read_some() {
  std::array<char, read_size> bytes;
  const Transfer got = receive(socket_.get(), bytes);
  if (got.error != 0) {
    close();
    return false;
  }
  if (got.would_block) {
    readable_ = false;
  } else if (got.ended) {
    readable_ = false;
    client_finished();
  } else if (phase_ == Phase::reading) {
    feed({bytes.data(), got.count});
  } else {
    last_ = true;  // said into a stream, or after the last answer: nobody listens
  }
  return !over();
}

void HttpConnection::client_finished() {
  ended_ = true;
  if (phase_ == Phase::streaming || phase_ == Phase::lingering) return close();
  if (!parser_.between_messages()) current_ = {};  // half a request is none
  last_ = true;
}

void HttpConnection::feed(ByteView bytes) {
  if (parser_.between_messages() && asked_.empty()) note_progress();  // a request begins
  while (!bytes.empty() && !last_) {
    const HttpParser::Progress progress = parser_.feed(bytes);
    if (refusal_ != 0) return refuse(refusal_);
    if (progress.error != nullptr) {
      const bool too_long = std::string_view(progress.error).ends_with("longer than its limit");
      return refuse(too_long && in_head_ ? 431 : 400);
    }
    bytes.remove_prefix(progress.consumed);
    if (!progress.upgraded) break;
    // We speak HTTP/1.1 only: an Upgrade is declined by answering the request, a tunnel is not.
    if (!asked_.empty() && asked_.back().request.method == "CONNECT") last_ = true;
    parser_.resume_after_upgrade();
  }
  if (std::exchange(continue_due_, false) && asked_.empty() && !last_) {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }
}

void HttpConnection::message_begun() {
  current_ = {};
  current_.request.through_unix_socket = unix_socket_;
  in_head_ = true;
}

void HttpConnection::header(std::string_view name, std::string_view value) {
  if (in_head_) current_.request.fields.push_back({std::string(name), std::string(value)});
}

HttpBody HttpConnection::head_complete(const HttpHead& head) {
  HttpRequest& request = current_.request;
  in_head_ = false;
  request.method = head.method;
  current_.keep_alive = head.keep_alive && head.minor > 0;
  current_.http_1_0 = head.minor == 0;
  const std::string* const host = request.field("host");
  const auto hosts = std::count_if(request.fields.begin(), request.fields.end(),
                                   [](const HttpField& f) { return same_word(f.name, "host"); });
  if (hosts > 1 || (hosts == 0 && !current_.http_1_0)) refusal_ = 400;
  if (host != nullptr) request.host = *host;
  read_target(head.target, request);
  if (announces_more_than(request, home_.limits.body)) refusal_ = 413;
  continue_due_ = head.expects_continue;
  return refusal_ != 0 ? HttpBody::refuse : HttpBody::as_declared;
}

void HttpConnection::body(ByteView bytes) {
  continue_due_ = false;
  std::string& body = current_.request.body;
  if (body.size() + bytes.size() > home_.limits.body.count) {
    refusal_ = 413;
  } else if (refusal_ == 0) {
    body += bytes;
  }
}

void HttpConnection::message_complete() {
  continue_due_ = false;
  if (last_ || refusal_ != 0) return;
  last_ = !current_.keep_alive;
  asked_.push_back(std::exchange(current_, {}));
}

void HttpConnection::answer(Asked asked) {
  HttpResponse response = home_.service(asked.request);
  if (response.opened) return begin_stream(std::move(response), asked);
  const bool close_after = !asked.keep_alive || stopping_ || (last_ && asked_.empty());
  const bool with_body = asked.request.method != "HEAD";
  out_ += head_of(response, {.close = close_after});
  if (with_body && response.status != 204 && response.status != 304) out_ += response.body;
  if (close_after) {
    last_ = true;
    asked_.clear();
  }
  note_progress();
}

void HttpConnection::begin_stream(HttpResponse response, const Asked& asked) {
  phase_ = Phase::streaming;
  chunked_ = !asked.http_1_0;
  left_ = std::move(response.left);
  may_wait_ = response.may_wait.count == 0 ? home_.limits.stream_backlog : response.may_wait;
  last_ = last_ || !asked.keep_alive || !chunked_;
  out_ += head_of(response, {.close = last_, .chunked = chunked_, .open_ended = !chunked_});
  write(response.body);
  note_progress();
  response.opened(id_);
  if (stopping_) end_stream();
}

bool HttpConnection::write(std::string_view bytes) {
  if (over() || phase_ != Phase::streaming) return false;
  if (unsent() + bytes.size() > may_wait_.count) {
    close();  // too slow; its service is told when the server settles
    home_.mark(*this);
    return false;
  }
  if (unsent() == 0) note_progress();
  if (chunked_) {
    append_chunk(out_, bytes);
  } else {
    out_ += bytes;
  }
  home_.mark(*this);
  return true;
}

void HttpConnection::end_stream() {
  if (phase_ != Phase::streaming) return;
  left_ = nullptr;
  if (chunked_) out_ += "0\r\n\r\n";
  phase_ = Phase::reading;
  note_progress();
  home_.mark(*this);
}

void HttpConnection::stop() {
  stopping_ = true;
  const auto left = std::exchange(left_, nullptr);
  if (left) left(id_);
  end_stream();
  home_.mark(*this);
}

void HttpConnection::refuse(int status) {
  // Earlier requests of the same read are answered first.
  while (!asked_.empty() && phase_ == Phase::reading) {
    Asked asked = std::move(asked_.front());
    asked_.pop_front();
    answer(std::move(asked));
  }
  if (phase_ != Phase::reading) return close();
  const HttpResponse response = plain_answer(status);
  out_ += head_of(response, {.close = true}) + response.body;
  phase_ = Phase::finishing;
  note_progress();
}

// True as long as the connection is not over.
bool HttpConnection::flush() {
  while (unsent() > 0) {
    const Transfer put = send_bytes(socket_.get(), std::string_view(out_).substr(sent_));
    if (put.would_block) {
      forget_sent();
      return true;
    }
    if (put.error != 0) {
      close();
      return false;
    }
    sent_ += put.count;
    note_progress();
  }
  out_.clear();
  sent_ = 0;
  if (out_.capacity() > most_unsent) out_.shrink_to_fit();
  return !over();
}

// What is never empty, a stream to a reader who is just fast enough, must not grow either.
void HttpConnection::forget_sent() {
  if (sent_ < most_unsent) return;
  out_.erase(0, sent_);
  sent_ = 0;
}

void HttpConnection::finish_writing() {
  if (ended_ || stopping_) return close();
  shut_down_writing(socket_.get());
  phase_ = Phase::lingering;
  note_progress();
}

void HttpConnection::close() {
  socket_.close();
  deadline_.clear();
}

void HttpConnection::leave_stream() {
  const auto left = std::exchange(left_, nullptr);
  if (left) left(id_);
}

void HttpConnection::note_progress() { since_ = home_.loop.now(); }

void HttpConnection::set_deadline() {
  const HttpLimits& limits = home_.limits;
  if (unsent() > 0) return deadline_.set(since_ + limits.write);
  if (phase_ == Phase::streaming) return deadline_.clear();
  if (phase_ == Phase::lingering) return deadline_.set(since_ + limits.linger);
  deadline_.set(since_ + (parser_.between_messages() ? limits.idle : limits.request));
}

}  // namespace faultline::wire
