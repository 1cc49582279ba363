#include "proxy/codec.h"

#include <cassert>

namespace faultline {

std::string_view name(Told told) {
  switch (told) {
    case Told::ack:
      return "ack";
    case Told::pending:
      return "pending";
    case Told::failure:
      return "failure";
    case Told::ambiguous:
      return "ambiguous";
    case Told::nothing:
      return "nothing";
  }
  assert(false);
  return {};
}

std::string_view name(Fate fate) {
  switch (fate) {
    case Fate::forwarded:
      return "forwarded";
    case Fate::withheld:
      return "withheld";
    case Fate::repeated:
      return "repeated";
    case Fate::unknown:
      return "unknown";
  }
  assert(false);
  return {};
}

std::string_view name(SessionFact fact) {
  switch (fact) {
    case SessionFact::ready:
      return "ready";
    case SessionFact::encrypted:
      return "encrypted";
    case SessionFact::upgraded:
      return "upgraded";
    case SessionFact::cancel_requested:
      return "cancel_requested";
    case SessionFact::server_error:
      return "server_error";
  }
  assert(false);
  return {};
}

}  // namespace faultline
