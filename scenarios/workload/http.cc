#include "scenarios/workload/http_load.h"

namespace faultline {
namespace {

std::unique_ptr<Workload> make(const WorkloadSetting& setting, RequestReader& reader) {
  return std::make_unique<HttpLoad>(setting, reader);
}

}  // namespace

extern const WorkloadKind http_workload_kind;
constinit const WorkloadKind http_workload_kind = {.name = "http", .make = make};

}  // namespace faultline
