#include "proxy/wire/resolver.h"

#include <uv.h>

#include <cstring>
#include <utility>

namespace faultline::wire {

// The request outlives its query when the resolver goes first: libuv calls back all the same, and
// finds nobody.
struct Resolver::Query {
  Resolver* resolver = nullptr;
  std::string name;
  std::vector<Answer> waiting;
  uv_getaddrinfo_t* request = nullptr;
};

namespace {

std::vector<SocketAddress> addresses_of(const addrinfo* list) {
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    SocketAddress address;
    if (entry->ai_addrlen > sizeof address.storage) continue;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.length = entry->ai_addrlen;
    addresses.push_back(address);
  }
  return addresses;
}

}  // namespace

Resolver::Resolver(Loop& loop) : loop_(loop) {}

Resolver::~Resolver() {
  for (auto& [name, query] : pending_) {
    query->request->data = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(query->request));
  }
}

void Resolver::resolve(const Address& address, Answer answer) {
  SocketAddress literal;
  if (numeric(address, literal)) return answer({literal});
  const std::string name = address.text();
  if (const auto found = known_.find(name); found != known_.end()) {
    if (found->second.until > loop_.now()) return answer(found->second.addresses);
    known_.erase(found);
  }
  auto& query = pending_[name];
  if (query) return query->waiting.push_back(std::move(answer));

  query = std::make_unique<Query>();
  query->resolver = this;
  query->name = name;
  query->waiting.push_back(std::move(answer));
  query->request = new uv_getaddrinfo_t;
  query->request->data = query.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  const auto called_back = [](uv_getaddrinfo_t* request, int status, addrinfo* list) {
    if (auto* asked = static_cast<Query*>(request->data))
      asked->resolver->answered(*asked,
                                status == 0 ? addresses_of(list) : std::vector<SocketAddress>());
    uv_freeaddrinfo(list);
    delete request;
  };
  const std::string port = std::to_string(address.port);
  if (uv_getaddrinfo(loop_.uv(), query->request, called_back, address.host.c_str(), port.c_str(),
                     &hints) != 0) {
    delete query->request;
    answered(*query, {});
  }
}

void Resolver::answered(Query& query, std::vector<SocketAddress> addresses) {
  const std::string name = query.name;
  const std::vector<Answer> waiting = std::move(query.waiting);
  pending_.erase(name);
  const Duration lasting = addresses.empty() ? keep_refusal : keep;
  known_[name] = {addresses, loop_.now() + lasting};
  for (const Answer& answer : waiting) answer(addresses);
}

}  // namespace faultline::wire
