#include "net/curl_transfer.h"

#include <atomic>
#include <type_traits>

#include <curl/curl.h>

namespace tidings::net {

static_assert(std::is_same_v<CURL, void> && std::is_same_v<curl_off_t, std::int64_t>);

std::size_t collect_octets(const char* data, std::size_t size, std::size_t count, void* argument) {
  auto& into = *static_cast<CollectedOctets*>(argument);
  const std::size_t octets = size * count;
  if (octets > into.most - into.body.size()) {
    into.is_over = true;
    return 0;
  }
  into.body.append(data, octets);
  return octets;
}

int watch_for_stop(void* stop, std::int64_t, std::int64_t, std::int64_t, std::int64_t) {
  return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
}

void EndCurl::operator()(void* handle) const { curl_easy_cleanup(handle); }
void EndCurl::operator()(curl_slist* list) const { curl_slist_free_all(list); }

}  // namespace tidings::net
