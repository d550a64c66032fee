// Any bytes as HTML whose links are tracked: what is changed is the links' targets and the picture,
// and undoing it gives the bytes back; UTM parameters change links only; any link leads nowhere but
// to the web; any text as the address of a tracked link.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "delivery/link_rewriter.h"
#include "wire/signed_token.h"
#include "wire/web_link.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidings;
  const std::string_view html(reinterpret_cast<const char*>(data), size);
  const auto tracking = delivery::find_tracking(html, {.opens = true, .clicks = true});
  const std::string tracked = delivery::tracked_html(html, tracking);
  const std::string start = "{{ " + std::string(delivery::kTrackedLinkStart) + " }}";
  std::size_t from = 0;  // in `tracked`
  std::size_t at = 0;    // in `html`
  const auto skip_image = [&] {
    from = tracked.find('>', from) + 1;
    CHECK(from != 0);
  };
  const auto same_until = [&](std::size_t end) {
    if (tracking.image_at && *tracking.image_at >= at && *tracking.image_at <= end) {
      const std::size_t before = *tracking.image_at - at;
      CHECK(html.substr(at, before) == std::string_view(tracked).substr(from, before));
      at += before;
      from += before;
      skip_image();
    }
    CHECK(html.substr(at, end - at) == std::string_view(tracked).substr(from, end - at));
    from += end - at;
    at = end;
  };
  bool has_image = false;
  for (const auto& [number, link] : tracking.links) {
    if (!has_image) {
      const std::size_t place = tracking.image_at.value_or(html.size());
      has_image = place >= at && place <= link.begin;
      same_until(link.begin);
    } else {
      CHECK(html.substr(at, link.begin - at) ==
            std::string_view(tracked).substr(from, link.begin - at));
      from += link.begin - at;
      at = link.begin;
    }
    const std::string mark = start + std::to_string(number);
    CHECK(std::string_view(tracked).substr(from).starts_with(mark));
    from += mark.size();
    at = link.end;
    if (!link.is_template) CHECK(wire::web_link(link.target) == link.target);
  }
  if (has_image) {
    CHECK(html.substr(at) == std::string_view(tracked).substr(from));
  } else {
    same_until(html.size());
    CHECK(from == tracked.size());
  }
  const std::string with = delivery::with_utm(html, {"a&b", "", "", "c\"d"});
  CHECK(with.size() >= html.size());
  CHECK(delivery::find_html_links(with).size() == delivery::find_html_links(html).size());
  for (const auto& link : delivery::find_html_links(html)) {
    if (!link.is_template) continue;
    const auto led = delivery::rendered_link(link.target, "{\"x\":\"//evil.example/\"}", false);
    if (led) CHECK(led->starts_with("http") || led->starts_with("HTTP") || led->size() > 7);
  }
  if (const auto link = wire::web_link(html)) {
    for (const char c : *link) CHECK(c > 0x20 && c < 0x7f);
  }
  return 0;
}
