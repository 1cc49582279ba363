#include "proxy/wire/lookup.h"

#include <netdb.h>

#include <array>
#include <memory>

#include "proxy/wire/clock.h"

namespace faultline::wire {
namespace {

constexpr std::size_t longest_host = 253;

// What glibc's asynchronous query reads and writes until it is done.
struct Query {
  std::string host;
  addrinfo hints{};
  gaicb control{};
};

std::vector<std::string> numbers_of(const addrinfo* list) {
  std::vector<std::string> numbers;
  for (; list != nullptr; list = list->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(list->ai_addr, list->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      numbers.emplace_back(text.data());
    }
  }
  return numbers;
}

bool done_by(gaicb& control, Instant end) {
  while (gai_error(&control) == EAI_INPROGRESS) {
    const Duration left = end - now();
    if (left <= Duration::zero()) return false;
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec wait{whole.count(), (left - whole).count()};
    const gaicb* const list = &control;
    gai_suspend(&list, 1, &wait);
  }
  return true;
}

}  // namespace

std::vector<std::string> look_up(const std::string& host, Duration limit) {
  if (host.empty() || host.size() > longest_host) return {};
  auto query = std::make_unique<Query>();
  query->host = host;
  query->hints.ai_socktype = SOCK_STREAM;
  query->control.ar_name = query->host.c_str();
  query->control.ar_request = &query->hints;
  gaicb* list = &query->control;
  if (getaddrinfo_a(GAI_NOWAIT, &list, 1, nullptr) != 0) return {};
  if (!done_by(query->control, now() + limit)) {
    // A query that cannot be taken back goes on writing to its memory, which is therefore left.
    if (gai_cancel(&query->control) == EAI_NOTCANCELED) (void)query.release();
    return {};
  }
  if (gai_error(&query->control) != 0) return {};
  std::vector<std::string> numbers = numbers_of(query->control.ar_result);
  freeaddrinfo(query->control.ar_result);
  return numbers;
}

}  // namespace faultline::wire
