// latency: every chunk goes on later than it came, and so does the FIN.

#include <algorithm>
#include <array>

#include "faults/fault.h"
#include "faults/tcp/latency_delays.h"

namespace faultline {
namespace {

constexpr std::string_view spreads[] = {"uniform", "normal", "pareto", "table"};
constexpr std::string_view waves[] = {"none", "sine", "square", "triangle", "saw"};

constexpr std::array<Parameter, 7> parameters = {{
    {.name = "delay",
     .summary = "how much later each chunk goes on",
     .type = ParameterType::duration,
     .least = "0s",
     .most = "1h"},
    {.name = "jitter",
     .summary = "each delay is longer or shorter by up to this much",
     .type = ParameterType::duration,
     .fallback = "0s",
     .least = "0s",
     .most = "1h"},
    {.name = "distribution",
     .summary = "uniform: delay ± jitter; normal: jitter is the standard deviation; pareto: delay "
                "is the least, jitter scales the tail; table: delay and one of the table",
     .type = ParameterType::choice,
     .fallback = "uniform",
     .choices = spreads},
    {.name = "table",
     .summary = "delays as measured: \"50%:10ms 99%:80ms 100%:1s\", or a list \"8ms 9ms 70ms\"",
     .type = ParameterType::text,
     .fallback = "0s"},
    {.name = "wave",
     .summary = "the delay rises and falls over time, from the arming on",
     .type = ParameterType::choice,
     .fallback = "none",
     .choices = waves},
    {.name = "amplitude",
     .summary = "the wave makes delays longer and shorter by up to this much",
     .type = ParameterType::duration,
     .fallback = "0s",
     .least = "0s",
     .most = "1h"},
    {.name = "period",
     .summary = "how long one wave takes",
     .type = ParameterType::duration,
     .fallback = "1m",
     .least = "1ms",
     .most = "24h"},
}};

class Latency final : public Fault {
 public:
  explicit Latency(std::shared_ptr<const Delays> delays) : delays_(std::move(delays)) {}

  std::unique_ptr<Fault> fresh() const override { return std::make_unique<Latency>(delays_); }
  void update(const Fault& configured) override {
    delays_ = same_kind<Latency>(configured).delays_;
  }

  void chunk(const Moment& moment, const Chunk&, Outlet& outlet) override {
    outlet.pass_at(moment.now + delays_->at(moment));
  }

  void end(const Moment& moment, Outlet& outlet) override {
    outlet.pass_at(moment.now + delays_->at(moment));
  }

 private:
  std::shared_ptr<const Delays> delays_;  // of all links: a table is large
};

template <class Choice>
Choice chosen(std::span<const std::string_view> choices, const std::string& written) {
  return static_cast<Choice>(std::ranges::find(choices, written) - choices.begin());
}

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  auto table = quantiles_from(settings.text("table"));
  if (!table)
    return std::unexpected(Errors{{settings.where("table"), "\"table\": " + table.error().what}});
  Delays delays{.mean = settings.duration("delay"),
                .jitter = settings.duration("jitter"),
                .spread = chosen<Spread>(spreads, settings.text("distribution")),
                .table = std::move(*table),
                .wave = chosen<Wave>(waves, settings.text("wave")),
                .amplitude = settings.duration("amplitude"),
                .period = settings.duration("period")};
  return std::make_unique<Latency>(std::make_shared<const Delays>(std::move(delays)));
}

}  // namespace

extern const FaultKind latency_kind;
constinit const FaultKind latency_kind = {
    .name = "latency",
    .summary = "delays every chunk by a time that may spread and change",
    .contract =
        "Arm: chunks that arrive from now on go on after their delay, never before they came and "
        "at most 1 h later. A byte stream cannot reorder: a chunk whose own time is shorter than "
        "that of the one before it waits for it, so jitter skews late. Waves count from the arming "
        "and have the same phase on every connection. Update: what is held gets a new delay, "
        "counted from when it came. Disarm: what is held goes on at once, in order; nothing is "
        "lost. Half-close: the FIN is delayed like data and stays behind it. Reset: a peer's RST "
        "is delayed like a FIN, behind the bytes it followed.",
    .parameters = parameters,
    .default_directions = Directions::downstream,
    .make = make,
};

}  // namespace faultline
