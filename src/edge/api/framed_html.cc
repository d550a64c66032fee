#include "edge/api/framed_html.h"

#include <utility>

#include <fmt/format.h>

#include "edge/http/html_text.h"

namespace tidings::api {

namespace {

constexpr std::string_view kInert =
    "default-src 'none'; style-src 'unsafe-inline'; img-src {}data:; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'self'; sandbox";

std::string_view sources(FrameImages images) {
  switch (images) {
    case FrameImages::none:
      return "";
    case FrameImages::own:
      return "'self' ";
    case FrameImages::remote:
      return "https: ";
    case FrameImages::own_and_remote:
      return "'self' https: ";
  }
  return "";
}

}  // namespace

Answer framed_html(std::string html, std::string_view plain, FrameImages images) {
  Answer answer;
  answer.content_type = "text/html; charset=utf-8";
  answer.raw = !html.empty()
                   ? std::move(html)
                   : "<!doctype html><meta charset=\"utf-8\"><pre style=\"white-space:pre-wrap\">" +
                         http::escape_html(plain) + "</pre>";
  return std::move(answer)
      .with("Content-Security-Policy", fmt::format(kInert, sources(images)))
      .with("X-Frame-Options", "SAMEORIGIN")
      .with("X-DNS-Prefetch-Control", "off")
      .with("Cache-Control", "private, no-store");
}

}  // namespace tidings::api
