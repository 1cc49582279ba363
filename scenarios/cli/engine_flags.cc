#include "scenarios/cli/engine_flags.h"

#include <array>
#include <charconv>

namespace faultline::cli {
namespace {

constexpr unsigned most_workers = 256;
constexpr Bytes largest_limit{std::uint64_t{1} << 40};

template <class Number>
void read_number(const Arguments& arguments, const char* name, Number& into, Errors& errors) {
  const std::optional<std::string> text = arguments.value(name);
  if (!text) return;
  const char* const end = text->data() + text->size();
  const auto [stop, wrong] = std::from_chars(text->data(), end, into);
  if (wrong == std::errc() && stop == end) return;
  errors.push_back({std::string("--") + name, "\"" + *text + "\" is not a whole number"});
}

void read_bytes(const Arguments& arguments, const char* name, Bytes& into, Errors& errors) {
  const std::optional<std::string> text = arguments.value(name);
  if (!text) return;
  const std::string where = std::string("--") + name;
  const Result<Bytes> bytes = bytes_from(*text);
  if (!bytes) {
    errors.push_back({where, bytes.error().what});
  } else if (*bytes < wire::least_link_limit || *bytes > largest_limit) {
    errors.push_back({where, "is " + *text + "; from " + to_string(wire::least_link_limit) +
                                 " to " + to_string(largest_limit)});
  } else {
    into = *bytes;
  }
}

}  // namespace

std::vector<std::string> with_engine_flags(std::vector<std::string> own) {
  own.insert(own.end(), {"workers", "seed", "link-limit", "total-limit"});
  return own;
}

wire::EngineOptions read_engine_flags(const Arguments& arguments, Errors& errors) {
  wire::EngineOptions options;
  read_number(arguments, "workers", options.workers, errors);
  read_number(arguments, "seed", options.seed, errors);
  if (options.workers > most_workers) errors.push_back({"--workers", "is more than 256"});
  read_bytes(arguments, "link-limit", options.link_limit, errors);
  read_bytes(arguments, "total-limit", options.total_limit, errors);
  return options;
}

}  // namespace faultline::cli
