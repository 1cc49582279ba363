#pragma once

// The compatible API with a real engine behind it, asked without sockets.

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/control/registry.h"
#include "proxy/control/toxiproxy.h"
#include "proxy/wire/engine.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"
#include "tests/support/wire_rig.h"

namespace faultline {

class Unread final : public JournalReader {
 public:
  void read(std::span<const Event>) override {}
};

struct Reply {
  int status = 0;
  std::string body;
  std::string type;
  bool operator==(const Reply&) const = default;
};

// A socket on a port of its own that the test holds: an upstream, or a port that is taken.
struct HeldPort {
  HeldPort() {
    wire::SocketAddress any;
    REQUIRE(wire::numeric({"127.0.0.1", 0}, any));
    auto listening = wire::listen_on(any);
    REQUIRE(listening.has_value());
    socket = std::move(*listening);
    address = wire::local_address(socket.get()).text();
  }
  Peer accepted() const {
    pollfd poll_for{socket.get(), POLLIN, 0};
    REQUIRE(poll(&poll_for, 1, patience_ms) == 1);
    return Peer(accept(socket.get(), nullptr, nullptr));
  }

  wire::Descriptor socket;
  std::string address;
};

// A text as a file in a folder: where the files of a server are in memory, a test can look.
class FileInFolder final : public control::HeldFile {
 public:
  FileInFolder(std::filesystem::path path, std::string_view text)
      : file_(std::move(path)), path_(file_.string()) {
    std::ofstream(file_) << text;
  }
  ~FileInFolder() override { std::filesystem::remove(file_); }
  const std::string& path() const override { return path_; }

 private:
  const std::filesystem::path file_;
  const std::string path_;
};

class ControlRig {
 public:
  Reply ask(const std::string& method, const std::string& path, const std::string& body = "",
            std::vector<HttpField> fields = {}) {
    HttpRequest request;
    request.method = method;
    request.host = "localhost";
    request.path = path;
    request.fields = std::move(fields);
    request.body = body;
    const std::optional<HttpResponse> response = api.serve(request);
    REQUIRE(response.has_value());
    last = *response;
    return {response->status, response->body, field("Content-Type")};
  }
  std::string field(const std::string& name) const {
    for (const HttpField& one : last.fields) {
      if (one.name == name) return one.value;
    }
    return "";
  }
  // "127.0.0.1:PORT" of a proxy.
  std::string listen(const std::string& name) const {
    const auto proxy = registry.proxy(name);
    return proxy ? (*proxy)->listen : "";
  }

 private:
  static std::unique_ptr<wire::Engine> started(Journal& journal) {
    auto engine = wire::Engine::start({.workers = 1}, journal);
    REQUIRE(engine.has_value());
    return std::move(*engine);
  }

  Unread reader_;
  Journal journal_{reader_};
  int texts_held_ = 0;

 public:
  test::Folder texts;
  std::unique_ptr<wire::Engine> engine = started(journal_);
  control::Registry registry{*engine,
                             [](const std::string& host) {
                               return host == "here" ? std::vector<std::string>{"::1", "127.0.0.1"}
                                                     : std::vector<std::string>{};
                             },
                             {},
                             [this](std::string_view text) {
                               const std::string name = std::to_string(++texts_held_);
                               return std::make_unique<FileInFolder>(texts.path() / name, text);
                             }};
  control::Toxiproxy api{registry};
  HttpResponse last;
};

}  // namespace faultline
