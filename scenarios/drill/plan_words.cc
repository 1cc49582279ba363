#include "scenarios/drill/plan_words.h"

#include <cassert>
#include <charconv>
#include <iterator>
#include <variant>

namespace faultline {
namespace {

std::string value_written(const Settings::Value& value) {
  struct Text {
    std::string operator()(Duration v) const { return to_string(v); }
    std::string operator()(Bytes v) const { return to_string(v); }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return number(v); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
  };
  return std::visit(Text(), value);
}

}  // namespace

std::string number(double value) {
  char digits[32];
  const auto [end, problem] = std::to_chars(std::begin(digits), std::end(digits), value);
  assert(problem == std::errc());
  return {std::begin(digits), end};
}

std::string tls_words(const TlsSpec& tls) {
  std::string out;
  if (tls.upstream && tls.insecure) out += ", does not verify the upstream's certificate";
  if (!tls.ca_file.empty()) out += ", verifies the upstream with " + tls.ca_file;
  if (!tls.server_name.empty()) out += ", expects it to be " + tls.server_name;
  if (!tls.certificate_file.empty()) out += ", speaks TLS with " + tls.certificate_file;
  if (!tls.generate.empty()) out += ", speaks TLS with a certificate made for " + tls.generate;
  if (!tls.write_ca.empty()) out += ", writes its CA to " + tls.write_ca;
  return out;
}

std::string limit_words(const LimitPlan& limit) {
  std::string out = std::to_string(limit.requests) + " per " + to_string(limit.window);
  if (limit.algorithm == LimitAlgorithm::token_bucket)
    out += " and " + std::to_string(limit.burst) + " at once";
  if (limit.key == LimitKey::header)
    out += " of each value of " + limit.header;
  else if (limit.key == LimitKey::all)
    out += " of all together";
  else
    out += " of each " + std::string(name(limit.key));
  return out + ", " + std::string(name(limit.algorithm));
}

std::string written_address(const Drill& drill, LateAddress::For part, const std::string& owner,
                            const Address& known) {
  for (const LateAddress& late : drill.late_addresses)
    if (late.part == part && late.owner == owner) return late.text;
  return known.text();
}

std::vector<std::pair<std::string, std::string>> settings_written(
    std::span<const Parameter> parameters, const std::vector<RawSetting>& raw) {
  const auto settings = read_settings(parameters, raw, "");
  assert(settings && "the drill has been checked");
  std::vector<std::pair<std::string, std::string>> written;
  for (const Parameter& parameter : parameters)
    if (const auto it = settings->values.find(parameter.name); it != settings->values.end())
      written.emplace_back(it->first, value_written(it->second));
  return written;
}

}  // namespace faultline
