#include "proxy/wire/http_forward.h"

#include <array>
#include <utility>

namespace faultline::wire {
namespace {

// Fields about one connection, which are ours to say on the next.
bool of_connection(std::string_view name) {
  for (const char* one : {"connection", "keep-alive", "proxy-connection", "te", "upgrade",
                          "transfer-encoding", "content-length", "expect", "trailer", "date"}) {
    if (same_word(name, one)) return true;
  }
  return false;
}

std::string written(const HttpRequest& request) {
  std::string out = request.method + " " + request.path;
  if (!request.query.empty()) out += "?" + request.query;
  out += " HTTP/1.1\r\n";
  for (const HttpField& field : request.fields) {
    if (!of_connection(field.name)) out += field.name + ": " + field.value + "\r\n";
  }
  const bool has_body = !request.body.empty() || request.field("content-length") != nullptr;
  if (has_body) out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return out + "Connection: close\r\n\r\n" + request.body;
}

}  // namespace

HttpForward::HttpForward(Loop& loop, std::span<const SocketAddress> addresses,
                         const HttpRequest& request, std::function<void(HttpForward&)> done)
    : loop_(loop),
      addresses_(addresses),
      head_only_(request.method == "HEAD"),
      out_(written(request)),
      done_(std::move(done)),
      parser_(HttpParser::Side::response, *this),
      give_up_(loop, [this](Instant) { finish("no answer within 30s"); }) {}

void HttpForward::begin() {
  give_up_.set(loop_.now() + limit);
  dial_next("it has no address");
}

void HttpForward::dial_next(std::string why_not) {
  while (next_ < addresses_.size()) {
    Dialing dialing = dial(addresses_[next_++]);
    if (dialing.error != 0) {
      why_not = error_name(dialing.error);
      continue;
    }
    socket_ = std::move(dialing.socket);
    return loop_.watch(socket_.get(), *this);
  }
  finish(std::move(why_not));
}

void HttpForward::ready(std::uint32_t events) {
  if (finished_) return;
  if (!connected_) {
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) == 0) return;
    if (const int error = take_error(socket_.get()); error != 0) {
      socket_.close();
      return dial_next(std::string(error_name(error)));
    }
    connected_ = true;
    set_no_delay(socket_.get());
  }
  send_rest();
  if (!finished_) receive_some();
}

// An error in sending shows in receiving, behind what was answered before it.
void HttpForward::send_rest() {
  while (sent_ < out_.size()) {
    const Transfer put = send_bytes(socket_.get(), std::string_view(out_).substr(sent_));
    if (put.would_block || put.error != 0) return;
    sent_ += put.count;
  }
}

void HttpForward::receive_some() {
  std::array<char, 16 * 1024> bytes;
  while (!finished_) {
    const Transfer got = receive(socket_.get(), bytes);
    if (got.would_block) return;
    if (got.error != 0) return finish(std::string(error_name(got.error)));
    if (got.ended) {
      parser_.finish();
      return finish(complete_ ? "" : "it ended the connection before its answer was whole");
    }
    const auto progress = parser_.feed({bytes.data(), got.count});
    if (complete_) return finish("");
    if (progress.error != nullptr) return finish("its answer is no HTTP");
  }
}

void HttpForward::header(std::string_view name, std::string_view value) {
  if (in_head_ && !of_connection(name)) {
    response_.fields.push_back({std::string(name), std::string(value)});
  }
}

HttpBody HttpForward::head_complete(const HttpHead& head) {
  response_.status = head.status;
  if (head.status < 200) {
    response_.fields.clear();
    return HttpBody::as_declared;
  }
  in_head_ = false;
  return head_only_ ? HttpBody::none : HttpBody::as_declared;
}

void HttpForward::body(ByteView bytes) {
  if (response_.body.size() + bytes.size() <= most_body.count) response_.body += bytes;
}

void HttpForward::message_complete() { complete_ = complete_ || !in_head_; }

void HttpForward::finish(std::string why_not) {
  if (finished_) return;
  finished_ = true;
  why_not_ = std::move(why_not);
  give_up_.clear();
  socket_.close();
  done_(*this);
}

}  // namespace faultline::wire
