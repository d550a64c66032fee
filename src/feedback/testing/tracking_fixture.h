// Messages with tracked links on a database, and what hits on them leave behind.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "db/testing/databases.h"
#include "delivery/content_store.h"
#include "delivery/hit_data.h"
#include "delivery/ledger.h"
#include "delivery/link_store.h"
#include "feedback/link_targets.h"
#include "identity/organisation_settings.h"
#include "identity/organisations.h"

namespace tidings::feedback::testing {

namespace fs = std::filesystem;
using delivery::Hit;
using delivery::Ledger;
using identity::TrackingMode;
using wire::TokenPurpose;

inline constexpr std::string_view kHtml =
    "<html><body><a href=\"https://a.example/x?y=1&amp;z=2\">one</a> "
    "<a href=\"https://b.example/?id={{ contact.external_id }}\">two</a> "
    "<a href=\"{{ unsubscribe_url }}\">out</a></body></html>";

class TrackingFixture : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    write([&](db::Connection& c) -> Result<void> {
      TRY(identity::create_organisation(c, organisation_, clock_.now()));
      return identity::create_organisation(c, other_, clock_.now());
    });
    choose(TrackingMode::individual);
    content_ = freeze(false);
    message_ = add_message(content_, MessageKind::campaign, R"({"external_id":"A 7"})");
  }
  ~TrackingFixture() override { fs::remove_all(folder_); }

  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::web, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  void choose(TrackingMode mode, identity::TrackedAddress kept = {}) {
    write([&](db::Connection& c) -> Result<void> {
      auto settings = TRY(identity::organisation_settings(c, organisation_.id));
      settings.tracking = mode;
      settings.tracked_address = kept;
      return identity::change_organisation_settings(c, organisation_.id, settings);
    });
  }
  ContentVersionId freeze(bool is_total) {
    delivery::EmailContent content;
    content.subject = "News";
    content.html = kHtml;
    content.from = wire::parse_mailbox("Club <news@club.example>").value();
    content.tracking =
        delivery::find_tracking(kHtml, {.opens = true, .clicks = true, .is_total = is_total});
    const auto email = delivery::CompiledEmail::compile(content).value();
    const auto id = ids_.next<ContentVersionId>();
    write([&](db::Connection& c) {
      return delivery::freeze_content(c, organisation_.id, id, email, {}, "", clock_.now());
    });
    return id;
  }
  MessageId add_message(ContentVersionId content, MessageKind kind, std::string values) {
    delivery::DirectMessage direct;
    direct.organisation_id = organisation_.id;
    direct.message.id = ids_.next<MessageId>();
    direct.message.address = direct.message.normalised = "anna@example.org";
    direct.message.values = R"({"contact":)" + values + "}";
    direct.content_version_id = content;
    direct.kind = kind;
    write([&](db::Connection& c) { return ledger_.add_direct(c, {&direct, 1}, clock_.now()); });
    return direct.message.id;
  }
  std::string token(std::int64_t id, TokenPurpose purpose = TokenPurpose::track) {
    return (*keys_.current(organisation_.id))->sign(MessageId{id}).url(purpose);
  }
  std::string lead(MessageId id, int number) {
    const auto followed = targets_.follow(token(id.value), content_, number);
    // What is known without asking is the same.
    const auto at_once = targets_.follow_at_once(token(id.value), content_, number);
    if (at_once) EXPECT_EQ(at_once->location, followed->location);
    return followed ? followed->location : followed.error().code;
  }
  Hit hit(MessageId id, int number) const {
    return {.organisation_id = organisation_.id,
            .message_id = id,
            .is_total = false,
            .number = number,
            .occurred_at = from_micros(1'000'000),
            .address = "192.0.2.77",
            .user_agent = "Bro\xc3wser"};
  }
  void record(const std::vector<Hit>& hits) {
    write([&](db::Connection& c) { return ledger_.record_hits(c, hits, clock_.now()); });
  }
  struct Told {
    int type = 0;
    std::string data;
  };
  std::vector<Told> told(MessageId id) {
    std::vector<Told> events;
    const auto read = database_->read([&](db::Connection& c) {
      return c.query({"",
                      "SELECT type, data FROM event WHERE organisation_id = $1"
                      " AND message_id = $2 ORDER BY id"},
                     {organisation_.id, id}, [&](const db::Row& row) {
                       events.push_back({static_cast<int>(row.integer(0)), row.string(1)});
                     });
    });
    EXPECT_TRUE(read);
    return events;
  }
  std::int64_t status(MessageId id) {
    return **database_->read_value([&](db::Connection& c) {
      return c.query_first(
          {"", "SELECT status FROM message WHERE organisation_id = $1 AND id = $2"},
          {organisation_.id, id}, [](const db::Row& row) { return row.integer(0); });
    });
  }
  delivery::TrackingFigures figures(ContentVersionId content) {
    return *database_->read_value([&](db::Connection& c) {
      return delivery::tracking_figures(c, organisation_.id, content);
    });
  }

  const fs::path folder_ = fs::temp_directory_path() / fmt::format("tidings_track_{}", ::getpid());
  db::testing::TestDatabase database_{GetParam()};
  SystemClock clock_;
  IdSource ids_{clock_, 1};
  identity::SecretBox box_ = *identity::SecretBox::from_text(std::string(64, '1'));
  identity::TokenKeys keys_{*database_, box_, clock_};
  identity::Organisation organisation_{ids_.next<OrganisationId>(), "Club", "en", "UTC", ""};
  identity::Organisation other_{ids_.next<OrganisationId>(), "School", "en", "UTC", ""};
  Ledger ledger_{ids_, NodeId{1}, 1};
  LinkTargets targets_{*database_, keys_};
  ContentVersionId content_;
  MessageId message_;
};

}  // namespace tidings::feedback::testing
