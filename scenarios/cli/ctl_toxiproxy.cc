// The commands that toxiproxy-cli has, under its names and with its plain output.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>

#include "proxy/control/json_text.h"
#include "scenarios/cli/ctl.h"

namespace faultline::cli {
namespace {

using control::JsonValue;

std::string path_of(std::string_view proxy) { return "/proxies/" + percent_encoded(proxy); }

// What the server said, as data. It speaks JSON, or is no Toxiproxy.
std::expected<JsonValue, int> data(const std::expected<HttpResponse, int>& response) {
  if (!response) return std::unexpected(response.error());
  auto value = control::read_json(response->body);
  if (value) return std::move(*value);
  complain("the server answered " + quoted(response->body) + ", which is not JSON");
  return std::unexpected(exit_environment);
}

int shown_as_json(const Ctl& ctl, const HttpResponse& response) {
  std::string body = response.body.empty() ? "{}" : response.body;
  if (!body.ends_with('\n')) body += '\n';
  if (ctl.json) print(body);
  return exit_pass;
}

std::string enabled_word(const JsonValue& proxy) {
  return member(proxy, "enabled").truth ? "enabled" : "disabled";
}

int list(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  const auto arguments = ctl_arguments(self, words, {});
  if (!arguments) return arguments.error();
  const auto response = ctl.must("GET", "/proxies");
  const auto proxies = data(response);
  if (!proxies) return proxies.error();
  if (ctl.json) return shown_as_json(ctl, *response);
  std::map<std::string, const JsonValue*> by_name;
  for (const control::JsonValue& one : proxies->members) by_name[one.key] = &one;
  for (const auto& [name, proxy] : by_name) {
    print(name + "\t" + member(*proxy, "listen").text + "\t" + member(*proxy, "upstream").text +
          "\t" + enabled_word(*proxy) + "\t" +
          std::to_string(member(*proxy, "toxics").elements.size()) + "\n");
  }
  return exit_pass;
}

// A number as Go prints it: 100, 0.5, 1e+06.
std::string go_number(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, number).ptr != end) return text;
  std::array<char, 64> out{};
  const auto last =
      std::to_chars(out.data(), out.data() + out.size(), number, std::chars_format::general).ptr;
  return {out.data(), last};
}

std::string toxic_line(const JsonValue& toxic) {
  double toxicity = 0;
  const std::string& text = member(toxic, "toxicity").text;
  std::from_chars(text.data(), text.data() + text.size(), toxicity);
  std::array<char, 32> rounded{};
  std::snprintf(rounded.data(), rounded.size(), "%.2f", toxicity);
  std::map<std::string, std::string> attributes;
  for (const control::JsonValue& one : member(toxic, "attributes").members) {
    attributes[one.key] =
        one.is(JsonValue::Kind::boolean) ? (one.truth ? "true" : "false") : go_number(one.text);
  }
  std::string line = member(toxic, "name").text + "\ttype=" + member(toxic, "type").text +
                     "\tstream=" + member(toxic, "stream").text + "\ttoxicity=" + rounded.data() +
                     "\tattributes=[";
  for (const auto& [key, value] : attributes) {
    line += '\t';
    line += key + "=" + value;
  }
  return line + "\t]\n";
}

int inspect(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  const auto arguments = ctl_arguments(self, words, {{}, {}, {}, "NAME", 1, 1});
  if (!arguments) return arguments.error();
  const auto response = ctl.must("GET", path_of(arguments->operands()[0]));
  const auto proxy = data(response);
  if (!proxy) return proxy.error();
  if (ctl.json) return shown_as_json(ctl, *response);
  for (const JsonValue& toxic : member(*proxy, "toxics").elements) print(toxic_line(toxic));
  return exit_pass;
}

int create(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  const auto arguments =
      ctl_arguments(self, words, {{}, {"listen,l", "upstream,u"}, {}, "NAME", 1, 1});
  if (!arguments) return arguments.error();
  const auto listen = arguments->value("listen");
  const auto upstream = arguments->value("upstream");
  if (!listen) return ctl_mistake(self, "--listen is missing");
  if (!upstream) return ctl_mistake(self, "--upstream is missing");
  const std::string& name = arguments->operands()[0];
  const auto response =
      ctl.must("POST", "/proxies",
               "{" + json_member("name", name) + "," + json_member("listen", *listen) + "," +
                   json_member("upstream", *upstream) + ",\"enabled\":true}");
  if (!response) return response.error();
  if (ctl.json) return shown_as_json(ctl, *response);
  print("Created new proxy " + name + "\n");
  return exit_pass;
}

int toggle(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  const auto arguments = ctl_arguments(self, words, {{}, {}, {}, "NAME", 1, 1});
  if (!arguments) return arguments.error();
  const std::string& name = arguments->operands()[0];
  const auto proxy = data(ctl.must("GET", path_of(name)));
  if (!proxy) return proxy.error();
  const bool enable = !member(*proxy, "enabled").truth;
  const auto response = ctl.must("POST", path_of(name),
                                 std::string("{\"enabled\":") + (enable ? "true" : "false") + "}");
  if (!response) return response.error();
  if (ctl.json) return shown_as_json(ctl, *response);
  print("Proxy " + name + " is now " + (enable ? "enabled" : "disabled") + "\n");
  return exit_pass;
}

int remove_proxy(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  const auto arguments = ctl_arguments(self, words, {{}, {}, {}, "NAME", 1, 1});
  if (!arguments) return arguments.error();
  const std::string& name = arguments->operands()[0];
  const auto response = ctl.must("DELETE", path_of(name));
  if (!response) return response.error();
  if (ctl.json) return shown_as_json(ctl, *response);
  print("Deleted proxy " + name + "\n");
  return exit_pass;
}

// {"latency":100,"name":"text"}: what reads as a number is one.
Result<std::string> attributes_from(const std::vector<std::string>& pairs) {
  std::string out = "{";
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return error("--attribute", quoted(pair) + " is not of the form KEY=VALUE");
    }
    const std::string value = pair.substr(equals + 1);
    const auto number = control::read_json(value);
    const bool is_number = number && number->is(JsonValue::Kind::number) && number->text == value;
    if (out.size() > 1) out += ',';
    out += control::json_string(pair.substr(0, equals)) + ":" +
           (is_number ? value : control::json_string(value));
  }
  return out + "}";
}

Result<std::string> toxicity_from(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec == std::errc() && read.ptr == end && number >= 0 && number <= 1) return text;
  return error("--toxicity", quoted(text) + " is not a number between 0 and 1");
}

constexpr CtlCommand toxic_commands[3] = {
    {"toxic add", {"add", "a"}, "[-n NAME] -t TYPE [--tox T] [-a KEY=VALUE]... [-u|-d] PROXY", {}},
    {"toxic update", {"update", "u"}, "-n NAME [--tox T] [-a KEY=VALUE]... PROXY", {}},
    {"toxic remove", {"remove", "r", "delete"}, "-n NAME PROXY", {}}};

int toxic_add(const Ctl& ctl, const CtlCommand& self, const Arguments& given) {
  const auto type = given.value("type");
  if (!type) return ctl_mistake(self, "--type is missing");
  if (given.has("upstream") && given.has("downstream")) {
    return ctl_mistake(self, "only one of --upstream and --downstream can be meant");
  }
  const auto toxicity =
      toxicity_from(given.value("tox").value_or(given.value("toxicity").value_or("1")));
  if (!toxicity) return ctl_mistake(self, toxicity.error().text());
  const auto attributes = attributes_from(given.list("attribute"));
  if (!attributes) return ctl_mistake(self, attributes.error().text());
  const std::string& proxy = given.operands()[0];
  std::string body = "{";
  if (const auto name = given.value("toxicName")) body += json_member("name", *name) + ",";
  body += json_member("type", *type) + "," +
          json_member("stream", given.has("upstream") ? "upstream" : "downstream") +
          ",\"toxicity\":" + *toxicity + ",\"attributes\":" + *attributes + "}";
  const auto response = ctl.must("POST", path_of(proxy) + "/toxics", body);
  const auto toxic = data(response);
  if (!toxic) return toxic.error();
  if (ctl.json) return shown_as_json(ctl, *response);
  print("Added " + member(*toxic, "stream").text + " " + member(*toxic, "type").text + " toxic '" +
        member(*toxic, "name").text + "' on proxy '" + proxy + "'\n");
  return exit_pass;
}

// Without --toxicity it is 1 again, as with toxiproxy-cli.
int toxic_change(const Ctl& ctl, const CtlCommand& self, const Arguments& given, bool update) {
  const auto name = given.value("toxicName");
  if (!name) return ctl_mistake(self, "--toxicName is missing");
  const auto toxicity =
      toxicity_from(given.value("tox").value_or(given.value("toxicity").value_or("1")));
  if (!toxicity) return ctl_mistake(self, toxicity.error().text());
  const auto attributes = attributes_from(given.list("attribute"));
  if (!attributes) return ctl_mistake(self, attributes.error().text());
  const std::string& proxy = given.operands()[0];
  const std::string path = path_of(proxy) + "/toxics/" + percent_encoded(*name);
  const auto response =
      update ? ctl.must("POST", path,
                        "{\"toxicity\":" + *toxicity + ",\"attributes\":" + *attributes + "}")
             : ctl.must("DELETE", path);
  if (!response) return response.error();
  if (ctl.json) return shown_as_json(ctl, *response);
  print((update ? "Updated toxic '" : "Removed toxic '") + *name + "' on proxy '" + proxy + "'\n");
  return exit_pass;
}

int toxic(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words) {
  if (words.empty()) return ctl_mistake(self, "add, update or remove is missing");
  const std::string word = words.front() == "d" ? "remove" : words.front();
  const auto* const command = std::ranges::find_if(
      toxic_commands, [&](const CtlCommand& one) { return one.answers_to(word); });
  if (command == std::end(toxic_commands)) {
    return ctl_mistake(self, quoted(word) + " is none of add, update, remove");
  }
  const bool add = command == &toxic_commands[0];
  const bool update = command == &toxic_commands[1];
  Options options{{}, {"toxicName,n"}, {}, "PROXY", 1, 1};
  if (add) options.flags = {"upstream,u", "downstream,d"};
  if (add) options.values.push_back("type,t");
  if (add || update) options.lists.push_back("attribute,a");
  if (add || update) options.values.insert(options.values.end(), {"toxicity", "tox"});
  const auto given = ctl_arguments(*command, words.subspan(1), options);
  if (!given) return given.error();
  return add ? toxic_add(ctl, *command, *given) : toxic_change(ctl, *command, *given, update);
}

constexpr auto commands = std::to_array<CtlCommand>({
    {"list", {"l", "li", "ls"}, "", list},
    {"inspect", {"i", "ins"}, "NAME", inspect},
    {"create", {"c", "new"}, "--listen HOST:PORT --upstream HOST:PORT NAME", create},
    {"toggle", {"tog"}, "NAME", toggle},
    {"delete", {"d"}, "NAME", remove_proxy},
    {"toxic", {"t"}, "add|update|remove ... PROXY", toxic},
});

}  // namespace

std::span<const CtlCommand> toxiproxy_commands() { return commands; }

}  // namespace faultline::cli
