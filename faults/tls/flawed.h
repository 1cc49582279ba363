#pragma once

// The whole of a fault in TLS: it alters no byte of the stream, only what is around it, at one
// moment of each connection that its aim takes.

#include <memory>

#include "faults/fault.h"

namespace faultline::tls {

class Flawed final : public Fault {
 public:
  Flawed(TlsMoment moment, TlsFlaw flaw) : moment_(moment), flaw_(flaw) {}

  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Flawed>(moment_, flaw_); }
  void update(const Fault& configured) override { flaw_ = same_kind<Flawed>(configured).flaw_; }

  TlsFlaw tls(TlsMoment moment) const override { return moment == moment_ ? flaw_ : TlsFlaw{}; }

 private:
  const TlsMoment moment_;
  TlsFlaw flaw_;
};

template <TlsFlaw::What what, TlsMoment moment = TlsMoment::hello>
Checked<std::unique_ptr<Fault>> make(const Settings&) {
  return std::make_unique<Flawed>(moment, TlsFlaw{.what = what});
}

}  // namespace faultline::tls
