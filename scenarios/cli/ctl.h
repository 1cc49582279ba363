#pragma once

// `faultline ctl`: a serving faultline from the command line. What each of its commands has, and
// the commands themselves, a group per file.

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "proxy/control/json_value.h"
#include "scenarios/cli/arguments.h"
#include "scenarios/venue/api_client.h"

namespace faultline::cli {

// Where the commands go, and how what they get is shown.
class Ctl : public ApiClient {
 public:
  bool json = false;  // what the server said, as it said it

  // What went wrong is told on stderr and is the exit code: 4 when the server cannot be reached, 1
  // when it refuses.
  std::expected<HttpResponse, int> must(std::string method, std::string path,
                                        std::string body = {}) const;
};

struct CtlCommand {
  std::string_view name;
  std::array<std::string_view, 3> aliases;  // empty: fewer
  std::string_view arguments;               // "[--json] NAME"
  int (*run)(const Ctl& ctl, const CtlCommand& self, std::span<const std::string> words);

  bool answers_to(std::string_view word) const;
};

std::span<const CtlCommand> toxiproxy_commands();  // those that toxiproxy-cli has
std::span<const CtlCommand> native_commands();

// The command's words, or its exit code: after --help, and after a mistake in them.
std::expected<Arguments, int> ctl_arguments(const CtlCommand& command,
                                            std::span<const std::string> words,
                                            const Options& options);
int ctl_mistake(const CtlCommand& command, const std::string& what);

std::string json_member(std::string_view key, std::string_view value);  // "key":"value"
void print(const std::string& text);                                    // to stdout, at once

}  // namespace faultline::cli
