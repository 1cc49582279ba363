#pragma once

// The request of a workload, prepared once: only `{id}` and the length of the body are left open.
//
// Host is the target unless the plan's headers name one. Content-Length is always ours (one of the
// plan's is dropped, as is Transfer-Encoding); methods that usually have a body send a length of 0.
// A body that begins with { or [ is application/json unless the headers say what it is.

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/drill/drill.h"

namespace faultline {

class HttpMessage {
 public:
  HttpMessage(const WorkloadPlan& plan, const Address& target);

  // Appends the whole request for one id.
  void write(std::string_view id, std::string& into) const;

  // A response to HEAD has no body whatever it declares.
  bool asks_for_head() const { return asks_for_head_; }

 private:
  // A text cut where it says {id}.
  struct Pattern {
    std::vector<std::string> pieces;

    explicit Pattern(std::string_view text);
    void write(std::string_view id, std::string& into) const;
    std::size_t length(std::string_view id) const;
  };

  Pattern head_;  // up to the value of Content-Length, or to its end if there is none
  Pattern body_;
  bool has_length_ = false;
  bool asks_for_head_ = false;
};

// Names of headers are compared without case.
bool same_header(std::string_view a, std::string_view b);

}  // namespace faultline
