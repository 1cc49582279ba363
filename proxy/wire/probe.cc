#include "proxy/wire/probe.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "proxy/wire/socket.h"

namespace faultline::wire {
namespace {

class Attempt final : public Probe, private Watcher {
 public:
  Attempt(Loop& loop, const ProbeTarget& target, Instant give_up)
      : loop_(loop),
        target_(target),
        limit_(loop, [this](Instant) { finish("no answer in time"); }) {
    limit_.set(give_up);
    resolve();
  }

  ~Attempt() override {
    if (lookup_ != nullptr) {
      lookup_->data = nullptr;
      uv_cancel(reinterpret_cast<uv_req_t*>(lookup_));
    }
    if (fd_ >= 0) close(fd_);
  }

  bool done() const override { return done_; }
  const std::string& why_not() const override { return why_not_; }

 private:
  // The request outlives an attempt that is destroyed meanwhile: it frees itself when it is told.
  void resolve() {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    lookup_ = new uv_getaddrinfo_t;
    lookup_->data = this;
    const int begun = uv_getaddrinfo(loop_.uv(), lookup_, resolved, target_.address.host.c_str(),
                                     std::to_string(target_.address.port).c_str(), &hints);
    if (begun == 0) return;
    delete std::exchange(lookup_, nullptr);
    finish(uv_strerror(begun));
  }

  static void resolved(uv_getaddrinfo_t* lookup, int status, addrinfo* found) {
    if (auto* const self = static_cast<Attempt*>(lookup->data)) {
      self->lookup_ = nullptr;
      for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
        if (one->ai_addrlen > sizeof(SocketAddress::storage)) continue;
        SocketAddress& address = self->addresses_.emplace_back();
        std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
        address.length = one->ai_addrlen;
      }
      if (status != 0) self->finish("no such host: " + self->target_.address.host);
      if (!self->done_) self->connect_next();
    }
    uv_freeaddrinfo(found);
    delete lookup;
  }

  void connect_next() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
    if (next_ == addresses_.size()) return finish(last_error_);
    const SocketAddress& address = addresses_[next_++];
    fd_ = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return finish(strerrorname_np(errno));
    connected_ = false;
    if (connect(fd_, address.get(), address.length) != 0 && errno != EINPROGRESS) {
      last_error_ = strerrorname_np(errno);
      return connect_next();
    }
    loop_.watch(fd_, *this);
  }

  void ready(std::uint32_t events) override {
    if (done_ || fd_ < 0) return;
    if (!connected_) {
      if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
      int failure = 0;
      socklen_t size = sizeof failure;
      getsockopt(fd_, SOL_SOCKET, SO_ERROR, &failure, &size);
      if (failure != 0) {
        last_error_ = strerrorname_np(failure);
        return connect_next();
      }
      connected_ = true;
      if (target_.http_path.empty()) return finish("");
      ask();
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) != 0) listen_for_answer();
  }

  // A short request into an empty socket buffer: it fits.
  void ask() {
    const std::string request = "GET " + target_.http_path +
                                " HTTP/1.1\r\nHost: " + target_.address.text() +
                                "\r\nConnection: close\r\n\r\n";
    if (send(fd_, request.data(), request.size(), MSG_NOSIGNAL) < 0) finish(strerrorname_np(errno));
  }

  // "HTTP/1.1 200" is all that matters of the answer.
  void listen_for_answer() {
    constexpr std::size_t enough = 12;
    std::array<char, 512> buffer{};
    while (!done_) {
      const ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
      if (n < 0 && errno == EAGAIN) return;
      if (n < 0) return finish(strerrorname_np(errno));
      answer_.append(buffer.data(), static_cast<std::size_t>(n));
      if (answer_.size() >= enough) return judge();
      if (n == 0) return finish("closed without an answer");
    }
  }

  void judge() {
    const std::string status = answer_.substr(9, 3);
    if (!answer_.starts_with("HTTP/1.")) return finish("the answer is not HTTP");
    finish(status.starts_with('2') ? "" : "answered " + status);
  }

  void finish(std::string why_not) {
    if (done_) return;
    done_ = true;
    why_not_ = std::move(why_not);
    limit_.clear();
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

  Loop& loop_;
  const ProbeTarget target_;
  Deadline limit_;
  uv_getaddrinfo_t* lookup_ = nullptr;
  std::vector<SocketAddress> addresses_;
  std::size_t next_ = 0;
  int fd_ = -1;
  bool connected_ = false;
  std::string answer_;
  std::string last_error_ = "no address";
  bool done_ = false;
  std::string why_not_;
};

}  // namespace

Result<ProbeTarget> probe_target_from(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  const std::string shown = "\"" + std::string(url) + "\"";
  if (!url.starts_with(scheme)) return error("", shown + " is not a URL of the form http://host/");
  url.remove_prefix(scheme.size());
  const std::size_t slash = std::min(url.find('/'), url.size());
  std::string authority(url.substr(0, slash));
  const std::size_t bracket = authority.rfind(']');
  const std::size_t from = bracket == std::string::npos ? 0 : bracket;
  if (authority.find(':', from) == std::string::npos) authority += ":80";
  Result<Address> address = address_from(authority);
  if (!address) return error("", shown + ": " + address.error().what);
  std::string path(url.substr(slash));
  return ProbeTarget{std::move(*address), path.empty() ? "/" : std::move(path)};
}

std::unique_ptr<Probe> Probe::start(Loop& loop, const ProbeTarget& target, Instant give_up) {
  return std::make_unique<Attempt>(loop, target, give_up);
}

}  // namespace faultline::wire
