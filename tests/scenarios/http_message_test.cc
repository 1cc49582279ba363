#include "scenarios/workload/http_message.h"

#include "tests/support/catch.h"

namespace faultline {
namespace {

std::string written(const WorkloadPlan& plan, std::string_view id = "7f-1") {
  std::string text;
  HttpMessage(plan, {"127.0.0.1", 8080}).write(id, text);
  return text;
}

TEST_CASE("the id stands wherever the plan says so, and the length counts it") {
  WorkloadPlan plan;
  plan.path = "/events/{id}?again={id}";
  plan.headers = {{"Idempotency-Key", "k-{id}"}};
  plan.body = R"({"id": "{id}"})";
  CHECK(written(plan) ==
        "POST /events/7f-1?again=7f-1 HTTP/1.1\r\n"
        "Host: 127.0.0.1:8080\r\n"
        "Content-Type: application/json\r\n"
        "Idempotency-Key: k-7f-1\r\n"
        "Content-Length: 14\r\n\r\n"
        R"({"id": "7f-1"})");
}

TEST_CASE("a request without a body says so where one is usual") {
  WorkloadPlan plan;
  plan.method = "GET";
  CHECK(written(plan) == "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
  plan.method = "PUT";
  CHECK(written(plan) == "PUT / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("headers of the plan win, except those that frame the message") {
  WorkloadPlan plan;
  plan.headers = {{"HOST", "shop"},
                  {"content-type", "text/plain"},
                  {"Content-length", "9"},
                  {"transfer-encoding", "chunked"}};
  plan.body = "[x]";
  CHECK(
      written(plan) ==
      "POST / HTTP/1.1\r\nHOST: shop\r\ncontent-type: text/plain\r\nContent-Length: 3\r\n\r\n[x]");
}

TEST_CASE("the source stands in its header, and wherever the plan says so") {
  WorkloadPlan plan;
  plan.sources.pool = 2;
  plan.body = "by {source} {id} {source}";
  std::string text;
  HttpMessage(plan, {"127.0.0.1", 8080}).write("7", "10.0.0.2", text);
  CHECK(text ==
        "POST / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-Forwarded-For: 10.0.0.2\r\n"
        "Content-Length: 22\r\n\r\nby 10.0.0.2 7 10.0.0.2");
  plan.headers = {{"x-forwarded-for", "client-{source}"}};
  plan.body.clear();
  text.clear();
  HttpMessage(plan, {"127.0.0.1", 8080}).write("7", "10.0.0.2", text);
  CHECK(text ==
        "POST / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nx-forwarded-for: client-10.0.0.2\r\n"
        "Content-Length: 0\r\n\r\n");
}

}  // namespace
}  // namespace faultline
