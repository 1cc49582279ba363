#pragma once

// A venue in this process: an engine of the drill's own, which ends with it.

#include <memory>

#include "scenarios/venue/venue.h"

namespace faultline {

class OwnVenue final : public Venue {
 public:
  // The reader outlives it.
  static Result<std::unique_ptr<Venue>> start(std::uint64_t seed, JournalReader& reader);

  Result<wire::OpenedProxy> open(const ProxySpec& spec) override;
  Result<wire::ArmedFault> arm(const Fault& fault, const std::vector<ProxyId>& on) override;
  Result<Disarmed> disarm(FaultId fault) override;
  void heal() override;
  Touched touched(FaultId fault) override;
  std::map<std::string, std::string> environment() const override;
  Closed close() override;

 private:
  explicit OwnVenue(JournalReader& reader) : journal_(std::make_unique<Journal>(reader)) {}

  std::unique_ptr<Journal> journal_;
  std::unique_ptr<wire::Engine> engine_;
};

}  // namespace faultline
