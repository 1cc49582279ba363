#include <algorithm>
#include <array>

#include "scenarios/formats/formats.h"

namespace faultline {
namespace {

constexpr std::array all = {&formats::terminal, &formats::json, &formats::markdown,
                            &formats::junit};

}  // namespace

std::span<const ReportFormat* const> report_formats() { return all; }

const ReportFormat* find_report_format(std::string_view name) {
  const auto found = std::ranges::find(all, name, &ReportFormat::name);
  return found == all.end() ? nullptr : *found;
}

}  // namespace faultline
