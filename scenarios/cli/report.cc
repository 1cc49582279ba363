#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "scenarios/cli/arguments.h"
#include "scenarios/report/report_files.h"

namespace faultline::cli {
namespace {

constexpr std::string_view usage =
    "Examples:\n"
    "  faultline report faultline-runs/latest\n"
    "  faultline report faultline-runs/latest --format json\n\n"
    "Usage: faultline report RUN [--format NAME] [--verify]\n\n"
    "Computes the report of a run again, from what was recorded in its folder.\n\n"
    "  --format NAME  terminal (the default), json or any other format the run folder has\n"
    "  --verify       compares with the report.json that the run wrote; any difference is a "
    "failure\n";

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const ReportFormat* format : report_formats()) names.emplace_back(format->name);
  return names;
}

int verify(const std::filesystem::path& folder, const ReportedRun& run) {
  const ReportFormat* const json = find_report_format("json");
  const std::filesystem::path file = folder / json->file;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    complain(file.string() + ": cannot be opened");
    return exit_environment;
  }
  std::ostringstream stored;
  stored << in.rdbuf();
  const std::string computed = json->render(run.report, run.recording);
  if (stored.str() == computed) {
    std::printf("%s: equal to what the recording says\n", file.c_str());
    return exit_pass;
  }
  complain(file.string() + ": differs from what the recording says");
  return exit_fail;
}

int report(std::span<const std::string> arguments) {
  const Begun begun = begin(report_verb, arguments, {{"verify"}, {"format"}, {}, "RUN", 1, 1});
  if (!begun.arguments) return begun.exit_code;
  const std::string name = begun.arguments->value("format").value_or("terminal");
  const ReportFormat* const format = find_report_format(name);
  if (format == nullptr) {
    return usage_error(report_verb,
                       "unknown format \"" + name + "\"" + suggestion(name, format_names()));
  }
  const std::filesystem::path folder = begun.arguments->operands().front();
  const Result<ReportedRun> run = report_run(folder);
  if (!run) {
    complain(run.error().text());
    return exit_usage;
  }
  if (begun.arguments->has("verify")) return verify(folder, *run);
  std::fputs(format->render(run->report, run->recording).c_str(), stdout);
  return exit_code(run->report.verdict, run->recording);
}

}  // namespace

const Verb report_verb{"report", "computes a run's report again", usage, report};

}  // namespace faultline::cli
