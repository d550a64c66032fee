// Two organisations in a database of each kind, and campaigns with a frozen content, for tests of
// what report reads of rows that compose and delivery really wrote.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "compose/campaigns.h"
#include "db/testing/databases.h"
#include "delivery/content_store.h"
#include "delivery/ledger.h"
#include "identity/organisations.h"

namespace tidings::report {

inline constexpr OrganisationId kOrganisation{7};
inline constexpr OrganisationId kOther{8};  // has nothing
inline constexpr Instant kStart = from_micros(1'800'000'000'000'000);

class SetClock final : public Clock {
 public:
  Instant now() const override { return at; }
  Instant at = kStart;
};

inline delivery::EmailContent letter(std::string_view subject,
                                     std::string_view from = "Our Club <news@club.example>") {
  delivery::EmailContent content;
  content.subject = subject;
  content.text = "Hello";
  content.from = wire::parse_mailbox(from).value();
  return content;
}

inline delivery::EmailContent with_attachment(delivery::EmailContent content) {
  content.attachments.push_back(
      {"a.txt", "text/plain", "", std::make_shared<const std::string>("content")});
  return content;
}

class FrozenCampaigns : public testing::TestWithParam<db::testing::Kind> {
 protected:
  FrozenCampaigns() {
    write([&](db::Connection& c) -> Result<void> {
      TRY(identity::create_organisation(c, {kOrganisation, "Club", "en", "UTC", "Here 1"},
                                        clock_.at));
      return identity::create_organisation(c, {kOther, "Other", "en", "UTC", "There 1"}, clock_.at);
    });
  }
  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::ledger, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  ContentVersionId freeze(const delivery::EmailContent& content) {
    const auto email = delivery::CompiledEmail::compile(content).value();
    const auto id = ids_.next<ContentVersionId>();
    write([&](db::Connection& c) {
      return delivery::freeze_content(c, kOrganisation, id, email, {}, "ref", clock_.at);
    });
    return id;
  }
  // A campaign called as its subject.
  compose::Campaign start(const delivery::EmailContent& content) {
    compose::Campaign campaign;
    campaign.organisation_id = kOrganisation;
    campaign.id = ids_.next<CampaignId>();
    campaign.content_version_id = freeze(content);
    campaign.transport_id = TransportId{1};
    campaign.name = content.subject;
    write([&](db::Connection& c) { return compose::insert_campaign(c, campaign, clock_.at); });
    return campaign;
  }

  SetClock clock_;
  db::testing::TestDatabase database_{GetParam()};
  IdSource ids_{clock_, 3};
  delivery::Ledger ledger_{ids_, NodeId{5}, 3};
};

}  // namespace tidings::report
