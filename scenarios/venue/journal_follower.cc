#include "scenarios/venue/journal_follower.h"

#include <utility>

#include "proxy/wire/clock.h"
#include "scenarios/recording/recording.h"

namespace faultline {
namespace {

constexpr Duration longest_begin = std::chrono::seconds(10);
constexpr Duration longest_end = std::chrono::seconds(30);
constexpr std::uint64_t known_format = 1;

std::string path_of(const std::vector<std::string>& proxies) {
  std::string path = "/v1/journal";
  for (const std::string& name : proxies) {
    path += (path.ends_with("journal") ? "?proxies=" : ",") + percent_encoded(name);
  }
  return path;
}

}  // namespace

JournalFollower::JournalFollower(const ApiClient& api, Arrived arrived, std::function<void()> over)
    : api_(api), arrived_(std::move(arrived)), told_over_(std::move(over)) {}

Result<std::unique_ptr<JournalFollower>> JournalFollower::begin(
    const ApiClient& api, const std::vector<std::string>& proxies, Arrived arrived,
    std::function<void()> over) {
  std::unique_ptr<JournalFollower> follower(
      new JournalFollower(api, std::move(arrived), std::move(over)));
  JournalFollower& self = *follower;
  self.thread_ = std::thread([&self, path = path_of(proxies)] { self.run(path); });
  std::unique_lock lock(self.mutex_);
  self.changed_.wait_for(lock, longest_begin, [&] { return self.begun_ || self.over_; });
  if (self.begun_) return follower;
  return error(api.target.text(), self.over_ ? self.why_ : "does not answer");
}

JournalFollower::~JournalFollower() {
  abandoned_.store(true);
  thread_.join();
}

void JournalFollower::run(const std::string& path) {
  wire::HttpAsk ask;
  ask.path = path;
  ask.fields = api_.fields();
  ask.limit = longest_begin;
  ask.piece = [this](ByteView bytes) { return take(bytes); };
  ask.abandoned = [this] { return abandoned_.load(); };
  asked_ = wire::now();
  const Result<HttpResponse> response = wire::fetch(api_.target, ask);
  std::string why;
  if (begun_ && !ended_) {
    why = "its journal broke off: it ended, or this could not keep up with it";
  } else if (!response) {
    why = response.error().what;
  } else if (response->status == 401) {
    why = reason_of(*response) + "; give the one it was started with: --token-file FILE";
  } else if (response->status != 404 && response->status / 100 != 2) {
    why = reason_of(*response);
  } else if (!begun_) {
    why = "is no faultline that a drill can take place on: it has no /v1/journal";
  }
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    if (why_.empty()) why_ = std::move(why);
  }
  changed_.notify_all();
  told_over_();
}

bool JournalFollower::take(ByteView bytes) {
  waiting_ += bytes;
  std::vector<Event> events;
  std::size_t begin = 0;
  bool wanted = !abandoned_.load();
  for (std::size_t end; wanted && (end = waiting_.find('\n', begin)) != std::string::npos;) {
    wanted = take_line(std::string_view(waiting_).substr(begin, end - begin), events);
    begin = end + 1;
  }
  waiting_.erase(0, begin);
  if (!events.empty()) arrived_(events);
  return wanted;
}

bool JournalFollower::take_line(std::string_view line, std::vector<Event>& events) {
  if (!begun_) return take_first(line);
  if (line.empty()) return true;
  if (line == R"({"end":true})") {
    ended_ = true;
    return true;
  }
  Result<Event> event = read_event(line);
  if (!event) return stop("its journal cannot be read by this version: " + event.error().what);
  events.push_back(std::move(*event));
  return true;
}

bool JournalFollower::take_first(std::string_view line) {
  const Instant read = wire::now();
  const auto first = control::read_json(line);
  if (!first || count_of(*first, "journal") != known_format) {
    return stop("its journal cannot be read by this version");
  }
  const Instant there(Duration(static_cast<std::int64_t>(count_of(*first, "now"))));
  if (there < asked_ || there > read) {
    return stop(
        "its monotonic clock is not this machine's, so its journal says nothing about the load "
        "from here; run the drill on the machine of that server");
  }
  {
    const std::lock_guard lock(mutex_);
    server_ = {count_of(*first, "record"), member(*first, "version").text,
               member(*first, "limits").text};
    begun_ = true;
  }
  changed_.notify_all();
  return true;
}

bool JournalFollower::stop(std::string why) {
  const std::lock_guard lock(mutex_);
  why_ = std::move(why);
  return false;
}

std::optional<std::string> JournalFollower::broken() {
  const std::lock_guard lock(mutex_);
  if (!over_ || why_.empty()) return std::nullopt;
  return why_;
}

Result<void> JournalFollower::finish() {
  if (const auto why = broken()) return error(api_.target.text(), *why);
  const auto asked = api_.ask("DELETE", "/v1/journal/" + std::to_string(server_.record));
  std::unique_lock lock(mutex_);
  if (asked && asked->status / 100 == 2) {
    changed_.wait_for(lock, longest_end, [this] { return over_; });
  }
  if (over_ && why_.empty()) return {};
  if (over_) return error(api_.target.text(), why_);
  return error(api_.target.text(),
               !asked ? asked.error().what : "the end of its journal was not told");
}

}  // namespace faultline
