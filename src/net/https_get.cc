#include "net/https_get.h"

#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

#include "net/curl_transfer.h"

namespace tidings::net {
namespace {

// "mta-sts.example.org:443:192.0.2.1,[2001:db8::1]", as CURLOPT_RESOLVE takes it.
std::string pinned(const HttpsRequest& request) {
  std::string text = fmt::format("{}:{}:", request.host, request.port);
  for (std::size_t i = 0; i < request.addresses.size(); ++i) {
    const wire::IpAddress& address = request.addresses[i];
    if (i > 0) text += ',';
    text += address.is_v6() ? fmt::format("[{}]", address.text()) : address.text();
  }
  return text;
}

std::unexpected<Error> failed(const HttpsRequest& request, const char* why) {
  return fail(ErrorKind::unavailable, "https.failed",
              fmt::format("https://{}{} cannot be fetched: {}.", request.host, request.path, why));
}

}  // namespace

Result<HttpsAnswer> https_get(const HttpsRequest& request) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, EndCurl> handle(curl_easy_init());
  if (ready != CURLE_OK || handle == nullptr) return failed(request, "libcurl does not start");
  if (request.addresses.empty()) return failed(request, "it has no address");
  CURL* const curl = handle.get();
  const std::unique_ptr<curl_slist, EndCurl> where(
      curl_slist_append(nullptr, pinned(request).c_str()));
  CollectedOctets collected{{}, request.bytes_max, false};
  const std::string url = fmt::format("https://{}:{}{}", request.host, request.port, request.path);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  if (!request.form.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.form.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.form.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_RESOLVE, where.get());
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(
      curl, CURLOPT_TIMEOUT_MS,
      static_cast<long>(
          std::chrono::duration_cast<std::chrono::milliseconds>(request.timeout).count()));
  curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, static_cast<long>(request.bytes_max));
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "tidings");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect_octets);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &collected);
  if (request.stop != nullptr) {
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_for_stop);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, request.stop.get());
  }
  if (!request.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
  const CURLcode code = curl_easy_perform(curl);
  if (collected.is_over || code == CURLE_FILESIZE_EXCEEDED) {
    return fail(ErrorKind::limit, "https.too_large",
                fmt::format("https://{}{} is larger than {} bytes.", request.host, request.path,
                            request.bytes_max));
  }
  if (code != CURLE_OK) return failed(request, curl_easy_strerror(code));
  HttpsAnswer answer;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  char* type = nullptr;
  curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
  if (type != nullptr) answer.media_type = type;
  answer.body = std::move(collected.body);
  return answer;
}

}  // namespace tidings::net
