#include "scenarios/venue/own_venue.h"

#include <utility>

namespace faultline {

Result<std::unique_ptr<Venue>> OwnVenue::start(std::uint64_t seed, JournalReader& reader) {
  std::unique_ptr<OwnVenue> venue(new OwnVenue(reader));
  wire::EngineOptions options;
  options.seed = seed;
  Result<std::unique_ptr<wire::Engine>> engine = wire::Engine::start(options, *venue->journal_);
  if (!engine) return std::unexpected(engine.error());
  venue->engine_ = std::move(*engine);
  return venue;
}

Result<wire::OpenedProxy> OwnVenue::open(const ProxySpec& spec) { return engine_->open(spec); }

Result<wire::ArmedFault> OwnVenue::arm(const Fault& fault, const std::vector<ProxyId>& on) {
  return engine_->arm(fault.spec, on);
}

Result<Venue::Disarmed> OwnVenue::disarm(FaultId fault) {
  const wire::Receipt receipt = engine_->disarm(fault);
  return Disarmed{receipt, engine_->touched(fault)};
}

void OwnVenue::heal() { engine_->heal(); }

Touched OwnVenue::touched(FaultId fault) { return engine_->touched(fault); }

std::map<std::string, std::string> OwnVenue::environment() const {
  return {{"limits", engine_->limits()}};
}

Venue::Closed OwnVenue::close() {
  engine_.reset();
  journal_->flush();
  Closed closed;
  closed.events_lost = journal_->lost();
  journal_.reset();
  return closed;
}

}  // namespace faultline
