#include "proxy/wire/tls_legs.h"

#include <algorithm>

namespace faultline::wire {

TlsLegs::TlsLegs(Loop& loop, std::span<char> scratch, Owner owner)
    : loop_(loop), scratch_(scratch), owner_(std::move(owner)) {}

void TlsLegs::originate(ConnectionId connection, Descriptor upstream, const TlsSetup& context,
                        const std::string& host, Instant limit) {
  Ssl ssl = context.connecting(upstream.get(), host);
  if (!ssl) return owner_.refused(connection, "TLS: no memory");
  if (!owner_.take_room()) return owner_.refused(connection, "TLS: the connection budget is used");
  auto leg = std::make_unique<TlsLeg>(*this, connection, TlsRole::originate, std::move(upstream),
                                      std::move(ssl), limit);
  mark(*leg);
  loop_.again();
  legs_[{connection, TlsRole::originate}] = std::move(leg);
}

Descriptor TlsLegs::terminate(ConnectionId connection, Descriptor client, const TlsSetup& context) {
  Ssl ssl = context.accepting(client.get());
  auto ends = ssl && owner_.take_room() ? pairs_.make() : std::unexpected(0);
  if (!ends) {
    if (ends.error() != 0) owner_.give_room();
    reset_and_close(client);
    return Descriptor();
  }
  auto leg = std::make_unique<TlsLeg>(*this, connection, TlsRole::terminate, std::move(client),
                                      std::move(ssl), loop_.now() + client_limit);
  leg->attach(std::move(ends->far));
  legs_[{connection, TlsRole::terminate}] = std::move(leg);
  return std::move(ends->near);
}

TlsLeg* TlsLegs::find(ConnectionId connection, TlsRole role) {
  const auto found = legs_.find({connection, role});
  return found == legs_.end() ? nullptr : found->second.get();
}

void TlsLegs::relay_ends(ConnectionId connection) {
  if (TlsLeg* const leg = find(connection, TlsRole::terminate)) leg->relay_ends();
}

void TlsLegs::retry_stalled() {
  for (auto& [key, leg] : legs_) {
    if (!leg->stalled()) continue;
    mark(*leg);
    loop_.again();
  }
}

void TlsLegs::relay_gone(ConnectionId connection) {
  for (const TlsRole role : {TlsRole::originate, TlsRole::terminate}) {
    TlsLeg* const leg = find(connection, role);
    if (leg == nullptr) continue;
    leg->relay_gone(loop_.now());
    mark(*leg);
    loop_.again();
  }
}

void TlsLegs::cut_short(const TlsLeg& leg) {
  const bool originates = leg.role() == TlsRole::originate;
  TlsLeg* const other =
      find(leg.connection(), originates ? TlsRole::terminate : TlsRole::originate);
  if (other != nullptr) other->withhold_notify();
}

void TlsLegs::mark(TlsLeg& leg) {
  if (leg.dirty) return;
  leg.dirty = true;
  dirty_.push_back(&leg);
}

void TlsLegs::settle(Instant now) {
  if (dirty_.empty()) return;
  settling_.swap(dirty_);
  moved_ = 0;
  for (TlsLeg* leg : settling_) {
    leg->dirty = false;
    if (moved_ >= turn_limit) {
      mark(*leg);
      loop_.again();
      continue;
    }
    switch (leg->settle(now)) {
      case TlsLeg::Next::wait:
        break;
      case TlsLeg::Next::again:
        mark(*leg);
        loop_.again();
        break;
      case TlsLeg::Next::finished:
        remove(*leg);
        break;
    }
  }
  settling_.clear();
}

void TlsLegs::remove(TlsLeg& leg) {
  if (leg.dirty) std::erase(dirty_, &leg);  // it marked itself while it ended
  legs_.erase({leg.connection(), leg.role()});
  owner_.give_room();
}

void TlsLegs::reset_all() {
  for (auto& [key, leg] : legs_) leg->reset();
  while (!legs_.empty()) remove(*legs_.begin()->second);
}

}  // namespace faultline::wire
