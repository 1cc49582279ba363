#include "proxy/control/site.h"

#include <utility>

#include "proxy/control/toxiproxy_route.h"
#include "proxy/control/toxiproxy_write.h"

namespace faultline::control {

Site::Site(Admission admission, std::vector<Route> routes)
    : admission_(std::move(admission)), routes_(std::move(routes)) {}

HttpResponse Site::answer(const HttpRequest& request) const {
  if (std::optional<HttpResponse> refusal = admission_.refuses(request)) return *refusal;
  const std::string clean = clean_path(request.path);
  if (request.path.starts_with('/') && clean != request.path) {
    const std::string query = request.query.empty() ? "" : "?" + request.query;
    return {.status = 301, .fields = {{"Location", clean + query}}};
  }
  for (const Route& route : routes_) {
    if (std::optional<HttpResponse> response = route(request)) return *response;
  }
  return plain_error(404, "404 page not found");
}

}  // namespace faultline::control
