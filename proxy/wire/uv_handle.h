#pragma once

// A libuv handle in an owning pointer: its deleter is uv_close, and the memory goes when libuv says
// so. Initialise the handle first, adopt it after; set `data` to the owner, and to nullptr is what
// the deleter does, so a callback that comes late finds nobody.

#include <uv.h>

#include <memory>

namespace faultline::wire {

struct UvClose {
  template <class Handle>
  void operator()(Handle* handle) const {
    handle->data = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(handle),
             [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
  }
};

template <class Handle>
using UvHandle = std::unique_ptr<Handle, UvClose>;

}  // namespace faultline::wire
