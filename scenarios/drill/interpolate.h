#pragma once

// References in the strings of a drill. They are replaced after parsing, one string leaf at a time,
// so a value can never change the structure of the file and comments are never looked at.
//
//   ${VAR}            the environment's value; unset is an error
//   ${VAR:-default}   the default when VAR is unset or empty; it may hold references itself
//   ${VAR:?message}   an error with that message when VAR is unset or empty
//   $$                a dollar; a `$` before anything else than `{` or `$` is itself
//   ${port.NAME}  ${proxy.NAME.listen}  ${proxy.NAME.host}  ${proxy.NAME.port}
//                     known only to a run: they stay in place, for resolve_ports and
//                     resolve_listeners (scenarios/drill/drill.h)
//
// A text in which run-time references may still stand is called late: in it every dollar that is
// meant as a dollar is written `$$`, wherever it came from.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/result.h"

namespace faultline {

// The environment, and what was taken from it.
struct Variables {
  std::function<std::optional<std::string>(std::string_view)> environment;
  std::map<std::string, std::string> used;  // with the value in force; secrets as "***"
  std::vector<std::string> secrets;         // their values
};

// Replaces ${VAR}…; the result is a late text. The errors have no place: the caller knows it.
Checked<std::string> expand_variables(std::string_view text, Variables& variables);

struct LateReference {
  enum class Kind { port, proxy };
  Kind kind = Kind::port;
  std::string name;
  std::string part;  // of a proxy: "listen", "host", "port"

  std::string text() const;  // "${proxy.db.port}"
};

std::vector<LateReference> late_references(std::string_view late);

// Replaces the references for which `value` has one; the others stay. The result is late again.
std::string replace_late(
    std::string_view late,
    const std::function<std::optional<std::string>(const LateReference&)>& value);

// The end of lateness: `$$` becomes a dollar. No reference may be left.
std::string plain(std::string_view late);

// `text` without the secrets, and without the passwords of connection strings.
std::string redacted(std::string text, const std::vector<std::string>& secrets);

}  // namespace faultline
