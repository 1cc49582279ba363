#include "stub_api.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <optional>
#include <utility>

#include "json_text.h"
#include "values.h"

namespace bridge {
namespace {

constexpr std::array<std::string_view, StubApi::apis> api_names{"agent", "oura", "whoop", "oauth"};
constexpr double spread = 0.3;  // sigma of the lognormal

Response reply(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

std::string text_in(const std::string& body, std::string_view name) {
  boost::json::error_code error;
  const auto document = boost::json::parse(body, error);
  const auto* object = error ? nullptr : document.if_object();
  const auto* value = object ? object->if_contains({name.data(), name.size()}) : nullptr;
  if (!value || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

}  // namespace

StubApi::StubApi(const Settings& settings, const Stop& stop)
    : settings_(settings), stop_(stop), random_(settings.seed) {}

Response StubApi::answer(const Request& request) {
  const std::string_view path = request.path;
  const auto user_below = [&](std::string_view folder) -> std::optional<std::string> {
    if (request.method != "GET" || !path.starts_with(folder)) return std::nullopt;
    return std::string(path.substr(folder.size()));
  };
  if (const auto user = user_below("/oura/users/")) return serve({Api::oura, *user}, request);
  if (const auto user = user_below("/whoop/users/")) return serve({Api::whoop, *user}, request);
  if (request.method == "POST" && path == "/calls") {
    return serve({Api::agent, text_in(request.body, "to")}, request);
  }
  if (request.method == "POST" && path == "/oauth/token") {
    return serve({Api::oauth, text_in(request.body, "user_id")}, request);
  }
  return control(request);
}

Response StubApi::serve(const Visit& visit, const Request& request) {
  std::optional<Scripted> scripted;
  {
    const std::lock_guard lock(mutex_);
    Desk& here = desk(visit.api);
    ++here.requests;
    User& user = here.users[visit.user];
    ++user.requests;
    user.most_in_flight = std::max(user.most_in_flight, ++user.in_flight);
    if (!here.script.empty()) {
      scripted = std::move(here.script.front());
      here.script.pop_front();
    }
  }
  Response response;
  if (scripted && scripted->status == 0) {
    // The thread is held until the process ends: whoever called has gone long before.
    sleep_for(Millis(24 * 3600 * 1000), stop_);
    response.close = true;
  } else {
    sleep_for(pause_for(visit.api), stop_);
    response = scripted ? reply(scripted->status, "{\"scripted\":true}\n") : usual(visit, request);
    if (scripted && !scripted->retry_after.empty()) {
      response.headers.emplace_back("Retry-After", scripted->retry_after);
    }
  }
  const std::lock_guard lock(mutex_);
  --desk(visit.api).users[visit.user].in_flight;
  return response;
}

Response StubApi::usual(const Visit& visit, const Request& request) {
  const std::lock_guard lock(mutex_);
  switch (visit.api) {
    case Api::agent:
      return reply(201, "{\"placed\":true}\n");
    case Api::oauth: {
      Token& token = tokens_[visit.user];
      token = {"token-" + std::to_string(++issued_), within(settings_.token_lifetime)};
      const auto seconds =
          std::chrono::ceil<std::chrono::seconds>(settings_.token_lifetime).count();
      return reply(200, "{\"access_token\":" + quoted(token.text) +
                            ",\"expires_in\":" + std::to_string(seconds) + "}\n");
    }
    case Api::whoop: {
      const auto known = tokens_.find(visit.user);
      if (known == tokens_.end() || request.authorization != "Bearer " + known->second.text ||
          Clock::now() >= known->second.expires) {
        return reply(401, "{\"error\":\"no such token\"}\n");
      }
      break;
    }
    case Api::oura:
      break;
  }
  return reply(200, "{\"user\":" + quoted(visit.user) +
                        ",\"steps\":" + std::to_string(random_() % 20000) + "}\n");
}

Millis StubApi::pause_for(Api api) {
  const auto mean = static_cast<double>(settings_.latency[static_cast<std::size_t>(api)].count());
  if (mean <= 0) return Millis(0);
  std::lognormal_distribution<double> shape(std::log(mean) - spread * spread / 2, spread);
  const std::lock_guard lock(mutex_);
  return Millis(std::lround(shape(random_)));
}

Response StubApi::control(const Request& request) {
  static constexpr std::string_view scripts = "/script/";
  const std::string_view path = request.path;
  if (path == "/health/live") return reply(200, "{\"status\":\"ok\"}\n");
  if (request.method == "GET" && path == "/counts") return counts();
  if (request.method == "DELETE" && path == "/tokens") {
    const std::lock_guard lock(mutex_);
    tokens_.clear();
    return reply(200, "{}\n");
  }
  if (request.method == "PUT" && path.starts_with(scripts)) {
    return set_script(path.substr(scripts.size()), request.body);
  }
  return reply(404, "{\"error\":\"no such route\"}\n");
}

Response StubApi::set_script(std::string_view api, std::string_view script) {
  const auto name = std::ranges::find(api_names, api);
  if (name == api_names.end()) return reply(404, "{\"error\":\"no such API\"}\n");
  std::deque<Scripted> answers;
  while (true) {
    const auto begin = script.find_first_not_of(" \r\n\t");
    if (begin == script.npos) break;
    script.remove_prefix(begin);
    const auto word = script.substr(0, script.find_first_of(" \r\n\t"));
    script.remove_prefix(word.size());
    const auto colon = std::min(word.find(':'), word.size());
    const auto status = whole_number(word.substr(0, colon));
    if (word != "stall" && (!status || *status < 200 || *status > 599)) {
      return reply(400, "{\"error\":" +
                            quoted("\"" + std::string(word) +
                                   "\"; expected a status from 200 to 599, with a "
                                   "Retry-After as in 429:2, or stall") +
                            "}\n");
    }
    const auto later = word.substr(std::min(colon + 1, word.size()));
    answers.push_back({static_cast<int>(status.value_or(0)), std::string(later)});
  }
  const std::lock_guard lock(mutex_);
  desks_[static_cast<std::size_t>(name - api_names.begin())].script = std::move(answers);
  return reply(200, "{}\n");
}

Response StubApi::counts() {
  const std::lock_guard lock(mutex_);
  std::string text = "{";
  for (std::size_t i = 0; i < apis; ++i) {
    if (i > 0) text += ",";
    text += quoted(api_names[i]) + ":{\"requests\":" + std::to_string(desks_[i].requests) +
            ",\"users\":{";
    bool first = true;
    for (const auto& [name, user] : desks_[i].users) {
      if (!std::exchange(first, false)) text += ",";
      text += quoted(name) + ":{\"requests\":" + std::to_string(user.requests) +
              ",\"most_in_flight\":" + std::to_string(user.most_in_flight) + "}";
    }
    text += "}}";
  }
  return reply(200, text + "}\n");
}

}  // namespace bridge
