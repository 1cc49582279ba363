#pragma once

// Everything the control server answers: who is let in, then each API in turn, then 404.

#include <functional>
#include <optional>
#include <vector>

#include "proxy/control/admission.h"
#include "proxy/http_service.h"

namespace faultline::control {

// An answer, or nothing when the path is not one of its own.
using Route = std::function<std::optional<HttpResponse>(const HttpRequest&)>;

class Site {
 public:
  Site(Admission admission, std::vector<Route> routes);

  HttpResponse answer(const HttpRequest& request) const;

 private:
  const Admission admission_;
  const std::vector<Route> routes_;
};

}  // namespace faultline::control
