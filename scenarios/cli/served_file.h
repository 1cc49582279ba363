#pragma once

// The configuration file of `faultline serve`, read at the start and again when asked for.

#include <string>

#include "proxy/control/configuration.h"
#include "scenarios/drill/serve_file.h"

namespace faultline::cli {

// What the file says, as orders.
std::vector<control::ConfiguredProxy> orders_from(const ServeFile& file);

class ServedFile {
 public:
  ServedFile(std::string path, control::Registry& registry)
      : path_(std::move(path)), configuration_(registry) {}

  // Reads the file and makes it so, or tells every mistake and changes nothing.
  Checked<control::Configuration::Outcome> load();
  // Whether the file itself was right the last time: what was wrong then was a port, say.
  bool was_right() const { return right_; }

 private:
  bool right_ = false;
  const std::string path_;
  control::Configuration configuration_;
};

}  // namespace faultline::cli
