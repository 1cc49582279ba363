#pragma once

// One kind of request, prepared once: only `{id}`, `{source}` and the length of the body are left
// open.
//
// Host is the target unless the plan's headers name one. Content-Length is always ours (one of the
// plan's is dropped, as is Transfer-Encoding); methods that usually have a body send a length of 0.
// A body that begins with { or [ is application/json unless the headers say what it is. A workload
// with sources tells them in its header, unless the request has one of that name.

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/drill/drill.h"

namespace faultline {

class HttpMessage {
 public:
  // The one kind of request of a workload without a mix.
  HttpMessage(const WorkloadPlan& plan, const Address& target);
  // A kind out of those of `workload`.
  HttpMessage(const WorkloadPlan& workload, const RequestPlan& plan, const Address& target);

  // Appends the whole request for one id.
  void write(std::string_view id, std::string& into) const { write(id, "", into); }
  void write(std::string_view id, std::string_view source, std::string& into) const;

  // A response to HEAD has no body whatever it declares.
  bool asks_for_head() const { return asks_for_head_; }
  // The header of a response that says how many milliseconds the request waited; empty: none does.
  const std::string& wait_header() const { return wait_header_; }

 private:
  // A text cut where something is left open.
  struct Pattern {
    enum class Open : std::uint8_t { nothing, id, source };
    struct Piece {
      std::string text;
      Open then;
    };
    std::vector<Piece> pieces;

    explicit Pattern(std::string_view text);
    void write(std::string_view id, std::string_view source, std::string& into) const;
    std::size_t length(std::string_view id, std::string_view source) const;
  };

  Pattern head_;  // up to the value of Content-Length, or to its end if there is none
  Pattern body_;
  bool has_length_ = false;
  bool asks_for_head_ = false;
  std::string wait_header_;
};

// Names of headers are compared without case.
bool same_header(std::string_view a, std::string_view b);

}  // namespace faultline
