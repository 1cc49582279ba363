#include "scenarios/recording/claims.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <optional>

namespace faultline {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_line = 64 * 1024;
constexpr double longest_uptime = 1e9;  // seconds

std::string text(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) return "";
  return {value->get_string().data(), value->get_string().size()};
}

std::uint64_t count(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains({name.data(), name.size()});
  boost::system::error_code failure;
  const auto number = value == nullptr ? 0 : value->to_number<std::uint64_t>(failure);
  return failure ? 0 : number;
}

bool is_state(const std::string& word) {
  return word == "closed" || word == "open" || word == "half_open";
}

std::optional<BreakerClaim> claim_in(const std::string& line, Instant zero) {
  if (line.empty() || line.front() != '{' || line.size() > longest_line) return std::nullopt;
  boost::system::error_code failure;
  json::monotonic_resource memory;
  const json::value value = json::parse({line.data(), line.size()}, failure, &memory);
  if (failure || !value.is_object()) return std::nullopt;
  const json::object& members = value.get_object();
  if (text(members, "event") != "breaker") return std::nullopt;
  const json::value* t = members.if_contains("t");
  const auto seconds = t == nullptr ? 0.0 : t->to_number<double>(failure);
  BreakerClaim claim;
  claim.from = text(members, "from");
  claim.to = text(members, "to");
  if (t == nullptr || failure || !(seconds >= 0) || seconds > longest_uptime ||
      !is_state(claim.from) || !is_state(claim.to))
    return std::nullopt;
  claim.at = Instant{} + (Instant(Duration(std::llround(seconds * 1e9))) - zero);
  claim.breaker = text(members, "breaker");
  claim.failures = count(members, "failures");
  claim.total = count(members, "total");
  claim.late = count(members, "late");
  claim.rejected = count(members, "rejected");
  claim.last_error = text(members, "last_error");
  return claim;
}

}  // namespace

std::vector<BreakerClaim> read_claims(const std::filesystem::path& folder,
                                      const Recording& recording) {
  std::vector<BreakerClaim> claims;
  if (recording.clock_zero == Instant{}) return claims;
  for (const ProcessPlan& process : recording.drill.processes) {
    std::ifstream in(folder / (process.log.empty() ? process.name + ".log" : process.log),
                     std::ios::binary);
    std::string line;
    while (claims.size() < most_claims && std::getline(in, line)) {
      auto claim = claim_in(line, recording.clock_zero);
      if (!claim) continue;
      claim->process = process.name;
      claims.push_back(std::move(*claim));
    }
  }
  return claims;
}

}  // namespace faultline
