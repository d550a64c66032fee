#include "edge/http/tracking_routes.h"

#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "domain/hit_judgement.h"
#include "edge/api/authenticate.h"
#include "edge/http/public_pages.h"
#include "edge/http/public_texts.h"

namespace tidings::http {

namespace {

using net::Request;
using net::Response;

// One transparent pixel (GIF89a).
constexpr std::string_view kPicture(
    "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x21\xf9\x04\x01\x00\x00\x00\x00"
    "\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b",
    43);

Response trouble(const Request& request, const Error& error) {
  const auto& texts = choose_texts({}, request.header("Accept-Language"));
  return error.kind == ErrorKind::not_found ? invalid_reading_link_page(texts)
                                            : trouble_page(texts);
}

// A number of at most four digits as it stands in a link; 0 for anything else.
int read_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_plain = error == std::errc() && end == text.data() + text.size() &&
                        text.size() <= 4 && text[0] != '0';
  return is_plain && number > 0 ? number : 0;
}

// Who asked, and when.
delivery::Hit by_whom(const TrackingRoutesContext& context, const Request& request,
                      delivery::Hit hit) {
  hit.occurred_at = context.clock->now();
  hit.is_head = request.is_head;
  std::string address = api::client_address(request, context.public_url);
  const std::string_view agent = request.header("User-Agent");
  if (hit.is_total) {
    // Judged now, by itself: who it was is written down nowhere.
    const Asked asked{hit.number == 0, hit.is_head, agent, address};
    hit.is_machine = judge(asked) != HitReason::none;
  } else {
    hit.address = std::move(address);
    hit.user_agent = agent.substr(0, delivery::kUserAgentMax);
  }
  return hit;
}

// Whatever comes of it, the reader is answered: the journal counts what it refuses.
void write_down(const TrackingRoutesContext& context, const Request& request, delivery::Hit hit) {
  [[maybe_unused]] const auto written =
      context.journal->add(by_whom(context, request, std::move(hit)));
}

// The same for an answer that leaves once the route's settle was called.
void note(const TrackingRoutesContext& context, const Request& request, delivery::Hit hit) {
  context.journal->note(by_whom(context, request, std::move(hit)));
}

net::Settle settle_in(feedback::HitJournal* journal) {
  return [journal] { [[maybe_unused]] const auto written = journal->settle(); };
}

Response lead_to(std::string location) {
  Response response;
  response.status = 302;
  response.headers = {{"Location", std::move(location)},
                      {"Cache-Control", "no-store"},
                      {"Referrer-Policy", "no-referrer"},
                      {"X-Robots-Tag", "noindex, nofollow"}};
  return response;
}

ContentVersionId content_of(const Request& request) {
  return ContentVersionId{parse_id(request.param("content")).value_or(0)};
}

Response follow(const TrackingRoutesContext& context, const Request& request) {
  auto followed = context.targets->follow(request.param("token"), content_of(request),
                                          read_number(request.param("number")));
  if (!followed) return trouble(request, followed.error());
  write_down(context, request, std::move(followed->hit));
  return lead_to(std::move(followed->location));
}

// As nearly every time: the key and the links are in memory, and the link holds no values.
std::optional<Response> follow_at_once(const TrackingRoutesContext& context,
                                       const Request& request) {
  auto followed = context.targets->follow_at_once(request.param("token"), content_of(request),
                                                  read_number(request.param("number")));
  if (!followed) return std::nullopt;
  note(context, request, std::move(followed->hit));
  return lead_to(std::move(followed->location));
}

Response follow_total(const TrackingRoutesContext& context, const Request& request) {
  auto followed =
      context.targets->follow_total(request.param("token"), read_number(request.param("number")));
  if (!followed) return trouble(request, followed.error());
  write_down(context, request, std::move(followed->hit));
  return lead_to(std::move(followed->location));
}

Response picture(int status) {
  Response response;
  response.status = status;
  response.headers = {{"Content-Type", "image/gif"},
                      {"Cache-Control", "no-store"},
                      {"Cross-Origin-Resource-Policy", "cross-origin"}};
  response.body = kPicture;
  return response;
}

// TOKEN of TOKEN.gif; empty for another name.
std::string_view token_of(const Request& request) {
  constexpr std::string_view kEnd = ".gif";
  std::string_view file = request.param("file");
  if (!file.ends_with(kEnd)) return {};
  file.remove_suffix(kEnd.size());
  return file;
}

Response show(const TrackingRoutesContext& context, const Request& request, bool is_total) {
  auto shown = context.targets->shown(token_of(request), is_total);
  if (!shown) return picture(shown.error().kind == ErrorKind::not_found ? 404 : 200);
  write_down(context, request, *std::move(shown));
  return picture(200);
}

// As nearly every time: the key is in memory.
std::optional<Response> show_at_once(const TrackingRoutesContext& context, const Request& request,
                                     bool is_total) {
  auto shown = context.targets->shown_at_once(token_of(request), is_total);
  if (!shown) return std::nullopt;
  note(context, request, *std::move(shown));
  return picture(200);
}

}  // namespace

void add_tracking_routes(net::Router& router, TrackingRoutesContext given) {
  const auto context = std::make_shared<const TrackingRoutesContext>(std::move(given));
  net::RouteOptions links;
  links.quick = [context](const Request& request) { return follow_at_once(*context, request); };
  links.settle = settle_in(context->journal);
  router.add(
      "GET", "/c/{token}/{content}/{number}",
      [context](const Request& request) { return follow(*context, request); }, std::move(links));
  router.add("GET", "/ct/{token}/{number}",
             [context](const Request& request) { return follow_total(*context, request); });
  for (const bool is_total : {false, true}) {
    net::RouteOptions options;
    options.quick = [context, is_total](const Request& request) {
      return show_at_once(*context, request, is_total);
    };
    options.settle = settle_in(context->journal);
    router.add(
        "GET", is_total ? "/ot/{file}" : "/o/{file}",
        [context, is_total](const Request& request) { return show(*context, request, is_total); },
        std::move(options));
  }
}

}  // namespace tidings::http
