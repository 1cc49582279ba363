#include "options.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
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
  const auto found = duration(text);
  if (!found) return "expected a duration with a unit, at most a day, such as 800ms, 5s or 2m";
  options.*member = *found;
  return std::nullopt;
}

Complaint take_listen(Options& options, std::string_view text) {
  const auto found = address(text);
  if (!found) {
    return "expected HOST:PORT, such as 127.0.0.1:8080 or [::1]:0 (0 lets the system choose)";
  }
  options.listen_host = found->host;
  options.listen_port = found->port;
  return std::nullopt;
}

// An API is dialled while a caller waits, and resolving a name has no deadline.
template <std::optional<Address> Options::* member>
Complaint take_api(Options& options, std::string_view text) {
  const auto found = address(text);
  in6_addr scratch{};
  if (!found || found->port == 0 ||
      (::inet_pton(AF_INET, found->host.c_str(), &scratch) != 1 &&
       ::inet_pton(AF_INET6, found->host.c_str(), &scratch) != 1)) {
    return "expected ADDRESS:PORT, such as 127.0.0.1:9000; names are not resolved";
  }
  options.*member = *found;
  return std::nullopt;
}

template <std::optional<Limit> Options::* member>
Complaint take_limit(Options& options, std::string_view text) {
  const auto found = limit(text);
  if (!found && text != "off") return "expected requests and a window, such as 10/1m, or off";
  options.*member = found;
  return std::nullopt;
}

Complaint take_breaker(Options& options, std::string_view text) {
  const auto rule = breaker_rule(text);
  if (!rule) return "expected a rule such as consecutive:5, count:5/10s or rate:50%/10/10s";
  options.breaker = *rule;
  return std::nullopt;
}

Complaint take_api_keep_alive(Options& options, std::string_view text) {
  if (text != "on" && text != "off") return "expected on or off";
  options.api_keep_alive = text == "on";
  return std::nullopt;
}

Complaint take_enrich(Options& options, std::string_view text) {
  if (text != "async" && text != "sync") return "expected async or sync";
  options.enrich_sync = text == "sync";
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

constexpr std::array<Option, 29> options_table{{
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
    {"--agent", "ADDRESS:PORT", "agent API; without it there is no /calls/outbound",
     take_api<&Options::agent>},
    {"--oura", "ADDRESS:PORT", "provider API for profiles of users; without it none are fetched",
     take_api<&Options::oura>},
    {"--whoop", "ADDRESS:PORT", "the same, with a token for each user", take_api<&Options::whoop>},
    {"--api-deadline", "TIME", "for one call of an external API (500ms)",
     take_duration<&Options::api_deadline>},
    {"--oauth-deadline", "TIME", "for fetching a token (10s)",
     take_duration<&Options::oauth_deadline>},
    {"--api-keep-alive", "on|off", "keep connections to external APIs for the next call (on)",
     take_api_keep_alive},
    {"--breaker", "RULE", "when breakers trip (consecutive:5)", take_breaker},
    {"--breaker-open", "TIME", "how long they stay open (30s)",
     take_duration<&Options::breaker_open>},
    {"--enrich", "async|sync", "fetch profiles after the answer or before (async)", take_enrich},
    {"--enrich-workers", "N", "profiles fetched at once after the answer (8)",
     take_count<&Options::enrich_workers, 1000>},
    {"--limit-source", "N/TIME|off", "webhooks and calls of one source (off)",
     take_limit<&Options::limit_source>},
    {"--limit-calls", "N/TIME|off", "calls of one source (10/1m)",
     take_limit<&Options::limit_calls>},
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
