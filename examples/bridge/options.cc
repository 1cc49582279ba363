#include "options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

namespace bridge {
namespace {

/// Why a value is wrong; nothing when it was taken.
using Complaint = std::optional<std::string>;
using Take = Complaint (*)(Options&, std::string_view);

struct Option {
  std::string_view name;
  std::string_view value;
  std::string_view text;
  Take take;
};

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <std::size_t Options::* member, std::uint64_t most>
Complaint take_count(Options& options, std::string_view text) {
  const auto number = whole_number(text);
  if (!number || *number < 1 || *number > most) {
    return "expected a whole number from 1 to " + std::to_string(most);
  }
  options.*member = static_cast<std::size_t>(*number);
  return std::nullopt;
}

template <Millis Options::* member>
Complaint take_duration(Options& options, std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = whole_number(text.substr(0, digits));
  const auto unit = text.substr(digits);
  const std::uint64_t scale = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60000 : 0;
  if (!number || scale == 0 || *number > 24ULL * 60 * 60000 / scale) {
    return "expected a duration with a unit, at most a day, such as 800ms, 5s or 2m";
  }
  options.*member = Millis(*number * scale);
  return std::nullopt;
}

Complaint take_listen(Options& options, std::string_view text) {
  const auto colon = text.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : whole_number(text.substr(colon + 1));
  if (!port || *port > std::numeric_limits<std::uint16_t>::max() || colon == 0) {
    return "expected HOST:PORT, such as 127.0.0.1:8080 or [::1]:0 (0 lets the system choose)";
  }
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  options.listen_host = host;
  options.listen_port = static_cast<std::uint16_t>(*port);
  return std::nullopt;
}

Complaint take_postgres(Options& options, std::string_view text) {
  if (text.empty()) return "expected a connection string, such as \"host=127.0.0.1 port=5432\"";
  options.postgres = text;
  return std::nullopt;
}

Complaint take_node(Options& options, std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  if (text.empty() || text.size() > 64 || !plain) {
    return "expected 1 to 64 letters, digits, '-', '_' or '.'";
  }
  options.node = text;
  return std::nullopt;
}

Complaint take_ready_pg(Options& options, std::string_view text) {
  if (text != "on" && text != "off") return "expected on or off";
  options.ready_pg = text == "on";
  return std::nullopt;
}

Complaint take_work(Options& options, std::string_view text) {
  const auto number = whole_number(text);
  if (!number || *number > 60000) return "expected milliseconds from 0 to 60000";
  options.work = Millis(*number);
  return std::nullopt;
}

Complaint take_bug(Options& options, std::string_view text) {
  for (const BugName& bug : bug_names) {
    if (bug.name == text) {
      options.bugs.*bug.flag = true;
      return std::nullopt;
    }
  }
  std::string known = "known bugs are";
  for (const BugName& bug : bug_names) known.append(" ").append(bug.name);
  return known;
}

constexpr std::array<Option, 17> options_table{{
    {"--listen", "HOST:PORT", "where to serve HTTP (required)", take_listen},
    {"--postgres", "CONNINFO", "libpq connection string (required)", take_postgres},
    {"--node", "NAME", "name of this node in headers, rows and events (n1)", take_node},
    {"--pool", "N", "PostgreSQL connections (20)", take_count<&Options::pool, 1000>},
    {"--max-concurrent", "N", "webhooks worked on at once (50)",
     take_count<&Options::max_concurrent, 10000>},
    {"--max-connections", "N", "HTTP connections, one thread each (1024)",
     take_count<&Options::max_connections, 10000>},
    {"--statement-deadline", "TIME", "for one statement (800ms)",
     take_duration<&Options::statement_deadline>},
    {"--acquire-deadline", "TIME", "for a pooled connection (5s)",
     take_duration<&Options::acquire_deadline>},
    {"--connect-deadline", "TIME", "for opening a connection (800ms)",
     take_duration<&Options::connect_deadline>},
    {"--semaphore-deadline", "TIME", "for a place among --max-concurrent (10s)",
     take_duration<&Options::semaphore_deadline>},
    {"--reconnect-backoff", "TIME", "between attempts to reach PostgreSQL (100ms)",
     take_duration<&Options::reconnect_backoff>},
    {"--start-deadline", "TIME", "for PostgreSQL and the schema at start (30s)",
     take_duration<&Options::start_deadline>},
    {"--drain-deadline", "TIME", "for requests in flight after SIGTERM (10s)",
     take_duration<&Options::drain_deadline>},
    {"--drain-grace", "TIME", "keep answering at least so long after SIGTERM (0ms)",
     take_duration<&Options::drain_grace>},
    {"--ready-pg", "on|off", "/health/ready follows PostgreSQL (off)", take_ready_pg},
    {"--work-ms", "N", "time spent per webhook before the insert (0)", take_work},
    {"--bug", "NAME", "switch a mistake on; may be repeated", take_bug},
}};

}  // namespace

std::expected<Options, std::vector<std::string>> parse_options(std::span<char*> arguments) {
  Options options;
  std::vector<std::string> mistakes;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view name = arguments[i];
    if (name == "--help" || name == "-h") {
      options.help = true;
      return options;
    }
    std::optional<std::string_view> value;
    if (const auto equals = name.find('='); name.starts_with("--") && equals != name.npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    const auto option = std::ranges::find(options_table, name, &Option::name);
    if (option == options_table.end()) {
      mistakes.push_back(std::string(name) + ": unknown option; --help lists them all");
      continue;
    }
    if (!value) {
      if (i + 1 == arguments.size()) {
        mistakes.push_back(std::string(name) + ": no value; expected " +
                           std::string(option->value));
        continue;
      }
      value = arguments[++i];
    }
    if (const auto complaint = option->take(options, *value)) {
      mistakes.push_back(std::string(name) + ": found \"" + std::string(*value) + "\"; " +
                         *complaint);
    }
  }
  const auto mentioned = [&](std::string_view name) {
    return std::ranges::any_of(arguments,
                               [&](std::string_view word) { return word.starts_with(name); });
  };
  for (std::string_view required : {"--listen", "--postgres"}) {
    if (!mentioned(required))
      mistakes.push_back(std::string(required) + ": missing; it is required");
  }
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
  return options;
}

std::string usage() {
  std::string text = "usage: bridge --listen HOST:PORT --postgres CONNINFO [option]...\n\n";
  for (const Option& option : options_table) {
    std::string left = "  " + std::string(option.name) + " " + std::string(option.value);
    left.resize(std::max<std::size_t>(left.size() + 2, 32), ' ');
    text += left + std::string(option.text) + "\n";
  }
  return text;
}

}  // namespace bridge
