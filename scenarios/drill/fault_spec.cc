#include "scenarios/drill/fault_spec.h"

#include <iterator>
#include <utility>

#include "faults/catalogue.h"

namespace faultline {

Checked<FaultSpec> fault_spec(const FaultPlan& plan) {
  const FaultKind* const kind = find_fault_kind(plan.kind);
  if (kind == nullptr) {
    return std::unexpected(Errors{{plan.where, "unknown kind of fault \"" + plan.kind + "\"" +
                                                   suggestion(plan.kind, fault_kind_names())}});
  }
  Errors errors;
  const auto note = [&errors](Errors& found) {
    std::move(found.begin(), found.end(), std::back_inserter(errors));
  };
  Checked<Settings> parameters = read_settings(kind->parameters, plan.parameters, plan.where);
  if (!parameters) note(parameters.error());
  Checked<Settings> aim = read_settings(aim_parameters(), plan.aim, plan.where);
  if (!aim) note(aim.error());
  if (!errors.empty()) return std::unexpected(std::move(errors));
  Checked<std::unique_ptr<Fault>> prototype = kind->make(*parameters);
  if (!prototype) note(prototype.error());
  Checked<Aim> aimed = aim_from(*kind, *aim);
  if (!aimed) note(aimed.error());
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return FaultSpec{plan.id, kind, std::move(*prototype), std::move(*aimed)};
}

}  // namespace faultline
