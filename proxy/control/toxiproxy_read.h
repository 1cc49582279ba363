#pragma once

// Toxiproxy's JSON bodies, read as Go reads them: keys without regard to case, unknown ones not
// looked at, null as good as absent, of a repeated key the last. What has the wrong type is refused
// in the words of Go's decoder, without the "bad request body: " in front.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/fault.h"
#include "faults/settings.h"
#include "proxy/control/json_value.h"

namespace faultline::control {

template <class T>
using GoRead = std::expected<T, std::string>;

struct ProxyBody {
  std::optional<std::string> name;
  std::optional<std::string> listen;
  std::optional<std::string> upstream;
  std::optional<bool> enabled;
  JsonValue toxics;  // as it stands; Toxiproxy itself never looks at it
};
GoRead<ProxyBody> read_proxy(std::string_view json);
GoRead<std::vector<ProxyBody>> read_proxies(std::string_view json);  // null is none

struct ToxicBody {
  std::optional<std::string> name;
  std::optional<std::string> type;
  std::optional<std::string> stream;
  std::optional<float> toxicity;
  JsonValue attributes;  // an object, or null
};
GoRead<ToxicBody> read_toxic(std::string_view json);
GoRead<ToxicBody> read_toxic(const JsonValue& value);
// Of an update only these two are looked at, so that the others may be anything.
GoRead<ToxicBody> read_toxic_update(std::string_view json);

// The attributes that this kind has; others are not looked at.
GoRead<std::vector<RawSetting>> read_attributes(const JsonValue& attributes, const FaultKind& kind);

}  // namespace faultline::control
