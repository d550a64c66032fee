// What every transfer by libcurl needs here. Private to src/net.
//
// Bounded collecting of what comes, a look at whether to stop, and the ends of handles. The types
// are libcurl's own, named without its headers: CURL is void, curl_off_t 64 bits.
// Thread: as the transfer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

struct curl_slist;

namespace tidings::net {

// The argument of collect().
struct CollectedOctets {
  std::string body;
  std::size_t most = 0;
  bool is_over = false;  // there was more, and the transfer was ended
};

// CURLOPT_WRITEFUNCTION.
std::size_t collect_octets(const char* data, std::size_t size, std::size_t count, void* argument);

// CURLOPT_XFERINFOFUNCTION, with a const std::atomic<bool>* as data: ends the transfer once it is
// true.
int watch_for_stop(void* stop, std::int64_t, std::int64_t, std::int64_t, std::int64_t);

struct EndCurl {
  void operator()(void* handle) const;
  void operator()(curl_slist* list) const;
};

}  // namespace tidings::net
