#pragma once

// The bench on real sockets: the stand that the service calls instead of its upstream and the
// clients that call the service are on one loop, so the order of their facts is exact.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "faults/result.h"
#include "proxy/wire/http_stand.h"
#include "scenarios/run/run_loop.h"
#include "scenarios/workload/http_client.h"
#include "scenarios/xray/bench.h"

namespace faultline::xray {

struct Places {
  Address listen;
  Address upstream;
  Address drive;
  std::string path = "/";
  std::string method = "GET";
  std::map<std::string, std::string> headers = {};
  std::string body = {};
  std::string ids = {};  // what {id} begins with, in headers and body
};

class WireBench final : public Bench, private wire::HttpStand::Owner, private HttpClient::Owner {
 public:
  static constexpr Duration call_limit = std::chrono::seconds(150);

  // Names are looked up here, which waits. The error says which address is wrong, or in use.
  static Result<std::unique_ptr<WireBench>> open(RunLoop& waiting, const Places& places);
  ~WireBench() override;

  Instant now() const override;
  void treat(Treatment treatment, std::size_t count, Treatment then) override;
  void slow_by(Duration delay) override { slow_ = delay; }
  std::size_t call() override;
  void answer(std::size_t attempt, Treatment treatment) override;
  bool wait(Instant limit, const std::function<bool()>& enough) override;
  std::string obstacle() const override;
  const std::vector<Call>& calls() const override { return calls_; }
  const std::vector<Attempt>& attempts() const override { return attempts_; }

 private:
  struct Sockets {
    std::vector<wire::SocketAddress> upstream, drive;
  };
  WireBench(RunLoop& waiting, const Places& places, Sockets sockets);

  void arrived(wire::StandRequest request, Instant at) override;
  void left(wire::StandRequest request, Instant at) override;
  void answered(wire::StandRequest request, Instant at) override;
  void upstream_failed(wire::StandRequest request, const std::string& why) override;
  void ended(HttpClient& client) override;
  void lost(HttpClient&) override {}
  void bury();

  RunLoop& waiting_;
  const Places places_;
  const Sockets sockets_;
  const HttpMessage message_;
  std::vector<char> scratch_;
  const HttpClient::Setting client_setting_;
  wire::HttpStand stand_;

  Treatment treatment_ = Treatment::ok, then_ = Treatment::ok;
  std::size_t count_ = all;
  Duration slow_ = std::chrono::seconds(1);
  std::vector<Call> calls_;
  std::vector<Attempt> attempts_;
  std::vector<std::unique_ptr<HttpClient>> clients_;
  std::map<std::size_t, std::unique_ptr<wire::Deadline>> late_;  // slow answers, by attempt
  std::string obstacle_;
};

}  // namespace faultline::xray
