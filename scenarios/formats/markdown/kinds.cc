// The kinds of request of a mixed load, each by itself, and what asks for the service's health.

#include <algorithm>

#include "scenarios/formats/markdown/sections.h"
#include "scenarios/measures/samples.h"
#include "scenarios/report/figure.h"

namespace faultline::markdown {
namespace {

struct Dealt {
  std::uint64_t all = 0;
  std::vector<std::uint64_t> by_kind;
};

// First attempts: a retry is not dealt anew.
Dealt dealt(const Recording& recording, std::size_t workload, std::size_t kinds) {
  Dealt counts{0, std::vector<std::uint64_t>(kinds, 0)};
  for (const Request& request : recording.requests) {
    if (request.workload != workload || request.attempt != 1 || request.kind >= kinds) continue;
    ++counts.all;
    ++counts.by_kind[request.kind];
  }
  return counts;
}

void add_mix(std::vector<Row>& rows, const Story& story, std::size_t index) {
  const WorkloadPlan& workload = story.drill.workloads[index];
  const Dealt counts = dealt(story.recording, index, workload.mix.size());
  std::uint64_t weights = 0;
  for (const RequestPlan& kind : workload.mix) weights += kind.weight;
  for (std::size_t i = 0; i < workload.mix.size(); ++i) {
    const RequestPlan& kind = workload.mix[i];
    for (const std::string& phase : phases_of(story.drill)) {
      const std::string of = "(" + kind_name(workload, kind) + ", " + phase + ")";
      const Measure* errors = story.find("errors" + of);
      const bool known = errors != nullptr && errors->certainty == Certainty::known;
      rows.push_back({plain(kind_name(workload, kind)), plain(kind.method + " " + kind.path),
                      share(kind.weight, weights), share(counts.by_kind[i], counts.all),
                      plain(phase), cell(story, "mean", of), cell(story, "p50", of),
                      cell(story, "p95", of), cell(story, "p99", of),
                      known ? share(errors->n - part_of(*errors), errors->n) : "cannot tell"});
    }
  }
}

std::string path_of(const WorkloadPlan& workload) {
  return workload.path.substr(0, workload.path.find('?'));
}

bool asks_for_health(const WorkloadPlan& workload) {
  const std::string path = path_of(workload);
  return workload.mix.empty() && workload.method == "GET" &&
         (path == "/health" || path.starts_with("/health/") || path == "/healthz" ||
          path == "/readyz" || path == "/livez");
}

// Between two good answers; from the first to the last of them.
Duration longest_gap(const Recording& recording, std::size_t workload) {
  std::vector<Instant> good;
  for (const Request& request : recording.requests)
    if (request.workload == workload && request.acknowledged()) good.push_back(request.ended);
  std::ranges::sort(good);
  Duration longest{};
  for (std::size_t i = 1; i < good.size(); ++i) longest = std::max(longest, good[i] - good[i - 1]);
  return longest;
}

}  // namespace

void mixes(Page& page, const Story& story) {
  page.section("Performance by webhook type");
  std::vector<Row> rows;
  for (std::size_t i = 0; i < story.drill.workloads.size(); ++i) add_mix(rows, story, i);
  page.table({"Kind", "Request", "Share planned", "Share offered", "Phase", "Avg", "P50", "P95",
              "P99", "Successful"},
             rows, "no workload has a mix of requests; its own numbers are above");
}

void health(Page& page, const Story& story) {
  page.section("Health checks");
  std::vector<Row> rows;
  for (std::size_t i = 0; i < story.drill.workloads.size(); ++i) {
    const WorkloadPlan& workload = story.drill.workloads[i];
    if (!asks_for_health(workload)) continue;
    for (const std::string& part : phases_of(story.drill)) {
      const std::string of = "(" + workload.name + ", " + part + ")";
      const Measure* errors = story.find("errors" + of);
      const bool known = errors != nullptr && errors->certainty == Certainty::known;
      const std::uint64_t n = known ? errors->n : 0;
      const std::uint64_t failed = known ? part_of(*errors) : 0;
      rows.push_back({plain(workload.name), plain(path_of(workload)), plain(part),
                      std::to_string(n), cell(story, "p50", of), cell(story, "p95", of),
                      cell(story, "p99", of), known ? share(failed, n) : "cannot tell",
                      known ? share(n - failed, n) : "cannot tell",
                      length(longest_gap(story.recording, i))});
    }
  }
  page.table({"Workload", "Route", "Phase", "Sample size", "P50", "P95", "P99", "Failures",
              "Uptime", "Longest gap in the run"},
             rows, "no health route is asked while the load is on");
  if (!rows.empty()) page.nothing("the format of the answers; the load looks at no body");
}

}  // namespace faultline::markdown
