#include "delivery/email_builder.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmime/gmime.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "wire/encoded_word.h"

namespace tidings::delivery {
namespace {

using liquid::Member;
using liquid::Value;

constexpr Instant kDate =
    Instant(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + std::chrono::hours(9));
constexpr MessageId kId{123'456'789'012'345};

EmailContent content_of(std::string subject, std::string html, std::string text = {}) {
  EmailContent content;
  content.subject = std::move(subject);
  content.html = std::move(html);
  content.text = std::move(text);
  content.from = *wire::parse_mailbox("Zürich Office <office@bücher.example>");
  content.envelope_from = "bounce@bücher.example";
  return content;
}

// Compiles and builds for a recipient whose only variable is `name`.
BuiltEmail build(EmailContent content, std::string_view name,
                 std::string_view address = "jan@example.org", std::string_view display = "Jan") {
  const auto compiled = CompiledEmail::compile(std::move(content));
  EXPECT_TRUE(compiled) << (compiled ? "" : compiled.error().message);
  const std::vector<Member> members = {{"name", Value::string(name)}};
  const Value values = Value::object(members);
  auto built =
      compiled->build({kId, address, display, &values, "https://t.example.org/u/abc", kDate});
  EXPECT_TRUE(built) << (built ? "" : built.error().message);
  return *std::move(built);
}

// What GMime, an independent reader, finds in a message.
struct Read {
  std::string subject, from, to, message_id, text, html;
  std::vector<std::string> names, attachments;
  std::vector<std::string> structure;
};

std::string content_of_part(GMimeObject* object) {
  GMimeStream* stream = g_mime_stream_mem_new();
  GMimeDataWrapper* wrapper = g_mime_part_get_content(GMIME_PART(object));
  if (wrapper != nullptr) g_mime_data_wrapper_write_to_stream(wrapper, stream);
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
  std::string result(reinterpret_cast<const char*>(bytes->data), bytes->len);
  g_object_unref(stream);
  return result;
}

void read_part(GMimeObject*, GMimeObject* object, gpointer data) {
  auto& read = *static_cast<Read*>(data);
  const std::unique_ptr<char, void (*)(void*)> type(
      g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object)), g_free);
  read.structure.emplace_back(type.get());
  if (!GMIME_IS_PART(object)) return;
  if (const char* name = g_mime_part_get_filename(GMIME_PART(object))) {
    read.names.emplace_back(name);
    read.attachments.push_back(content_of_part(object));
  } else if (std::strcmp(type.get(), "text/html") == 0) {
    read.html = content_of_part(object);
  } else {
    read.text = content_of_part(object);
  }
}

Read read_back(const std::string& octets) {
  static const bool ready = [] {
    g_mime_init();
    return true;
  }();
  EXPECT_TRUE(ready);
  GMimeStream* stream = g_mime_stream_mem_new_with_buffer(octets.data(), octets.size());
  GMimeParser* parser = g_mime_parser_new_with_stream(stream);
  GMimeMessage* message = g_mime_parser_construct_message(parser, nullptr);
  Read read;
  if (const char* subject = g_mime_message_get_subject(message)) read.subject = subject;
  const auto address = [&](GMimeAddressType type) {
    const std::unique_ptr<char, void (*)(void*)> text(
        internet_address_list_to_string(g_mime_message_get_addresses(message, type), nullptr,
                                        false),
        g_free);
    return std::string(text ? text.get() : "");
  };
  read.from = address(GMIME_ADDRESS_TYPE_FROM);
  read.to = address(GMIME_ADDRESS_TYPE_TO);
  read.message_id = g_mime_message_get_message_id(message);
  GMimeObject* root = g_mime_message_get_mime_part(message);
  read_part(nullptr, root, &read);
  if (GMIME_IS_MULTIPART(root)) g_mime_multipart_foreach(GMIME_MULTIPART(root), read_part, &read);
  g_object_unref(message);
  g_object_unref(parser);
  g_object_unref(stream);
  return read;
}

// What RFC 5322 and 5321 forbid whatever a message says, or nothing.
std::string violation(std::string_view octets) {
  if (!octets.ends_with("\r\n")) return "no final CRLF";
  bool header = true;
  std::vector<std::string> seen;
  while (!octets.empty()) {
    const std::size_t end = octets.find("\r\n");
    const std::string_view line = octets.substr(0, end);
    octets.remove_prefix(end + 2);
    if (line.size() > 998) return "line over 998";
    if (!header && line.size() > 76) return "body line over 76";
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
      return "bare CR, LF or NUL";
    }
    if (header && line.empty()) header = false;
    if (!header || line.front() == ' ') continue;
    seen.emplace_back(line.substr(0, line.find(':')));
  }
  for (const char* name :
       {"Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"}) {
    if (std::ranges::count(seen, name) != 1) return std::string(name) + " not exactly once";
  }
  for (const std::string& name : seen) {
    if (name == "Bcc" || name == "X-Injected") return "injected " + name;
  }
  return {};
}

std::string with_crlf(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    text[i] == '\n' || text[i] == '\r' ? result.append("\r\n") : result.append(1, text[i]);
  }
  return result;
}

TEST(CompiledEmail, BuildsTextBeforeHtmlWithEveryHeaderOnce) {
  EmailContent content = content_of("Hello {{ name }}", "<p>Dear <b>{{ name }}</b>,</p>");
  content.reply_to = *wire::parse_mailbox("reply@example.org");
  content.list_id = "news.example.org";
  content.list_unsubscribe = true;
  content.auto_submitted = true;
  content.feedback_id = "c1:tidings";
  const BuiltEmail built = build(std::move(content), "Jan & Zoë");
  EXPECT_EQ(violation(built.octets), "");
  EXPECT_FALSE(built.is_8bit);
  EXPECT_FALSE(built.needs_smtputf8);
  const std::string header = built.octets.substr(0, built.octets.find("\r\n\r\n") + 2);
  EXPECT_EQ(header.substr(0, header.find("Content-Type")),
            "Date: Sat, 21 Nov 2026 09:00:00 +0000\r\n"
            "From: =?UTF-8?Q?Z=C3=BCrich_Office?= <office@xn--bcher-kva.example>\r\n"
            "To: Jan <jan@example.org>\r\n"
            "Subject: Hello Jan & =?UTF-8?Q?Zo=C3=AB?=\r\n"
            "Message-ID: " +
                message_id_header(kId, "xn--bcher-kva.example") +
                "\r\n"
                "List-Unsubscribe: <https://t.example.org/u/abc>\r\n"
                "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
                "Reply-To: reply@example.org\r\n"
                "List-Id: <news.example.org>\r\n"
                "Feedback-ID: c1:tidings\r\n"
                "Auto-Submitted: auto-generated\r\n"
                "MIME-Version: 1.0\r\n");
  const Read read = read_back(built.octets);
  EXPECT_EQ(read.subject, "Hello Jan & Zoë");
  EXPECT_EQ(read.text, "Dear Jan & Zoë,");
  EXPECT_EQ(read.html, "<p>Dear <b>Jan &amp; Zoë</b>,</p>");
  EXPECT_EQ(read.structure,
            (std::vector<std::string>{"multipart/alternative", "text/plain", "text/html"}));
}

TEST(CompiledEmail, SendsOnlyWhatThereIs) {
  EXPECT_EQ(read_back(build(content_of("s", "", "plain {{ name }}"), "x").octets).structure,
            std::vector<std::string>{"text/plain"});
  EXPECT_EQ(read_back(build(content_of("s", "<img src=x>"), "x").octets).structure,
            std::vector<std::string>{"text/html"});
  const Read given = read_back(build(content_of("s", "<p>html</p>", "my text"), "x").octets);
  EXPECT_EQ(given.text, "my text");
  const BuiltEmail empty = build(content_of("", "", "x"), "x");
  EXPECT_EQ(violation(empty.octets), "");
  EXPECT_TRUE(empty.octets.contains("\r\nSubject:\r\n"));
  EXPECT_EQ(violation(build(content_of("s", "", "{{ name }}"), "").octets), "");
}

TEST(CompiledEmail, CarriesAttachmentsByteForByte) {
  EmailContent content = content_of("s", "<p>x</p>");
  std::string all;
  for (int i = 0; i < 1'000; ++i) all += static_cast<char>(i * 7);
  content.attachments = {
      {"Übersicht.pdf", "application/pdf", "The überblick", std::make_shared<std::string>(all)},
      {"empty.txt", "", "", std::make_shared<std::string>()},
      {"mail.eml", "message/rfc822", "", std::make_shared<std::string>("From: x\r\n\r\ny\r\n")}};
  const BuiltEmail built = build(std::move(content), "x");
  EXPECT_EQ(violation(built.octets), "");
  const Read read = read_back(built.octets);
  EXPECT_EQ(read.structure,
            (std::vector<std::string>{"multipart/mixed", "multipart/alternative", "text/plain",
                                      "text/html", "application/pdf", "application/octet-stream",
                                      "application/octet-stream"}));
  EXPECT_EQ(read.names, (std::vector<std::string>{"Übersicht.pdf", "empty.txt", "mail.eml"}));
  EXPECT_EQ(read.attachments, (std::vector<std::string>{all, "", "From: x\r\n\r\ny\r\n"}));

  EmailContent text_only = content_of("s", "", "just text");
  text_only.attachments = {{"a.txt", "text/plain", "", std::make_shared<std::string>("a")}};
  const Read plain = read_back(build(std::move(text_only), "x").octets);
  EXPECT_EQ(plain.structure,
            (std::vector<std::string>{"multipart/mixed", "text/plain", "text/plain"}));
  EXPECT_EQ(plain.text, "just text");
}

TEST(CompiledEmail, AsksForSmtputf8OnlyForLocalPartsBeyondAscii) {
  const BuiltEmail utf8 = build(content_of("s", "", "x"), "x", "jörg@example.org");
  EXPECT_TRUE(utf8.needs_smtputf8);
  EXPECT_TRUE(utf8.is_8bit);
  EXPECT_TRUE(utf8.octets.contains("To: Jan <jörg@example.org>\r\n"));
  const BuiltEmail idn = build(content_of("s", "", "x"), "x", "jan@bücher.example");
  EXPECT_FALSE(idn.needs_smtputf8);
  EXPECT_FALSE(idn.is_8bit);
  EXPECT_TRUE(idn.octets.contains("To: Jan <jan@xn--bcher-kva.example>\r\n"));
  EXPECT_EQ(read_back(build(content_of("s", "", "x"), "x", "\"a b\"@example.org").octets).to,
            "Jan <\"a b\"@example.org>");
}

TEST(CompiledEmail, NamesThePartOfATemplateError) {
  const auto error = [](EmailContent content) {
    const auto compiled = CompiledEmail::compile(std::move(content));
    return compiled ? std::string("compiled") : compiled.error().message;
  };
  EXPECT_TRUE(error(content_of("s", "<p>\n\n  {% if x %}")).starts_with("html, line "));
  EXPECT_TRUE(error(content_of("{{ x", "<p>a</p>")).starts_with("subject, line 1, column 1"));
  EXPECT_TRUE(error(content_of("s", "<p>a</p>", "{% nosuch %}")).starts_with("text, line 1"));
  EXPECT_EQ(CompiledEmail::compile(content_of("s", "")).error().code, "email.empty");
  EmailContent bad = content_of("s", "", "x");
  bad.message_id_domain = "exa mple\r\n";
  EXPECT_EQ(CompiledEmail::compile(std::move(bad)).error().code, "email.domain");
}

TEST(CompiledEmail, RefusesWhatOneRecipientCannotGet) {
  EmailContent content = content_of("s", "", "x");
  content.list_unsubscribe = true;
  const auto compiled = CompiledEmail::compile(std::move(content));
  ASSERT_TRUE(compiled);
  const Value values = Value::object({});
  const auto code = [&](std::string_view address, std::string_view url) {
    const auto built = compiled->build({kId, address, "", &values, url, kDate});
    return built ? std::string("built") : built.error().code;
  };
  EXPECT_EQ(code("a@b.org", "https://x.org/u"), "built");
  EXPECT_EQ(code("a@b.org", ""), "email.no_unsubscribe_url");
  EXPECT_EQ(code("a@b.org", "https://x.org/>\r\nBcc: x"), "email.no_unsubscribe_url");
  EXPECT_EQ(code("a@b.org\r\nBcc: x@y.org", "https://x.org/u"), "address.two_at");
  EXPECT_EQ(code("nobody", "https://x.org/u"), "address.no_at");
}

TEST(CompiledEmail, ListsTheVariablesOfEachPart) {
  const auto compiled =
      CompiledEmail::compile(content_of("{{ a.b }}", "<p>{{ c }}</p>", "{{ d }}"));
  ASSERT_TRUE(compiled);
  ASSERT_EQ(compiled->variables().size(), 3u);
  EXPECT_EQ(compiled->variables()[0].part, "subject");
  EXPECT_EQ(compiled->variables()[0].uses[0].path, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(compiled->variables()[1].part, "html");
  EXPECT_EQ(compiled->variables()[2].uses[0].path, std::vector<std::string>{"d"});
}

TEST(CompiledEmail, AnyValueIsReadBackAsItIs) {
  const auto compiled = CompiledEmail::compile(
      content_of("Re: {{ name }}!", "<p>Dear {{ name }},</p>\n<p>{{ name | unescaped }}\n.\n</p>",
                 "Dear {{ name }},\n{{ name }}\n.\n{{ name }} "));
  ASSERT_TRUE(compiled);
  EXPECT_TRUE(rc::check("subject, parts and names survive, whatever they are", [&] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "a", " ", "Word", "é", "שלום", "😀", "日本", "\r\n", "\n", "\r", "\r\nBcc: x@y.org",
        "\r\nX-Injected: 1\r\n\r\n", ".", "\n.\n", "\r\n.\r\n", "=", "--=_", "<b>&\"", "  ", "\t",
        std::string(100, 'w'), std::string(1'100, 'z'), "{{ x }}", "=?UTF-8?Q?x?="));
    std::string name;
    for (const std::string& piece : pieces) name += piece;
    const std::vector<Member> members = {{"name", Value::string(name)}};
    const Value values = Value::object(members);
    const auto built = compiled->build({kId, "jan@example.org", name, &values, "", kDate});
    RC_ASSERT(built.has_value());
    RC_ASSERT(violation(built->octets) == "");
    const Read read = read_back(built->octets);
    std::string one_line;
    for (const char c : name) {
      if (c != '\r' && c != '\n') one_line += c;
    }
    RC_ASSERT(read.subject == wire::clean_header_text("Re: " + one_line + "!"));
    RC_ASSERT(read.text == with_crlf("Dear " + name + ",\n" + name + "\n.\n" + name + " "));
    RC_ASSERT(read.html.contains(with_crlf("\n<p>" + name + "\n.\n</p>")));
    RC_ASSERT(read.to.ends_with("jan@example.org>") == !wire::clean_header_text(name).empty());
  }));
}

TEST(MessageIdHeader, IsReadBackAndNotConfusedWithOthers) {
  const std::string header = message_id_header(kId, "example.org");
  EXPECT_TRUE(header.starts_with("<"));
  EXPECT_TRUE(header.ends_with(".tidings@example.org>"));
  EXPECT_EQ(parse_message_id_header(header), kId);
  EXPECT_EQ(parse_message_id_header(" " + header + "\r\n"), kId);
  EXPECT_EQ(parse_message_id_header(header.substr(1, header.size() - 2)), kId);
  EXPECT_FALSE(parse_message_id_header(""));
  EXPECT_FALSE(parse_message_id_header("<abc@example.org>"));
  EXPECT_FALSE(parse_message_id_header("<1234567890123456789.tidings@example.org>"));
  EXPECT_FALSE(parse_message_id_header("<0000000000000.tidings@example.org>"));
  EXPECT_FALSE(parse_message_id_header("<zzzzzzzzz!zzz.tidings@example.org>"));
}

}  // namespace
}  // namespace tidings::delivery
