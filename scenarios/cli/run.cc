#include "scenarios/run/runner.h"

#include <spdlog/spdlog.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "scenarios/cli/arguments.h"
#include "scenarios/cli/drill_file.h"
#include "scenarios/cli/token.h"
#include "scenarios/drill/interpolate.h"
#include "scenarios/report/report_files.h"
#include "scenarios/run/environment.h"
#include "scenarios/run/progress.h"

namespace faultline::cli {
namespace {

using std::filesystem::path;

constexpr std::string_view usage =
    "Examples:\n"
    "  faultline run examples/drills/postgres-outage.toml\n"
    "  faultline run drill.toml --set seed=7 --out /tmp/run\n"
    "  faultline run drill.toml --on http://127.0.0.1:8474\n\n"
    "Usage: faultline run DRILL [--out DIR] [--set KEY=VALUE]... [--quiet] [--no-color]\n"
    "                     [--on URL] [--ttl 5s] [--token-file FILE] [--json] [--log-level L]\n\n"
    "Runs a drill and reports what the service did.\n\n"
    "  --out DIR        the run folder; without it faultline-runs/DRILL-TIME, and\n"
    "                   faultline-runs/latest points at it\n"
    "  --set KEY=VALUE  overrides a key of the drill: seed=7, workload.web.rate=50\n"
    "  --on URL         on a faultline that serves on this machine, http://HOST:PORT or\n"
    "                   unix:///PATH: a proxy that it has already is used and left as it was, the\n"
    "                   others and every fault are leases that end with this run\n"
    "  --ttl DURATION   of these leases, 1s to 1h; 5s without it. Killed, a run heals so late\n"
    "  --token-file F   the token that the server asks for; else the file FAULTLINE_TOKEN_FILE "
    "names\n"
    "  --quiet          no progress on stderr\n"
    "  --no-color       no colours (nor with NO_COLOR set or TERM=dumb)\n"
    "  --json           report.json on stdout instead of the text\n"
    "  --log-level L    trace, debug, info, warning (the default), error, critical, off\n\n"
    "SIGINT and SIGTERM heal every fault, end what was started and report what was recorded; a\n"
    "second one does not wait for requests in flight.\n";

const path runs_folder = "faultline-runs";

path fresh_folder(const std::string& drill) {
  const path base = runs_folder / (drill + "-" + wall_clock_for_names());
  path folder = base;
  std::error_code ignored;
  for (int n = 2; std::filesystem::exists(folder, ignored); ++n) {
    folder = base.string() + "-" + std::to_string(n);
  }
  return folder;
}

void point_latest_at(const path& folder) {
  const path fresh = runs_folder / ".latest";
  std::error_code failure;
  std::filesystem::remove(fresh, failure);
  std::filesystem::create_directory_symlink(folder.filename(), fresh, failure);
  if (!failure) std::filesystem::rename(fresh, runs_folder / "latest", failure);
  if (failure) complain((runs_folder / "latest").string() + ": " + failure.message());
}

void print_report(const ReportedRun& run, const std::vector<path>& files, bool json) {
  const ReportFormat* const format = find_report_format(json ? "json" : "terminal");
  std::string text = format->render(run.report, run.recording);
  if (!json) {
    text += "\n";
    for (const path& file : files) text += "  " + file.string() + "\n";
  }
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

int exit_without_recording(const RunOutcome& outcome) {
  if (outcome.signal != 0) return exit_signal + outcome.signal;
  return exit_environment;
}

// Where the drill takes place; nothing: in this process.
Result<std::optional<Served>> venue_from(const Arguments& arguments) {
  const auto url = arguments.value("on");
  for (const char* option : {"ttl", "token-file"}) {
    if (!url && arguments.value(option)) {
      return error(std::string("--") + option,
                   "is for a drill on a serving faultline; add --on URL");
    }
  }
  if (!url) return std::nullopt;
  Served served{*url, {}};
  Result<wire::HttpTarget> target = wire::http_target(*url);
  if (!target) return error("--on " + *url, target.error().text());
  served.api.target = std::move(*target);
  served.api.agent = "faultline-run/" FAULTLINE_VERSION;
  if (const auto ttl = arguments.value("ttl")) {
    const Result<Duration> read = duration_from(*ttl);
    if (!read) return error("--ttl", read.error().text());
    if (*read < std::chrono::seconds(1) || *read > std::chrono::hours(1)) {
      return error("--ttl", faultline::quoted(*ttl) + " is not from 1s to 1h");
    }
    served.ttl = *read;
  }
  Result<std::string> token = token_for_server(arguments.value("token-file").value_or(""));
  if (!token) return std::unexpected(token.error());
  served.api.token = std::move(*token);
  return served;
}

int run(std::span<const std::string> words) {
  const Begun begun = begin(
      run_verb, words,
      {{"quiet", "no-color", "json"}, {"out", "on", "ttl", "token-file"}, {"set"}, "DRILL", 1, 1});
  if (!begun.arguments) return begun.exit_code;
  const Arguments& arguments = *begun.arguments;
  Result<std::optional<Served>> on = venue_from(arguments);
  if (!on) return usage_error(run_verb, on.error().text());
  const Checked<ReadDrill> read =
      read_drill_file(arguments.operands().front(), arguments.list("set"));
  if (!read) {
    for (const Error& error : read.error()) std::fprintf(stderr, "%s\n", error.text().c_str());
    return exit_usage;
  }
  if (*on && read->drill.xray) {
    return usage_error(run_verb, "--on: the X-ray of this drill answers in the place of proxy " +
                                     faultline::quoted(read->drill.xray->on) +
                                     " itself, in this process; run the drill without --on");
  }
  RunOptions options;
  options.folder = arguments.value("out").value_or(fresh_folder(read->drill.name).string());
  options.version = FAULTLINE_VERSION;
  options.overrides = arguments.list("set");
  options.variables = read->variables;
  options.on = std::move(*on);
  spdlog::info("run folder {}", options.folder.string());
  Progress progress(progress_on_stderr(arguments.has("quiet"), arguments.has("no-color")));
  RunLoop waiting;  // to the last line of the report, so that no signal cuts it short
  const RunOutcome outcome = run_drill(read->drill, options, waiting, progress);
  progress.finish();
  for (const Error& error : outcome.errors) complain(redacted(error.text(), read->secrets));
  if (!outcome.detail.empty()) {
    std::fprintf(stderr, "%s\n", redacted(outcome.detail, read->secrets).c_str());
  }
  if (!outcome.recorded) {
    std::error_code ignored;
    if (!arguments.value("out")) std::filesystem::remove(runs_folder, ignored);  // if it is empty
    return exit_without_recording(outcome);
  }
  if (!arguments.value("out")) point_latest_at(options.folder);
  const Result<ReportedRun> reported = report_run(options.folder);
  if (!reported) {
    complain("the recording cannot be read back: " + reported.error().text());
    return exit_internal;
  }
  const Result<std::vector<path>> files = write_report_files(options.folder, *reported);
  if (!files) {
    complain(files.error().text());
    return exit_environment;
  }
  print_report(*reported, *files, arguments.has("json"));
  return exit_code(reported->report.verdict, reported->recording);
}

}  // namespace

const Verb run_verb{"run", "runs a drill and reports", usage, run};

}  // namespace faultline::cli
