#pragma once

// Typed reading of a drill's tree: each call names a key, says what would be right and leaves the
// target alone (with its default) when the key is absent or wrong. Mistakes are gathered with their
// places, so that one run tells them all.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "faults/bytes.h"
#include "faults/settings.h"
#include "faults/time.h"
#include "proxy/spec.h"
#include "scenarios/drill/document.h"
#include "scenarios/drill/interpolate.h"

namespace faultline {

// Reads "50/s", "3000/min", "0.5/s", "10/h" as a number per second. A bare number is an error.
Result<double> rate_from(std::string_view text);

// Which references to a run a string may hold.
enum class Late : std::uint8_t { none, ports, all };

class Reading {
 public:
  using Environment = std::function<std::optional<std::string>(std::string_view)>;

  Reading(std::string file, Environment environment)
      : variables{std::move(environment), {}, {}}, file_(std::move(file)) {}

  std::string where(const Place& place) const;  // "drill.toml:14:9", "--set 1"
  void wrong(const Place& place, std::string what);
  // Mistakes that somebody else found and already gave a place of ours, or none.
  void adopt(const Errors& errors, const Place& otherwise);

  // A string leaf with its variables replaced: late text if `late` allows references, else plain.
  std::optional<std::string> text(const Node& node, std::string_view key, Late late);

  // Everything that was wrong, in the order of the file.
  Errors errors();

  Variables variables;
  std::vector<std::pair<LateReference, Place>> references;  // that strings hold, yet unchecked
  std::function<Result<std::string>(const std::string& name)> beside;  // drill_toml.h

 private:
  std::string file_;
  std::multimap<Place, std::string> wrong_;  // of one place, in the order they were found
};

// One table of the file. Every key that is asked for is known; `finish` reports the others.
class Section {
 public:
  // `title` as a user would write it: "[[proxy]]".
  Section(Reading& reading, const Node& table, std::string title);

  const Node* find(std::string_view key);  // nullptr if absent; from now on the key is known
  const Place& place() const { return table_->place; }
  Place place(std::string_view key) const;  // of the key's value, or of the section without it
  Reading& reading() const { return *reading_; }
  const Node& table() const { return *table_; }
  void wrong(std::string_view key, std::string what);
  void require(std::string_view key, std::string_view example);

  // Each returns whether the key was there and right.
  bool text(std::string_view key, std::string& into, Late late = Late::none);
  bool name(std::string_view key, std::string& into);  // [A-Za-z0-9._-]{1,128}
  bool choice(std::string_view key, std::string& into, const std::vector<std::string>& known);
  bool duration(std::string_view key, Duration& into, Duration least, Duration most);
  bool count(std::string_view key, std::uint64_t& into, std::uint64_t least, std::uint64_t most);
  bool rate(std::string_view key, double& into, bool zero_allowed);
  bool boolean(std::string_view key, bool& into);
  bool texts(std::string_view key, std::vector<std::string>& into, Late late = Late::none);
  bool text_map(std::string_view key, std::map<std::string, std::string>& into, Late late);
  std::optional<Section> section(std::string_view key);
  std::vector<Section> sections(std::string_view key);  // an array of tables

  // Reports unknown keys. `also` are known though nobody asked for them.
  void finish(const std::vector<std::string>& also = {});

 private:
  bool expects(std::string_view key, const Node& node, std::string_view what);

  Reading* reading_;
  const Node* table_;
  std::string title_;
  std::vector<std::string> known_;
};

}  // namespace faultline
