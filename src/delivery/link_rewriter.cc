#include "delivery/link_rewriter.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "domain/recipient_rule.h"
#include "liquid/outline.h"
#include "liquid/program.h"
#include "liquid/value.h"
#include "wire/html_scan.h"
#include "wire/web_link.h"

namespace tidings::delivery {

namespace {

using liquid::Member;
using liquid::Value;

// In front of </body>, the last one; else at the end. Not within what Liquid does not print as it
// stands, nor between the branches of a condition that may leave it out.
std::size_t place_for_image(std::string_view html) {
  const auto pieces = liquid::outline(html);
  if (!pieces) return html.size();
  std::optional<std::size_t> body;
  wire::scan_html(html, [&](const wire::HtmlTag& tag) {
    if (tag.is_end_tag && tag.name == "body") body = tag.begin;
  });
  if (!body) return html.size();
  // Liquid behind it may be the end of a block that began before: then the end is the place.
  for (const liquid::Piece& piece : *pieces) {
    if (piece.end > *body && piece.kind != liquid::Piece::Kind::text) return html.size();
  }
  return *body;
}

}  // namespace

Tracking find_tracking(std::string_view html, const TrackingWish& wish) {
  Tracking tracking;
  tracking.is_total = wish.is_total;
  if (html.empty()) return tracking;
  if (wish.opens) tracking.image_at = place_for_image(html);
  if (!wish.clicks) return tracking;
  int number = 0;
  for (HtmlLink& link : find_html_links(html)) {
    if (link.is_template && wish.is_total) continue;
    tracking.links.push_back({++number, std::move(link)});
  }
  return tracking;
}

Result<std::string> rendered_link(std::string_view target, std::string_view message_values,
                                  bool is_direct) {
  const auto broken = [] {
    return fail(ErrorKind::not_found, "link.broken", "This link leads nowhere.");
  };
  const std::string start(trimmed(wire::decode_references(target.substr(0, target.find("{{")))));
  const auto host = wire::host_end(start);
  const auto program = liquid::Program::compile(target, liquid::Context::html);
  if (!host || !program) return broken();
  liquid::Arena arena;
  const Value given = TRY(liquid::value_from_json(message_values, arena));
  const Value* contact = is_direct ? given.find("contact") : &given;
  const Value* data = is_direct ? given.find("data") : nullptr;
  const Value* student = contact == nullptr ? nullptr : contact->find(kStudentMember);
  const auto or_nil = [](const Value* value) { return value == nullptr ? Value::nil() : *value; };
  const std::array root = {Member{"contact", or_nil(contact)}, Member{"student", or_nil(student)},
                           Member{"data", or_nil(data)}};
  const std::string rendered = TRY(program->render(Value::object(root)));
  const auto link = wire::web_link(wire::decode_references(rendered));
  if (!link || wire::host_end(*link) != host || !link->starts_with(start.substr(0, *host))) {
    return broken();
  }
  return *link;
}

std::string tracked_html(std::string_view html, const Tracking& tracking) {
  std::string result;
  result.reserve(html.size() + tracking.links.size() * 32 + 200);
  std::size_t at = 0;
  const auto copy_until = [&](std::size_t end) {
    CHECK(at <= end && end <= html.size());
    result += html.substr(at, end - at);
    at = end;
  };
  const auto add_image = [&] {
    copy_until(*tracking.image_at);
    result += fmt::format(
        "<img src=\"{{{{ {} }}}}\" width=\"1\" height=\"1\" alt=\"\" border=\"0\""
        " style=\"display:block;width:1px;height:1px;border:0\">",
        kTrackedImage);
  };
  bool has_image = !tracking.image_at.has_value();
  for (const TrackedLink& tracked : tracking.links) {
    if (!has_image && *tracking.image_at <= tracked.link.begin) {
      add_image();
      has_image = true;
    }
    copy_until(tracked.link.begin);
    result += fmt::format("{{{{ {} }}}}{}", kTrackedLinkStart, tracked.number);
    CHECK(tracked.link.end >= at);
    at = tracked.link.end;
  }
  if (!has_image) add_image();
  copy_until(html.size());
  return result;
}

}  // namespace tidings::delivery
