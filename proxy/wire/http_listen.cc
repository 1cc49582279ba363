#include "proxy/wire/http_listen.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "proxy/spec.h"
#include "proxy/wire/lookup.h"

namespace faultline::wire {
namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr Duration lookup_limit = std::chrono::seconds(2);

// A socket at which nobody answers. (Connecting to a file that is none is refused, too.)
bool left_behind(const sockaddr_un& address) {
  struct stat file{};
  if (lstat(address.sun_path, &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno == ECONNREFUSED;
}

bool is_wildcard(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

bool is_loopback(const std::string& host) { return host.starts_with("127.") || host == "::1"; }

}  // namespace

Result<HttpDoor> HttpDoor::open(std::string_view where) {
  if (where.starts_with(unix_prefix)) {
    return open_unix(std::string(where.substr(unix_prefix.size())));
  }
  return open_tcp(where);
}

Result<HttpDoor> HttpDoor::open_unix(std::string path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return error("", quoted(path) + " is no path for a unix socket; 1 to " +
                         std::to_string(sizeof address.sun_path - 1) + " bytes");
  }
  path.copy(address.sun_path, path.size());
  if (left_behind(address)) unlink(path.c_str());

  HttpDoor door;
  door.socket_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  fchmod(door.socket_.get(), 0600);  // before the file exists, so that it never is wider
  if (bind(door.socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return error("", "cannot listen on unix:" + path + ": " + strerror(errno));
  }
  door.path_ = path;
  door.text_ = std::string(unix_prefix) + path;
  if (listen(door.socket_.get(), SOMAXCONN) != 0) {
    return error("", "cannot listen on unix:" + path + ": " + strerror(errno));
  }
  return door;
}

Result<HttpDoor> HttpDoor::open_tcp(std::string_view where) {
  std::string text(where);
  if (text.starts_with(':')) text.insert(0, "0.0.0.0");
  Result<Address> address = address_from(text);
  if (!address) return std::unexpected(address.error());
  if (address->host == "localhost") address->host = "127.0.0.1";
  const bool wildcard = is_wildcard(address->host);
  if (wildcard) address->host = "::";

  SocketAddress numbers;
  if (!wildcard && !numeric(*address, numbers)) {
    const std::vector<std::string> known = look_up(address->host, lookup_limit);
    if (!known.empty()) address->host = known.front();
  }
  if (!numeric(*address, numbers)) {
    return error("", quoted(address->host) +
                         " is not an address of this machine; write localhost, 127.0.0.1, [::1] "
                         "or 0.0.0.0");
  }
  Result<Descriptor> socket = listen_on(numbers);
  if (!socket && wildcard) {  // no IPv6 here
    numeric({"0.0.0.0", address->port}, numbers);
    socket = listen_on(numbers);
  }
  if (!socket) return std::unexpected(socket.error());
  HttpDoor door;
  door.socket_ = std::move(*socket);
  door.text_ = local_address(door.fd()).text();
  door.beyond_loopback_ = !is_loopback(address->host);
  return door;
}

HttpDoor::HttpDoor(HttpDoor&& other) noexcept
    : socket_(std::move(other.socket_)),
      path_(std::exchange(other.path_, {})),
      text_(std::move(other.text_)),
      beyond_loopback_(other.beyond_loopback_) {}

HttpDoor& HttpDoor::operator=(HttpDoor&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(path_, other.path_);
  std::swap(text_, other.text_);
  std::swap(beyond_loopback_, other.beyond_loopback_);
  return *this;
}

HttpDoor::~HttpDoor() {
  if (!path_.empty()) unlink(path_.c_str());
}

}  // namespace faultline::wire
