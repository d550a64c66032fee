// bench mime: from a compiled content version to a recipient's octets, and to what is kept of them.
//
// One JSON line. cpu_us_each is building alone (render, encode, join); hash_us and keep_us are the
// two steps behind it. Flags: --messages N (200000), --kilobytes K (7, of HTML; text comes on
// top), --small.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "delivery/body_codec.h"
#include "delivery/email_builder.h"
#include "usage.h"

namespace tidings::delivery {
namespace {

// A newsletter of about `kilobytes` of HTML: tables, inline styles, links, 14 values.
EmailContent newsletter(std::size_t kilobytes) {
  std::string html =
      "<!DOCTYPE html><html><body style=\"font-family: sans-serif; margin: 0\">\n"
      "<h1>News for {{ contact.first_name }}</h1>\n<p>Dear {{ contact.first_name }} "
      "{{ contact.last_name }},</p>\n{% if contact.city %}<p>Greetings to {{ contact.city }}!</p>"
      "{% endif %}\n";
  for (int i = 0; html.size() < kilobytes * 1024; ++i) {
    html += fmt::format(
        "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\"><tr><td style=\"padding: "
        "12px; color: #333333\">\n<h2>Item {}</h2>\n<p>The committee met in the old town hall; "
        "café and cake afterwards. Members pay nothing, guests five euros at the door.</p>\n"
        "<a href=\"https://www.example.org/news/{}?m={{{{ contact.id }}}}\" style=\"color: "
        "#0055aa\">Read on</a>\n</td></tr></table>\n",
        i, i);
  }
  html += "<p><a href=\"{{ unsubscribe_url }}\">Unsubscribe</a></p></body></html>\n";
  EmailContent content;
  content.subject = "News for {{ contact.first_name }}";
  content.html = std::move(html);
  content.from = *wire::parse_mailbox("The Society <news@example.org>");
  content.envelope_from = "bounce@example.org";
  content.list_unsubscribe = true;
  content.list_id = "news.example.org";
  return content;
}

void run(std::size_t messages, std::size_t kilobytes) {
  using liquid::Member;
  using liquid::Value;
  const auto compiled = CompiledEmail::compile(newsletter(kilobytes));
  CHECK(compiled.has_value());
  const std::string url = "https://t.example.org/u/0123456789abcdefghijklmnopqrstuv";
  std::vector<std::string> names;
  for (int i = 0; i < 64; ++i) names.push_back(fmt::format("Zoë {}", i));
  const auto build = [&](std::size_t i) {
    const std::vector<Member> contact = {{"first_name", Value::string(names[i % 64])},
                                         {"last_name", Value::string("O'Neill")},
                                         {"city", Value::string("Łódź")},
                                         {"id", Value::string("0e5m3k9q1zw2a")}};
    const std::vector<Member> root = {{"contact", Value::object(contact)},
                                      {"unsubscribe_url", Value::string(url)}};
    const Value values = Value::object(root);
    auto built = compiled->build({MessageId{1'000'000'000'000 + static_cast<std::int64_t>(i)},
                                  "zoe.oneill@example.org", names[i % 64], &values, url,
                                  from_micros(1'795'000'000'000'000)});
    CHECK(built.has_value());
    return *std::move(built);
  };
  const BodyDictionary dictionary(build(0).octets);
  BodyCodec codec;
  ContentHasher hasher;
  std::size_t octets = 0;
  std::size_t kept = 0;
  const double start = bench::cpu_us();
  for (std::size_t i = 0; i < messages; ++i) octets += build(i).octets.size();
  const double built = bench::cpu_us();
  const std::string one = build(7).octets;
  const double before_hash = bench::cpu_us();
  for (std::size_t i = 0; i < messages; ++i) kept += hasher.hash(one).size() & 1;
  const double hashed = bench::cpu_us();
  for (std::size_t i = 0; i < messages; ++i) kept += codec.compress(one, dictionary).size();
  const double compressed = bench::cpu_us();
  const auto n = static_cast<double>(messages);
  fmt::print(
      "{{\"bench\":\"mime\",\"n\":{},\"per_s\":{:.0f},\"cpu_us_each\":{:.2f},\"rss_mb\":{:.1f},"
      "\"octets_each\":{},\"hash_us\":{:.2f},\"keep_us\":{:.2f},\"kept_octets\":{}}}\n",
      messages, n / (built - start) * 1e6, (built - start) / n, bench::rss_mb(), octets / messages,
      (hashed - before_hash) / n, (compressed - hashed) / n, kept / messages);
}

}  // namespace
}  // namespace tidings::delivery

int main(int count, char** arguments) {
  std::size_t messages = 200'000;
  std::size_t kilobytes = 7;
  for (int i = 1; i < count; ++i) {
    const std::string_view flag = arguments[i];
    if (flag == "--small") messages = 2'000;
    if (i + 1 == count) break;
    const auto value = static_cast<std::size_t>(std::strtoull(arguments[i + 1], nullptr, 10));
    if (flag == "--messages") messages = std::max<std::size_t>(value, 1);
    if (flag == "--kilobytes") kilobytes = value;
  }
  tidings::delivery::run(messages, kilobytes);
  return 0;
}
