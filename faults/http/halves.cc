#include "faults/http/halves.h"

namespace faultline::http {
namespace {

class ByRequest final : public Fault {
 public:
  explicit ByRequest(std::shared_ptr<const HttpRule> rule) : rule_(std::move(rule)) {}

  std::unique_ptr<Fault> fresh() const override {
    return upstream_half(std::make_shared<Shared>(rule_));
  }
  Halves fresh_halves() const override {
    const auto shared = std::make_shared<Shared>(rule_);
    return {upstream_half(shared), downstream_half(shared)};
  }
  void update(const Fault& configured) override { rule_ = rule_of(configured); }
  const std::shared_ptr<const HttpRule>& rule() const { return rule_; }

 private:
  std::shared_ptr<const HttpRule> rule_;
};

}  // namespace

std::unique_ptr<Fault> by_request(std::shared_ptr<const HttpRule> rule) {
  return std::make_unique<ByRequest>(std::move(rule));
}

std::shared_ptr<const HttpRule> rule_of(const Fault& prototype) {
  return same_kind<ByRequest>(prototype).rule();
}

}  // namespace faultline::http
