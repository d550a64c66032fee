// OctetBuffers: the memory of messages that have left, for those that are prepared next.
//
// One thread prepares a message and another one lets it go: given back to the allocator each time,
// ten kilobytes are joined with their neighbours, taken apart again and partly returned to the
// system. At most kFree buffers of kBytes octets are kept; larger ones are freed.
// Thread: any.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tidings::delivery {

class OctetBuffers : public std::enable_shared_from_this<OctetBuffers> {
 public:
  // Empty, with whatever room it has.
  std::string take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return {};
    std::string buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }

  // The octets, whose memory comes back once nobody holds them any more.
  std::shared_ptr<const std::string> hold(std::string octets) {
    struct Held {
      ~Held() { home->give_back(std::move(octets)); }
      std::string octets;
      std::shared_ptr<OctetBuffers> home;
    };
    auto held = std::make_shared<Held>(std::move(octets), shared_from_this());
    return {held, &held->octets};
  }

 private:
  static constexpr std::size_t kFree = 512;
  static constexpr std::size_t kBytes = std::size_t{32} << 10;

  void give_back(std::string buffer) {
    if (buffer.capacity() > kBytes) return;
    buffer.clear();
    const std::lock_guard lock(mutex_);
    if (free_.size() < kFree) free_.push_back(std::move(buffer));
  }

  std::mutex mutex_;
  std::vector<std::string> free_;
};

}  // namespace tidings::delivery
