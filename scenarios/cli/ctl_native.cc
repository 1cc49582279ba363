// The commands that only a faultline answers.

#include <signal.h>

#include <algorithm>
#include <array>
#include <functional>

#include "proxy/control/json_text.h"
#include "proxy/wire/clock.h"
#include "proxy/wire/loop.h"
#include "proxy/wire/signals.h"
#include "scenarios/cli/ctl.h"

namespace faultline::cli {
namespace {

using control::JsonValue;

constexpr Duration held_ttl = std::chrono::seconds(5);  // where --hold stands without --ttl
constexpr int renewals_per_ttl = 3;

std::string path_of(std::string_view proxy, std::string_view id) {
  return "/v1/proxies/" + percent_encoded(proxy) + "/faults/" + percent_encoded(id);
}

int shown(const Ctl& ctl, const HttpResponse& response, const std::string& words) {
  const std::string body = response.body.empty() ? "{}\n" : response.body;
  print(ctl.json ? body : words + "\n");
  return exit_pass;
}

// A fault whose lease is kept.
struct Held {
  std::string path;
  std::string what;  // "latency on db"
  Duration ttl{};
  Instant end = never;
};

// Renews the lease until its time is over or a signal comes. A fault that was healed meanwhile
// stays healed; a server that has not answered for a whole ttl is given up.
class Holder {
 public:
  Holder(const Ctl& ctl, Held held)
      : ctl_(ctl),
        held_(std::move(held)),
        good_until_(wire::now() + held_.ttl),
        due_(loop_, [this](Instant) { renew(); }) {}

  int run() {
    constexpr std::array<int, 2> numbers{SIGINT, SIGTERM};
    const wire::Signals signals(loop_, numbers, [this](int number) {
      code_ = exit_signal + number;
      loop_.stop();
    });
    schedule();
    loop_.run();
    return code_;
  }

 private:
  void schedule() { due_.set(std::min(wire::now() + held_.ttl / renewals_per_ttl, held_.end)); }

  void renew() {
    const Instant asked = wire::now();
    if (asked >= held_.end) return loop_.stop();
    wire::HttpAsk ask;
    ask.method = "PUT";
    ask.path = held_.path + "/lease";
    ask.body = "{" + json_member("ttl", to_string(held_.ttl)) + "}";
    ask.fields = ctl_.fields();
    ask.limit = held_.ttl / renewals_per_ttl;
    const auto response = wire::fetch(ctl_.target, ask);
    if (response && response->status == 200) {
      good_until_ = asked + held_.ttl;
    } else if (response || wire::now() >= good_until_) {
      complain(response ? held_.what + " is no longer armed" : response.error().text());
      code_ = response ? exit_fail : exit_environment;
      return loop_.stop();
    }
    schedule();
  }

  const Ctl& ctl_;
  const Held held_;
  Instant good_until_;
  int code_ = exit_pass;
  wire::Loop loop_;
  wire::Deadline due_;
};

// KEY=VALUE as members of an object. Every value is a text: the server knows which are numbers.
Result<std::string> settings_from(std::span<const std::string> pairs) {
  std::string out;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return error("", quoted(pair) + " is not of the form KEY=VALUE");
    }
    out += "," + json_member(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return out;
}

int arm(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  constexpr std::size_t most = 100;
  const auto given = ctl_arguments(
      self, words, {{"hold"}, {"id", "owner", "ttl", "for"}, {}, "PROXY KIND", 2, most});
  if (!given) return given.error();
  const std::string& proxy = given->operands()[0];
  const std::string& kind = given->operands()[1];
  const std::string id = given->value("id").value_or(kind);
  const bool holds = given->has("hold") || given->value("for").has_value();
  const auto settings = settings_from(std::span(given->operands()).subspan(2));
  if (!settings) return ctl_mistake(self, settings.error().text());
  std::string body = "{" + json_member("kind", kind) + *settings;
  if (const auto owner = given->value("owner")) body += "," + json_member("owner", *owner);
  Held held{path_of(proxy, id), id + " on " + proxy, held_ttl, never};
  std::optional<std::string> ttl = given->value("ttl");
  if (!ttl && holds) ttl = to_string(held_ttl);
  if (ttl) body += "," + json_member("ttl", *ttl);
  if (ttl && holds) {
    const Result<Duration> read = duration_from(*ttl);
    if (!read) return ctl_mistake(self, "--ttl " + read.error().text());
    held.ttl = *read;
  }
  Duration lasting = Duration::max();
  if (const auto text = given->value("for")) {
    const Result<Duration> read = duration_from(*text);
    if (!read) return ctl_mistake(self, "--for " + read.error().text());
    lasting = *read;
  }
  const auto response = ctl.must("PUT", held.path, body + "}");
  if (!response) return response.error();
  shown(ctl, *response, "Armed " + held.what);
  if (!holds) return exit_pass;
  if (lasting != Duration::max()) held.end = wire::now() + lasting;
  const std::string path = held.path;
  const std::string what = held.what;
  const int code = Holder(ctl, std::move(held)).run();
  if (code == exit_fail || code == exit_environment) return code;
  const auto disarmed = ctl.must("DELETE", path);
  if (!disarmed) return disarmed.error();
  if (!ctl.json) print("Disarmed " + what + "\n");
  return code;
}

int disarm(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  const auto given = ctl_arguments(self, words, {{}, {}, {}, "PROXY ID", 2, 2});
  if (!given) return given.error();
  const std::string& proxy = given->operands()[0];
  const std::string& id = given->operands()[1];
  const auto response = ctl.must("DELETE", path_of(proxy, id));
  if (!response) return response.error();
  return shown(ctl, *response, "Disarmed " + id + " on " + proxy);
}

int heal(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  const auto given = ctl_arguments(self, words, {{}, {"owner"}, {}, "", 0, 0});
  if (!given) return given.error();
  const auto owner = given->value("owner");
  const auto response =
      ctl.must("POST", "/v1/heal", owner ? "{" + json_member("owner", *owner) + "}" : "{}");
  if (!response) return response.error();
  const auto body = control::read_json(response->body);
  const std::size_t count = body ? member(*body, "healed").elements.size() : 0;
  return shown(ctl, *response, "Disarmed " + std::to_string(count) + " faults");
}

std::string connection_line(const JsonValue& connection) {
  std::string touched;
  for (const JsonValue& fault : member(connection, "touched_by").elements) {
    touched += (touched.empty() ? "" : ",") + fault.text;
  }
  std::string line = member(connection, "id").text + "\t" + member(connection, "proxy").text +
                     "\t" + member(connection, "client").text + "\t" +
                     member(connection, "age").text;
  for (const char* sum : {"bytes", "held"}) {
    const JsonValue& both = member(connection, sum);
    line += "\t" + member(both, "upstream").text + "\t" + member(both, "downstream").text;
  }
  return line + "\t" + touched + "\n";
}

int connections(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  const auto given = ctl_arguments(self, words, {{}, {"proxy", "reset"}, {}, "", 0, 0});
  if (!given) return given.error();
  if (const auto id = given->value("reset")) {
    const auto response = ctl.must("DELETE", "/v1/connections/" + percent_encoded(*id));
    if (!response) return response.error();
    return shown(ctl, *response, "Reset connection " + *id);
  }
  const auto proxy = given->value("proxy");
  const auto response =
      ctl.must("GET", "/v1/connections" + (proxy ? "?proxy=" + percent_encoded(*proxy) : ""));
  if (!response) return response.error();
  if (ctl.json) return shown(ctl, *response, "");
  const auto body = control::read_json(response->body);
  if (!body) return exit_environment;
  for (const JsonValue& one : member(*body, "connections").elements) print(connection_line(one));
  return exit_pass;
}

// The objects of a stream of server-sent events, each on a line.
int events(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  const auto given = ctl_arguments(self, words, {});
  if (!given) return given.error();
  std::string waiting;
  wire::HttpAsk ask;
  ask.path = "/v1/events";
  ask.fields = ctl.fields();
  ask.piece = [&waiting](ByteView bytes) {
    constexpr std::string_view data = "data: ";
    waiting += bytes;
    std::size_t end = 0;
    while ((end = waiting.find('\n')) != std::string::npos) {
      if (waiting.starts_with(data)) print(waiting.substr(data.size(), end + 1 - data.size()));
      waiting.erase(0, end + 1);
    }
    return true;
  };
  const auto response = wire::fetch(ctl.target, ask);
  if (!response) {
    complain(response.error().text());
    return exit_environment;
  }
  if (response->status == 200) return exit_pass;
  complain("the server refused with status " + std::to_string(response->status));
  return exit_fail;
}

int wait_ready(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  const auto given = ctl_arguments(self, words, {{}, {"limit"}, {}, "", 0, 0});
  if (!given) return given.error();
  const Result<Duration> limit = duration_from(given->value("limit").value_or("30s"));
  if (!limit) return ctl_mistake(self, "--limit " + limit.error().text());
  const Instant end = wire::now() + *limit;
  constexpr Duration pause = std::chrono::milliseconds(50);
  int code = exit_environment;
  std::string last = "it was not asked";
  wire::Loop loop;
  std::function<void()> again;
  wire::Deadline poll(loop, [&](Instant) {
    wire::HttpAsk ask;
    ask.path = "/readyz";
    ask.fields = ctl.fields();
    ask.limit = std::max(end - wire::now(), pause);
    const auto response = wire::fetch(ctl.target, ask);
    if (response && response->status == 200) {
      code = exit_pass;
      return loop.stop();
    }
    last = response ? "status " + std::to_string(response->status) : response.error().text();
    if (wire::now() + pause >= end) return loop.stop();
    again();
  });
  again = [&] { poll.set(wire::now() + pause); };
  poll.set(wire::now());
  loop.run();
  if (code != exit_pass) complain("not ready within " + to_string(*limit) + ": " + last);
  return code;
}

int reload(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  const auto given = ctl_arguments(self, words, {});
  if (!given) return given.error();
  const auto response = ctl.must("POST", "/v1/reload");
  if (!response) return response.error();
  const auto body = control::read_json(response->body);
  if (ctl.json || !body) return shown(ctl, *response, response->body);
  std::string words_of = "Reloaded:";
  for (const char* what : {"added", "changed", "removed"}) {
    words_of += " " + std::to_string(member(*body, what).elements.size()) + " " + what + ",";
  }
  return shown(ctl, *response, words_of + " " + member(*body, "unchanged").text + " unchanged");
}

constexpr auto commands = std::to_array<CtlCommand>({
    {"arm",
     {},
     "PROXY KIND [KEY=VALUE]... [--id ID] [--owner O] [--ttl 5s] [--hold] [--for 1m]",
     arm},
    {"disarm", {}, "PROXY ID", disarm},
    {"heal", {}, "[--owner OWNER]", heal},
    {"connections", {}, "[--proxy NAME] [--reset ID]", connections},
    {"events", {}, "", events},
    {"wait-ready", {}, "[--limit 30s]", wait_ready},
    {"reload", {}, "", reload},
});

}  // namespace

std::span<const CtlCommand> native_commands() { return commands; }

}  // namespace faultline::cli
