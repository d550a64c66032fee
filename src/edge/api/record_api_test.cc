// The record through the API, on both databases: lists, one message, figures, deleting from the
// history, and what a hostile message may do to whoever looks at it: nothing.
#include <algorithm>
#include <boost/json.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "compose/campaigns.h"
#include "delivery/content_store.h"
#include "delivery/ledger.h"
#include "edge/api/testing/api_fixture.h"
#include "report/readable_email.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

constexpr std::string_view kHostile =
    "<p>Hello</p><script>alert(1)</script><img src=\"https://evil.example/a.png\">";

class RecordApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  void SetUp() override {
    campaign_ = start("Spring news", true);
    enqueue(campaign_, 6);
    write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"",
                     "INSERT INTO contact (organisation_id, id, first_name, last_name,"
                     " created_at, changed_at) VALUES ($1, 501, '=cmd()', 'Ann', 0, 5)"},
                    {api_.organisation()}));
      return {};
    });
    settle();
  }

  void write(const db::Database::Work& work) {
    const auto wrote = api_.database().write(db::Priority::ledger, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }

  compose::Campaign start(std::string_view subject, bool has_attachment) {
    delivery::EmailContent content;
    content.subject = subject;
    content.html = kHostile;
    content.text = "Hello";
    content.from = wire::parse_mailbox("Our Club <news@club.example>").value();
    if (has_attachment) {
      content.attachments.push_back({"a\"b é.svg", "image/svg+xml", "",
                                     std::make_shared<const std::string>("<svg onload=x>")});
    }
    const auto email = delivery::CompiledEmail::compile(content).value();
    compose::Campaign campaign;
    campaign.organisation_id = api_.organisation();
    campaign.id = api_.ids().next<CampaignId>();
    campaign.content_version_id = api_.ids().next<ContentVersionId>();
    campaign.transport_id = TransportId{1};
    campaign.name = subject;
    write([&](db::Connection& c) -> Result<void> {
      TRY(delivery::freeze_content(c, api_.organisation(), campaign.content_version_id, email, {},
                                   octets(), api_.clock().now()));
      return compose::insert_campaign(c, campaign, api_.clock().now());
    });
    return campaign;
  }
  // What the first recipient got.
  static std::string octets() {
    return "Subject: =?utf-8?Q?Caf=C3=A9?=\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
           "--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
           "--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
           std::string(kHostile) +
           "\r\n--x\r\nContent-Type: image/svg+xml\r\nContent-Disposition: attachment;"
           " filename=\"a.svg\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
           "PHN2ZyBvbmxvYWQ9eD4=\r\n--x--\r\n";
  }
  void enqueue(const compose::Campaign& campaign, int count) {
    std::vector<delivery::NewMessage> messages;
    for (int i = 0; i < count; ++i) {
      delivery::NewMessage message;
      message.id = api_.ids().next<MessageId>();
      message.contact_id = ContactId{501 + i};
      message.about = {message.contact_id};
      message.address = fmt::format("Person{}@x.org", i);
      message.normalised = fmt::format("person{}@x.org", i);
      message.values_hash = i;
      message.values = "{}";
      if (i == 5) {
        message.state = MessageState::skipped;
        message.reason = "no address";
        message.address = message.normalised = "";
      }
      ids_.push_back(message.id);
      messages.push_back(std::move(message));
    }
    write([&](db::Connection& c) {
      return ledger_.enqueue(
          c, {api_.organisation(), campaign.id, campaign.content_version_id, {}, {}}, messages,
          api_.clock().now());
    });
  }
  // Message 0 and 3 sent, 1 bounced with the server's words, 2 blocked, 4 waits.
  void settle() {
    std::vector<delivery::Settlement> settlements;
    write([&](db::Connection& c) -> Result<void> {
      const auto claimed =
          TRY(ledger_.claim(c, api_.organisation(), campaign_.id, 4, api_.clock().now()));
      EXPECT_EQ(claimed.size(), 4u);
      const auto content =
          TRY(delivery::load_content(c, api_.organisation(), campaign_.content_version_id));
      delivery::BodyRecords bodies;
      for (int i = 0; i < 4; ++i) {
        delivery::Settlement one{api_.organisation(), campaign_.id, 1, {}, {}, {}};
        one.outcome.message_id = ids_[static_cast<std::size_t>(i)];
        one.outcome.kind = i == 1 || i == 2 ? OutcomeKind::bounced : OutcomeKind::sent;
        one.outcome.reason = i == 1 ? "mailbox_full" : i == 2 ? "policy" : "accepted";
        one.outcome.reply_code = i == 1 ? 550 : 250;
        one.outcome.reply_text = "<script>alert('" + std::string(i == 1 ? "full" : "ok") + "')";
        one.outcome.started_at = one.outcome.ended_at = api_.clock().now();
        one.record = bodies.make(octets(), *content);
        settlements.push_back(std::move(one));
      }
      TRY(ledger_.settle(c, NodeId{5}, settlements, api_.clock().now()));
      return {};
    });
  }
  testing::Reply get(const std::string& target) { return api_.call("GET", target); }
  std::string message(std::size_t i) const { return "/messages/" + to_text(ids_[i]); }
  std::string campaign() const { return "/campaigns/" + to_text(campaign_.id); }
  void end_campaign() {
    write([&](db::Connection& c) {
      return compose::finish_campaign(c, campaign_, CampaignState::finished, api_.clock().now());
    });
    write([&](db::Connection& c) -> Result<void> {
      TRY(ledger_.cancel_unsent(c, api_.organisation(), campaign_.id, 100, api_.clock().now()));
      return {};
    });
  }
  static std::string sentence_of(const testing::Reply& reply) {
    EXPECT_EQ(reply.status, 200) << reply.text;
    return reply.status == 200 ? std::string(reply.json.at("sentence").as_string()) : "";
  }
  static std::size_t rows(const testing::Reply& reply) {
    EXPECT_EQ(reply.status, 200) << reply.text;
    return reply.status == 200 ? reply.json.at("items").as_array().size() : 0;
  }
  static constexpr std::string_view kReason = R"({"reason": "a parent asked for it"})";

  testing::ApiFixture api_{GetParam()};
  delivery::Ledger ledger_{api_.ids(), NodeId{5}, 3};
  compose::Campaign campaign_;
  std::vector<MessageId> ids_;
};

INSTANTIATE_TEST_SUITE_P(On, RecordApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(RecordApi, send_outs_have_one_row_per_campaign_and_one_per_other_message) {
  write([&](db::Connection& c) {
    delivery::NewMessage single;
    single.id = api_.ids().next<MessageId>();
    single.address = single.normalised = "ann@x.org";
    single.values = "{}";
    single.subject = "Your ticket";
    return ledger_.enqueue(
        c, {api_.organisation(), {}, campaign_.content_version_id, MessageKind::transactional, {}},
        std::span(&single, 1), api_.clock().now());
  });
  for (const char* sort :
       {"at", "type", "subject", "sender", "status", "sent", "has_attachments"}) {
    const auto up = get(fmt::format("/send-outs?limit=1&sort={}", sort));
    ASSERT_EQ(rows(up), 1u) << sort;
    const auto rest = get(fmt::format("/send-outs?limit=1&sort={}&cursor={}", sort,
                                      std::string_view(up.json.at("next_cursor").as_string())));
    ASSERT_EQ(rows(rest), 1u) << sort;
    const auto down = get(fmt::format("/send-outs?sort=-{}", sort));
    ASSERT_EQ(rows(down), 2u) << sort;
    EXPECT_EQ(down.json.at("items").at(1), up.json.at("items").at(0)) << sort;
    EXPECT_EQ(down.json.at("items").at(0), rest.json.at("items").at(0)) << sort;
    EXPECT_TRUE(rest.json.at("next_cursor").is_null()) << rest.text;
  }
  const auto mailing = get("/send-outs?type=mailing&status=running&has_attachments=true");
  ASSERT_EQ(rows(mailing), 1u);
  const json::value& row = mailing.json.at("items").at(0);
  EXPECT_EQ(row.at("subject"), "Spring news");
  EXPECT_EQ(row.at("sent"), 2);
  EXPECT_TRUE(row.at("opened").is_null()) << "nobody looked";
  EXPECT_TRUE(row.at("open_rate").is_null());
  EXPECT_EQ(row.at("unsubscribed"), 0);
  EXPECT_EQ(row.at("blocked_or_spam"), 1);
  EXPECT_EQ(row.at("answered"), 0);
  EXPECT_EQ(row.at("total"), 6);
  EXPECT_EQ(row.at("title"), "Mailing");
  EXPECT_EQ(rows(get("/send-outs?type=transactional_email&text=TICKET")), 1u);
  EXPECT_EQ(rows(get("/send-outs?text=ann%40x&type=mailing,transactional_email")), 1u);
  EXPECT_EQ(rows(get("/send-outs?sender=nobody")), 0u);
}

TEST_P(RecordApi, a_log_without_anything_lately_says_how_much_there_is_before) {
  api_.clock().advance(std::chrono::days(8));
  const auto send_outs = get("/send-outs");
  EXPECT_EQ(rows(send_outs), 0u);
  EXPECT_EQ(send_outs.json.at("earlier"), 1);
  const auto messages = get("/messages");
  EXPECT_EQ(rows(messages), 0u);
  EXPECT_EQ(messages.json.at("earlier"), 6);
  EXPECT_EQ(rows(get("/messages?all=true")), 6u);
  EXPECT_EQ(rows(get("/messages?campaign=" + to_text(campaign_.id))), 6u);
  EXPECT_TRUE(get("/messages?all=true").json.at("earlier").is_null());
}

TEST_P(RecordApi, every_message_is_filtered_sorted_and_paged) {
  EXPECT_EQ(rows(get("/messages?status=bounced")), 2u);
  EXPECT_EQ(rows(get("/messages?status=bounced,skipped&sort=status")), 3u);
  EXPECT_EQ(rows(get("/messages?text=person1%40")), 1u);
  EXPECT_EQ(rows(get("/messages?contact=" + to_text(ContactId{503}))), 1u);
  EXPECT_EQ(rows(get("/messages?kind=individual,test")), 0u);
  const auto first = get("/messages?limit=4&sort=address");
  EXPECT_EQ(first.json.at("sort"), "address");
  const auto rest = get(fmt::format("/messages?limit=4&sort=address&cursor={}",
                                    std::string_view(first.json.at("next_cursor").as_string())));
  EXPECT_EQ(rows(first) + rows(rest), 6u);
  EXPECT_EQ(rest.json.at("items").at(1).at("address"), "Person4@x.org");
}

TEST_P(RecordApi, a_wrong_filter_is_told_by_its_name) {
  for (const char* target :
       {"/messages?status=lost", "/messages?campaign=x", "/messages?sort=id;DROP",
        "/messages?from=yesterday", "/messages?limit=0", "/messages?cursor=zz",
        "/send-outs?status=gone", "/send-outs?sort=name", "/send-outs?type=letter",
        "/send-outs?cursor=%00"}) {
    const auto reply = get(target);
    EXPECT_GE(reply.status, 400) << target << reply.text;
    EXPECT_LE(reply.status, 422) << target << reply.text;
  }
  EXPECT_EQ(get("/messages?status=lost").fields(), "?status");
}

TEST_P(RecordApi, recipients_show_the_address_of_then_and_the_name_of_now) {
  const auto list = get(campaign() + "/recipients?sort=address");
  ASSERT_EQ(rows(list), 6u);
  const json::value& first = list.json.at("items").at(1);
  EXPECT_EQ(first.at("address"), "Person0@x.org");
  EXPECT_EQ(first.at("name"), "=cmd() Ann");
  EXPECT_EQ(first.at("contact_changed_at"), "1970-01-01T00:00:00.000005Z");
  EXPECT_EQ(first.at("status"), "sent");
  EXPECT_EQ(rows(get(campaign() + "/recipients?status=skipped")), 1u);
  EXPECT_EQ(get("/campaigns/" + to_text(CampaignId{5}) + "/recipients").status, 404);
}

TEST_P(RecordApi, an_export_holds_no_formula) {
  const auto csv = get(campaign() + "/recipients/export");
  ASSERT_EQ(csv.status, 200) << csv.text;
  EXPECT_EQ(csv.header("Content-Type"), "text/csv; charset=utf-8");
  EXPECT_TRUE(csv.header("Content-Disposition").starts_with("attachment;"));
  EXPECT_TRUE(csv.text.contains("'=cmd() Ann,Person0@x.org,sent")) << csv.text;
  EXPECT_EQ(std::ranges::count(csv.text, '\n'), 7);
  const auto reader = api_.with({identity::Permission::record_read});
  EXPECT_EQ(api_.call_as(reader, "GET", campaign() + "/recipients/export").status, 403);
}

TEST_P(RecordApi, every_message_can_be_exported_as_it_is_listed) {
  const auto lines = [](const auto& answer) { return std::ranges::count(answer.text, '\n'); };
  const auto csv = get("/message-export");
  ASSERT_EQ(csv.status, 200) << csv.text;
  EXPECT_EQ(csv.header("Content-Type"), "text/csv; charset=utf-8");
  EXPECT_TRUE(csv.header("Content-Disposition").starts_with("attachment;"));
  EXPECT_TRUE(csv.text.starts_with("queued_at,kind,channel,address,subject,")) << csv.text;
  const auto listed = get("/messages?all=true&limit=200");
  EXPECT_EQ(lines(csv), static_cast<std::ptrdiff_t>(rows(listed)) + 1);
  for (const json::value& item : listed.json.at("items").as_array()) {
    EXPECT_NE(csv.text.find(item.at("id").as_string()), std::string::npos);
  }
  EXPECT_EQ(lines(get("/message-export?status=skipped")), 2);
  EXPECT_EQ(lines(get("/message-export?until=2001-01-01T00:00:00Z")), 1) << "the heading";
  const auto sorted = get("/message-export?status=sent,bounced&sort=-address");
  const auto last = sorted.text.find("Person0@x.org");
  EXPECT_NE(last, std::string::npos) << sorted.text;
  EXPECT_LT(sorted.text.find("erson1@x.org"), last) << sorted.text;
  EXPECT_EQ(get("/message-export?status=lost").status, 422);
  const auto reader = api_.with({identity::Permission::record_read});
  EXPECT_EQ(api_.call_as(reader, "GET", "/message-export").status, 403);
  const auto exporter = api_.with({identity::Permission::contacts_export});
  EXPECT_EQ(api_.call_as(exporter, "GET", "/message-export?deleted=true").status, 403);
}

TEST_P(RecordApi, did_it_arrive_is_answered_in_a_sentence_with_proof) {
  const auto sent = get("/did-it-arrive?q=person0%40X.org");
  ASSERT_EQ(sent.status, 200) << sent.text;
  EXPECT_EQ(sent.json.at("language"), "en");
  ASSERT_EQ(sent.json.at("candidates").as_array().size(), 1u) << sent.text;
  const json::value& one = sent.json.at("candidates").at(0);
  EXPECT_EQ(one.at("name"), "=cmd() Ann")
      << "the address is in nobody's file, the record knows whose";
  EXPECT_TRUE(sentence_of(sent).starts_with("It left: “Spring news”"));
  EXPECT_EQ(one.at("messages").at(0).at("message_id"), json::value(to_text(ids_[0])));
  const json::value& proof = one.at("messages").at(0).at("proof");
  EXPECT_EQ(proof.at("content_sha256").as_string().size(), 64u);
  EXPECT_EQ(proof.at("reply_code"), 250);
  EXPECT_EQ(proof.at("reply_text"), "<script>alert('ok')");

  const auto bounced = get("/did-it-arrive?q=person1%40x.org&language=nl");
  EXPECT_EQ(bounced.json.at("language"), "nl");
  EXPECT_TRUE(sentence_of(bounced).contains("geweigerd")) << bounced.text;
  EXPECT_TRUE(bounced.json.at("candidates").at(0).at("contact_id").is_string());
  const auto waiting = get("/did-it-arrive?q=person4%40x.org");
  EXPECT_TRUE(sentence_of(waiting).starts_with("Not yet"));
  const auto waits = waiting.json.at("candidates").at(0).at("messages").at(0);
  EXPECT_TRUE(waits.at("proof").at("content_sha256").is_null());
}

TEST_P(RecordApi, did_it_arrive_finds_people_by_name_and_says_what_it_does_not_know) {
  ASSERT_EQ(api_.call("POST", "/contacts",
                      R"({"first_name":"Noor","last_name":"Bakker",)"
                      R"("addresses":[{"channel":"email","address":"noor@x.org"}]})")
                .status,
            201);
  const auto by_name = get("/did-it-arrive?q=noor");
  ASSERT_EQ(by_name.json.at("candidates").as_array().size(), 1u) << by_name.text;
  EXPECT_TRUE(sentence_of(by_name).contains("record has no message"));
  const auto unknown = get("/did-it-arrive?q=nobody%40x.org");
  EXPECT_EQ(unknown.json.at("candidates").as_array().size(), 0u);
  EXPECT_TRUE(sentence_of(unknown).starts_with("Nothing is known"));
  EXPECT_EQ(get("/did-it-arrive?q=%2B31612345678").json.at("candidates").as_array().size(), 0u);

  const std::string id(by_name.json.at("candidates").at(0).at("contact_id").as_string());
  ASSERT_EQ(api_.call("POST", "/contacts/" + id + "/erase", R"({"reason":"asked"})").status / 100,
            2);
  const auto erased = get("/did-it-arrive?q=NOOR%40x.org");
  EXPECT_EQ(erased.json.at("candidates").as_array().size(), 0u) << erased.text;
  EXPECT_TRUE(sentence_of(erased).contains("erased at their request"));
  EXPECT_EQ(get("/did-it-arrive?q=noor").json.at("candidates").as_array().size(), 0u);
}

TEST_P(RecordApi, did_it_arrive_stays_within_the_organisation) {
  const auto other = api_.everything(api_.other_organisation());
  for (const char* question : {"person0%40x.org", "ann"}) {
    const auto reply = api_.call_as(other, "GET", fmt::format("/did-it-arrive?q={}", question));
    ASSERT_EQ(reply.status, 200) << reply.text;
    EXPECT_EQ(reply.json.at("candidates").as_array().size(), 0u) << reply.text;
  }
  EXPECT_EQ(get("/did-it-arrive").status, 422);
  EXPECT_EQ(get("/did-it-arrive?q=" + std::string(300, 'x')).status, 200);
  EXPECT_EQ(get("/did-it-arrive?q=%27%3B--%00").status / 100, 4);
}

TEST_P(RecordApi, the_history_of_a_contact_holds_what_was_sent_to_it) {
  const auto history = get("/contacts/" + to_text(ContactId{501}) + "/history");
  EXPECT_EQ(rows(history), 1u);
  EXPECT_EQ(get("/contacts/" + to_text(ContactId{77}) + "/history").status, 404);
}

TEST_P(RecordApi, a_message_tells_its_events_with_the_servers_own_words) {
  const auto one = get(message(1));
  ASSERT_EQ(one.status, 200) << one.text;
  EXPECT_EQ(one.json.at("status"), "bounced");
  const json::value& attempt = one.json.at("events").at(0).at("attempt");
  EXPECT_EQ(attempt.at("reply_code"), 550);
  EXPECT_EQ(attempt.at("reply_text"), "<script>alert('full')");
  EXPECT_EQ(one.header("Content-Type"), "application/json");
  EXPECT_EQ(one.json.at("content_sha256").as_string().size(), 64u);
  EXPECT_TRUE(get(message(4)).json.at("content_sha256").is_null());
}

TEST_P(RecordApi, the_content_is_byte_for_byte_what_was_sent) {
  const auto content = get(message(0) + "/content");
  ASSERT_EQ(content.status, 200) << content.text;
  EXPECT_EQ(content.json.at("html").as_string(), kHostile);
  EXPECT_EQ(content.json.at("text"), "Hello");
  EXPECT_EQ(content.json.at("headers").at(0).at("value"), "Café");
  EXPECT_EQ(content.json.at("attachments").at(0).at("file_name"), "a.svg");
  const auto eml = get(message(0) + "/eml");
  EXPECT_EQ(eml.text, octets());
  EXPECT_EQ(eml.header("Content-Type"), "message/rfc822");
  EXPECT_EQ(get(message(4) + "/content").code(), "message.not_sent");
}

TEST_P(RecordApi, a_body_that_was_changed_afterwards_is_not_shown) {
  write([&](db::Connection& c) -> Result<void> {
    std::string record;
    TRY(c.query({"", "SELECT record FROM message_body WHERE message_id = $1"}, {ids_[0]},
                [&](const db::Row& row) { record = row.bytes(0); }));
    record[3] = static_cast<char>(record[3] ^ 1);
    TRY(c.execute({"", "UPDATE message_body SET record = $1 WHERE message_id = $2"},
                  {db::BytesView{record}, ids_[0]}));
    return {};
  });
  EXPECT_EQ(get(message(0) + "/content").status, 500);
  EXPECT_EQ(get(message(0) + "/eml").status, 500);
}

TEST_P(RecordApi, html_is_shown_where_it_can_do_nothing) {
  const auto html = get(message(0) + "/html");
  ASSERT_EQ(html.status, 200) << html.text;
  EXPECT_EQ(html.text, kHostile);
  const std::string policy = html.header("Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'")) << policy;
  EXPECT_TRUE(policy.ends_with("; sandbox")) << policy;
  EXPECT_FALSE(policy.contains("script-src"));
  EXPECT_FALSE(policy.contains("allow-"));
  EXPECT_FALSE(policy.contains("https:"));
  const auto remote = get(message(0) + "/html?remote_images=true");
  EXPECT_TRUE(remote.header("Content-Security-Policy").contains("img-src https: data:;"));
}

TEST_P(RecordApi, an_attachment_is_always_a_download) {
  const auto file = get(message(0) + "/attachments/1");
  ASSERT_EQ(file.status, 200) << file.text;
  EXPECT_EQ(file.text, "<svg onload=x>");
  EXPECT_EQ(file.header("Content-Type"), "application/octet-stream");
  EXPECT_EQ(file.header("Content-Disposition"), "attachment; filename*=UTF-8''a.svg");
  EXPECT_TRUE(file.header("Content-Security-Policy").contains("sandbox"));
  EXPECT_EQ(get(message(0) + "/attachments/2").status, 404);
}

TEST_P(RecordApi, figures_add_up_and_tell_only_what_is_measured) {
  const auto figures = get(campaign() + "/statistics");
  ASSERT_EQ(figures.status, 200) << figures.text;
  double percent = 0;
  std::int64_t amount = 0;
  for (const json::value& line : figures.json.at("ended").as_array()) {
    percent += line.at("percent").to_number<double>();
    amount += line.at("amount").as_int64();
    if (line.at("line") == "failed") EXPECT_EQ(line.at("amount"), 2);
  }
  EXPECT_DOUBLE_EQ(percent, 100.0);
  EXPECT_EQ(amount, 6);
  for (const json::value& figure : figures.json.at("along_the_way").as_array()) {
    EXPECT_NE(figure.at("figure"), "opened");
    if (figure.at("figure") == "blocked_or_spam") EXPECT_EQ(figure.at("people"), 1);
  }
}

TEST_P(RecordApi, a_hidden_message_is_gone_from_lists_and_comes_back) {
  EXPECT_EQ(api_.call("POST", message(4) + "/hide", std::string(kReason)).code(),
            "message.not_settled");
  EXPECT_EQ(api_.call("POST", message(0) + "/hide", "{}").status, 422);
  ASSERT_EQ(api_.call("POST", message(0) + "/hide", std::string(kReason)).status, 204);
  EXPECT_EQ(rows(get("/messages")), 5u);
  EXPECT_EQ(rows(get("/messages?deleted=true")), 1u);
  const auto reader = api_.with({identity::Permission::record_read});
  EXPECT_EQ(api_.call_as(reader, "GET", message(0)).status, 404);
  EXPECT_EQ(api_.call_as(reader, "GET", message(0) + "/eml").status, 404);
  EXPECT_EQ(api_.call_as(reader, "GET", "/messages?deleted=true").status, 403);
  EXPECT_EQ(api_.call_as(reader, "POST", message(1) + "/hide", std::string(kReason)).status, 403);
  EXPECT_EQ(get(campaign() + "/statistics").json.at("total"), 6);
  ASSERT_EQ(api_.call("POST", message(0) + "/unhide").status, 204);
  EXPECT_EQ(rows(get("/messages")), 6u);
}

TEST_P(RecordApi, a_purged_message_leaves_its_tombstone_and_every_total) {
  const auto before = get(campaign() + "/statistics").json;
  ASSERT_EQ(api_.call("POST", message(1) + "/purge", std::string(kReason)).status, 204);
  const auto one = get(message(1));
  ASSERT_EQ(one.status, 200) << one.text;
  EXPECT_EQ(one.json.at("purged").at("reason"), "a parent asked for it");
  EXPECT_TRUE(one.json.at("address").is_null());
  EXPECT_EQ(one.json.at("status"), "bounced");
  EXPECT_FALSE(one.text.contains("alert"));
  EXPECT_EQ(get(message(1) + "/content").status, 404);
  EXPECT_EQ(rows(get("/messages?contact=" + to_text(ContactId{502}))), 0u);
  EXPECT_EQ(get(campaign() + "/statistics").json, before);
  write([&](db::Connection& c) -> Result<void> {
    const auto kept = TRY(delivery::Ledger::figures(c, api_.organisation(), campaign_.id));
    const auto counted = TRY(delivery::Ledger::recount(c, api_.organisation(), campaign_.id));
    EXPECT_EQ(kept.bounced, counted.bounced);
    EXPECT_EQ(kept.total(), counted.total());
    return {};
  });
  EXPECT_EQ(api_.call("POST", message(1) + "/unhide").code(), "message.purged");
  std::string action;
  write([&](db::Connection& c) {
    return c.query({"", "SELECT action, note FROM audit_log ORDER BY sequence"}, {},
                   [&](const db::Row& row) { action = row.string(0) + ": " + row.string(1); });
  });
  EXPECT_EQ(action, "message.purge: a parent asked for it");
}

TEST_P(RecordApi, a_campaign_is_hidden_with_its_messages_once_it_has_ended) {
  EXPECT_EQ(api_.call("POST", campaign() + "/hide", std::string(kReason)).code(),
            "campaign.not_ended");
  end_campaign();
  ASSERT_EQ(api_.call("POST", campaign() + "/hide", std::string(kReason)).status, 204);
  EXPECT_EQ(rows(get("/messages")), 0u);
  EXPECT_EQ(rows(get("/send-outs")), 0u);
  EXPECT_EQ(rows(get("/send-outs?deleted=true")), 1u);
  EXPECT_EQ(get(campaign() + "/recipients").status, 404);
  const auto reader = api_.with({identity::Permission::record_read});
  EXPECT_EQ(api_.call_as(reader, "GET", message(0)).status, 404);
  ASSERT_EQ(api_.call("POST", campaign() + "/unhide").status, 204);
  EXPECT_EQ(rows(get("/messages")), 6u);
}

TEST_P(RecordApi, a_purged_campaign_keeps_its_figures_and_nothing_of_anybody) {
  end_campaign();
  const auto before = get(campaign() + "/statistics").json;
  const auto purged = api_.call("POST", campaign() + "/purge", std::string(kReason));
  ASSERT_EQ(purged.status, 200) << purged.text;
  EXPECT_EQ(purged.json.at("purged"), 6);
  EXPECT_EQ(purged.json.at("is_finished"), true);
  EXPECT_EQ(api_.call("POST", campaign() + "/purge", std::string(kReason)).json.at("purged"), 0);
  std::int64_t left = -1;
  write([&](db::Connection& c) {
    return c.query({"",
                    "SELECT (SELECT COUNT(*) FROM message WHERE address <> '') +"
                    " (SELECT COUNT(*) FROM message_body) + (SELECT COUNT(*) FROM"
                    " message_about) + (SELECT COUNT(*) FROM event WHERE data <> '{}')"},
                   {}, [&](const db::Row& row) { left = row.integer(0); });
  });
  EXPECT_EQ(left, 0);
  EXPECT_EQ(get(message(0)).json.at("purged").at("reason"), "a parent asked for it");
  EXPECT_EQ(api_.call("POST", campaign() + "/unhide").code(), "campaign.purged");
  write([&](db::Connection& c) -> Result<void> {
    const auto counted = TRY(delivery::Ledger::recount(c, api_.organisation(), campaign_.id));
    EXPECT_EQ(counted.total(), before.at("total").as_int64());
    return {};
  });
}

TEST_P(RecordApi, another_organisation_finds_nothing_of_it) {
  const auto other = api_.everything(api_.other_organisation());
  const auto status = [&](std::string_view method, const std::string& target, bool has_body) {
    return api_.call_as(other, method, target, has_body ? std::string(kReason) : "").status;
  };
  for (const char* part : {"", "/content", "/eml", "/html", "/attachments/1"}) {
    EXPECT_EQ(status("GET", message(0) + part, false), 404) << part;
  }
  for (const char* part : {"/recipients", "/recipients/export", "/statistics"}) {
    EXPECT_EQ(status("GET", campaign() + part, false), 404) << part;
  }
  EXPECT_EQ(status("GET", "/contacts/" + to_text(ContactId{501}) + "/history", false), 404);
  end_campaign();
  for (const char* part : {"/hide", "/purge"}) {
    EXPECT_EQ(status("POST", message(0) + part, true), 404) << part;
    EXPECT_EQ(status("POST", campaign() + part, true), 404) << part;
  }
  EXPECT_EQ(status("POST", message(0) + "/unhide", false), 404);
  EXPECT_EQ(status("POST", campaign() + "/unhide", false), 404);
  for (const char* list : {"/messages?all=true", "/send-outs?all=true"}) {
    EXPECT_EQ(rows(api_.call_as(other, "GET", list)), 0u) << list;
  }
  EXPECT_EQ(rows(get("/messages")), 6u);
}

}  // namespace
}  // namespace tidings::api
