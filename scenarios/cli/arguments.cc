#include "scenarios/cli/arguments.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/program_options.hpp>
#include <cstdio>

namespace faultline::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* operand_key = "operand";

std::vector<std::string> known_names(const po::options_description& described) {
  std::vector<std::string> names;
  for (const auto& option : described.options()) {
    if (option->long_name() != operand_key) names.push_back("--" + option->long_name());
  }
  return names;
}

po::options_description describe(const Options& options) {
  po::options_description described;
  auto add = described.add_options();
  for (const std::string& flag : options.flags) add(flag.c_str(), po::bool_switch());
  for (const std::string& value : options.values) add(value.c_str(), po::value<std::string>());
  for (const std::string& list : options.lists) {
    add(list.c_str(), po::value<std::vector<std::string>>());
  }
  add("log-level", po::value<std::string>());
  add("help,h", po::bool_switch());
  add(operand_key, po::value<std::vector<std::string>>());
  return described;
}

Result<po::variables_map> parsed(std::span<const std::string> arguments,
                                 const po::options_description& described) {
  namespace style = po::command_line_style;
  po::positional_options_description positional;
  positional.add(operand_key, -1);
  po::variables_map map;
  try {
    po::store(po::command_line_parser(std::vector<std::string>(arguments.begin(), arguments.end()))
                  .options(described)
                  .positional(positional)
                  .style(style::unix_style & ~style::allow_guessing)
                  .run(),
              map);
  } catch (const po::unknown_option& unknown) {
    const std::string name = unknown.get_option_name();
    return error("", "unknown option " + name + suggestion(name, known_names(described)));
  } catch (const po::error& wrong) {
    return error("", wrong.what());
  }
  return map;
}

bool start_log(const Arguments& arguments) {
  const std::string level = arguments.value("log-level").value_or("warning");
  const spdlog::level::level_enum parsed_level = spdlog::level::from_str(level);
  if (parsed_level == spdlog::level::off && level != "off") return false;
  if (spdlog::get("faultline") == nullptr) {
    spdlog::set_default_logger(spdlog::stderr_color_st("faultline"));
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  }
  spdlog::set_level(parsed_level);
  return true;
}

}  // namespace

std::optional<std::string> Arguments::value(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> Arguments::list(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

Result<Arguments> parse(std::span<const std::string> arguments, const Options& options) {
  const po::options_description described = describe(options);
  const Result<po::variables_map> map = parsed(arguments, described);
  if (!map) return std::unexpected(map.error());
  Arguments result;
  for (const auto& [name, value] : *map) {
    if (const auto* const flag = boost::any_cast<bool>(&value.value())) {
      if (*flag) result.flags_[name] = true;
    } else if (const auto* const text = boost::any_cast<std::string>(&value.value())) {
      result.values_[name] = {*text};
    } else {
      auto& list = name == operand_key ? result.operands_ : result.values_[name];
      list = value.as<std::vector<std::string>>();
    }
  }
  if (result.has("help")) return result;
  if (result.operands_.size() < options.least) {
    return error("", std::string(options.operand) + " is missing");
  }
  if (result.operands_.size() > options.most) {
    return error("", "\"" + result.operands_[options.most] + "\" is one argument too many");
  }
  return result;
}

Begun begin(const Verb& verb, std::span<const std::string> arguments, const Options& options) {
  Result<Arguments> result = parse(arguments, options);
  if (!result) return {std::nullopt, usage_error(verb, result.error().text())};
  if (result->has("help")) {
    std::fputs(std::string(verb.usage).c_str(), stdout);
    return {std::nullopt, exit_pass};
  }
  if (!start_log(*result)) {
    return {std::nullopt,
            usage_error(verb, "unknown log level \"" + *result->value("log-level") +
                                  "\"; known: trace, debug, info, warning, error, critical, off")};
  }
  return {std::move(*result), exit_pass};
}

int usage_error(const Verb& verb, const std::string& what) {
  std::fprintf(stderr, "faultline %s: %s\nSee: faultline help %s\n", std::string(verb.name).c_str(),
               what.c_str(), std::string(verb.name).c_str());
  return exit_usage;
}

void complain(const std::string& what) { std::fprintf(stderr, "faultline: %s\n", what.c_str()); }

}  // namespace faultline::cli
