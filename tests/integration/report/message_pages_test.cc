// Every message, in pages: what an obvious slow twin finds, for any filter and any order, on both
// databases.
#include "report/message_pages.h"

#include <algorithm>
#include <random>
#include <set>
#include <unordered_map>

#include <gtest/gtest.h>

#include "delivery/content_variants.h"
#include "frozen_campaigns.h"
#include "report/message_log.h"
#include "wire/case_folding.h"

namespace tidings::report {
namespace {

class MessagePagesTest : public FrozenCampaigns {
 protected:
  void SetUp() override {
    write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"",
                     "INSERT INTO contact_group (organisation_id, id, name, origin, created_at,"
                     " members) VALUES (7, 400, 'Few', 0, 0, 8)"}));
      for (int i = 1; i <= 40; ++i) {
        TRY(c.execute({"",
                       "INSERT INTO contact (organisation_id, id, sort_name, created_at,"
                       " changed_at) VALUES (7, $1, $2, 0, 0)"},
                      {i, "name " + std::to_string(i * 7 % 40)}));
        if (i % 5 != 0) continue;
        TRY(c.execute({"",
                       "INSERT INTO contact_group_member (organisation_id, group_id,"
                       " contact_id, added_at) VALUES (7, 400, $1, 0)"},
                      {i}));
      }
      return {};
    });
    const std::string board = "Board <board@club.example>";
    campaigns_.push_back(begin(letter("Spring for {{ contact.first_name }}", "news@club.example")));
    campaigns_.push_back(begin(with_attachment(letter("Autumn é", board))));
    campaigns_.push_back(begin(with_attachment(letter(
        "{% if contact.first_name == 'Ann 3' %}Special{% endif %} news", "news@club.example"))));
    std::vector<delivery::ContentVariant> languages = {{"en", campaigns_[1].content_version_id}};
    for (const char* subject : {"Automne {{ contact.first_name }}", "Herfst"}) {
      variants_.push_back(frozen(with_attachment(letter(subject, board))));
      languages.push_back({subject, variants_.back()});
    }
    write([&](db::Connection& c) {
      return delivery::store_content_variants(c, kOrganisation, languages[0].version, languages);
    });
    content_ =
        begin(letter("Ticket {{ contact.first_name }}", "tickets@club.example")).content_version_id;
    std::mt19937 random(7);
    for (int round = 0; round < 12; ++round) {
      clock_.at += std::chrono::hours(7);
      const auto& campaign = campaigns_[static_cast<std::size_t>(round % 3)];
      enqueue({kOrganisation, campaign.id, campaign.content_version_id, {}, {}}, 40, random);
      enqueue({kOrganisation,
               {},
               content_,
               static_cast<MessageKind>(1 + round % 3),
               static_cast<Channel>(round % 2)},
              4, random);
    }
    std::uniform_int_distribution<int> any(0, 19);
    for (const LogEntry& entry : everything()) {
      const int state = any(random);
      const int status = state < 9 ? 3 : state < 16 ? state : state - 12;  // opened, clicked …
      write([&](db::Connection& c) -> Result<void> {
        TRY(c.execute({"",
                       "UPDATE message SET status = $1, state = $2, reason = $3, attempts = $4,"
                       " changed_at = $5 WHERE id = $6"},
                      {status, status == 3 ? 3 : 4, "reason " + std::to_string(state % 3),
                       state % 4, to_micros(kStart) + any(random), entry.id}));
        return {};
      });
    }
  }

  // Frozen, and its subject known to the slow twin.
  ContentVersionId frozen(const delivery::EmailContent& content) {
    const ContentVersionId id = freeze(content);
    subjects_[id] = content.subject;
    return id;
  }
  compose::Campaign begin(const delivery::EmailContent& content) {
    compose::Campaign campaign = start(content);
    subjects_[campaign.content_version_id] = content.subject;
    return campaign;
  }
  void enqueue(const delivery::CampaignKeys& keys, int count, std::mt19937& random) {
    std::uniform_int_distribution<int> any(1, 40);
    std::vector<delivery::NewMessage> messages;
    for (int i = 0; i < count; ++i) {
      delivery::NewMessage message;
      const int person = any(random);
      message.id = ids_.next<MessageId>();
      message.contact_id = ContactId{person};
      message.about = {message.contact_id};
      if (i % 7 == 0) message.about.push_back(ContactId{41});
      message.address = "Person" + std::to_string(person) + "@X.org";
      message.normalised = wire::fold_case(message.address);
      message.values_hash = message.id.value;
      message.values = "{\"first_name\":\"Ann " + std::to_string(person % 6) + "\"}";
      if (keys.campaign_id == campaigns_[1].id && i % 3 > 0) {
        message.content_version_id = variants_.at(static_cast<std::size_t>(i % 3 - 1));
      }
      if (!keys.campaign_id.valid()) message.subject = "Ticket Ann " + std::to_string(person % 6);
      messages.push_back(std::move(message));
    }
    write([&](db::Connection& c) { return ledger_.enqueue(c, keys, messages, clock_.at); });
  }
  std::vector<LogEntry> everything() {
    std::vector<LogEntry> entries;
    MessageLog log(*database_, kOrganisation);
    EXPECT_TRUE(log.each({}, LogOrder::newest_first, [&](const LogEntry& entry) {
      entries.push_back(entry);
      return true;
    }));
    return entries;
  }
  // The slow twin.
  static bool passes(const LogFilter& f, const LogEntry& e) {
    const auto has = [](const auto& list, auto value) {
      return list.empty() || std::ranges::find(list, value) != list.end();
    };
    if (!has(f.kinds, e.kind) || !has(f.statuses, e.status)) return false;
    if (f.channel && *f.channel != e.channel) return false;
    if (f.from && e.queued_at < *f.from) return false;
    if (f.until && e.queued_at >= *f.until) return false;
    if (f.has_attachments && *f.has_attachments != e.has_attachments) return false;
    if (f.campaign && *f.campaign != e.campaign_id) return false;
    if (f.contact && std::ranges::find(e.contact_ids, *f.contact) == e.contact_ids.end()) {
      return false;
    }
    if (f.group && e.contact_ids.front().value % 5 != 0) return false;
    if (!wire::fold_case(e.sender).contains(wire::fold_case(f.sender))) return false;
    const std::string text = wire::fold_case(f.text);
    return wire::fold_case(e.subject).contains(text) || wire::fold_case(e.address).contains(text);
  }
  // As it was written; ASCII is folded alone.
  std::string subject_key(const LogEntry& entry) const {
    if (entry.campaign_id.valid()) {
      std::string key = subjects_.at(entry.content_version_id);
      std::ranges::transform(key, key.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
      return key;
    }
    return wire::fold_case(entry.subject);
  }
  MessagePage page(const MessageQuery& query, PageBounds bounds) {
    auto got = MessagePages(*database_, kOrganisation, bounds).list(query);
    EXPECT_TRUE(got) << got.error().message;
    return got ? *std::move(got) : MessagePage{};
  }
  std::vector<LogEntry> walk(MessageQuery query, PageBounds bounds = {}) {
    std::vector<LogEntry> all;
    for (int pages = 0; pages < 2000; ++pages) {
      MessagePage one = page(query, bounds);
      EXPECT_LE(std::ssize(one.items), query.limit);
      std::ranges::move(one.items, std::back_inserter(all));
      if (one.next_cursor.empty()) return all;
      query.cursor = one.next_cursor;
    }
    ADD_FAILURE() << "the list does not end";
    return all;
  }
  static std::vector<std::int64_t> ids_of(const std::vector<LogEntry>& entries) {
    std::vector<std::int64_t> ids;
    for (const LogEntry& entry : entries) ids.push_back(entry.id.value);
    return ids;
  }

  std::vector<compose::Campaign> campaigns_;
  std::vector<ContentVersionId> variants_;                      // of the second campaign
  std::unordered_map<ContentVersionId, std::string> subjects_;  // as they were written
  ContentVersionId content_;
};

INSTANTIATE_TEST_SUITE_P(On, MessagePagesTest, testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(MessagePagesTest, FindsWhatTheSlowTwinFindsForAnyFilterAndOrder) {
  const std::vector<LogEntry> all = everything();
  ASSERT_EQ(all.size(), 12u * 44u);
  std::mt19937 random(11);
  const auto one_in = [&](int n) { return random() % static_cast<unsigned>(n) == 0; };
  const std::array texts = {"autom",      "herfst", "spring", "ann 3",  "special", "PERSON1",
                            "person12@x", "É",      "ticket", "@x.org", "nobody",  "s"};
  for (int round = 0; round < 400; ++round) {
    MessageQuery query;
    LogFilter& f = query.filter;
    if (one_in(4)) f.kinds = {static_cast<MessageKind>(random() % 4)};
    if (one_in(8)) f.kinds.push_back(static_cast<MessageKind>(random() % 4));
    if (f.kinds.size() == 2 && f.kinds[0] == f.kinds[1]) f.kinds.pop_back();
    if (one_in(6)) f.channel = static_cast<Channel>(random() % 2);
    if (one_in(4)) f.statuses = {Status::bounced, Status::failed};
    if (one_in(6)) f.statuses = {Status::sent};
    if (one_in(6)) f.statuses = {Status::opened, Status::clicked};
    if (one_in(9)) f.statuses = {Status::opened, Status::sent};
    if (one_in(3)) f.from = kStart + std::chrono::hours(random() % 80);
    if (one_in(4)) f.until = kStart + std::chrono::hours(random() % 90);
    if (one_in(5)) f.has_attachments = one_in(2);
    if (one_in(5)) f.sender = one_in(2) ? "BOARD" : "club.example";
    if (one_in(3)) f.text = texts[random() % texts.size()];
    if (one_in(5)) f.campaign = campaigns_[random() % 3].id;
    if (one_in(6)) f.contact = ContactId{static_cast<std::int64_t>(1 + random() % 41)};
    if (one_in(6)) f.group = GroupId{400};
    query.limit = static_cast<int>(1 + random() % 60);
    query.is_descending = one_in(2);
    if (one_in(2)) query.sort = static_cast<MessageSort>(random() % kMessageSortCount);
    std::vector<LogEntry> expected;
    for (const LogEntry& entry : all) {
      if (passes(f, entry)) expected.push_back(entry);
    }
    PageBounds bounds{.time_max = std::chrono::seconds(10)};
    if (one_in(2)) bounds.rows_max = 30;
    std::vector<LogEntry> found = walk(query, bounds);
    if (query.sort == MessageSort::queued_at) {
      if (!query.is_descending) std::ranges::reverse(expected);
      EXPECT_EQ(ids_of(found), ids_of(expected)) << "round " << round << " text " << f.text;
      continue;
    }
    std::vector<std::int64_t> some = ids_of(found);
    std::vector<std::int64_t> others = ids_of(expected);
    std::ranges::sort(some);
    std::ranges::sort(others);
    EXPECT_EQ(some, others) << "round " << round << " sort " << to_string(query.sort);
    const auto ordered = [&](const auto& key) {
      for (std::size_t i = 1; i < found.size(); ++i) {
        const auto a = key(found[i - 1]);
        const auto b = key(found[i]);
        EXPECT_TRUE(query.is_descending ? a >= b : a <= b) << to_string(query.sort) << " " << i;
        if (a != b) continue;
        EXPECT_TRUE(query.is_descending ? found[i - 1].id > found[i].id
                                        : found[i - 1].id < found[i].id);
      }
    };
    if (query.sort == MessageSort::address) {
      ordered([](const LogEntry& e) { return wire::fold_case(e.address); });
    }
    if (query.sort == MessageSort::status) ordered([](const LogEntry& e) { return int(e.status); });
    if (query.sort == MessageSort::reason) ordered([](const LogEntry& e) { return e.reason; });
    if (query.sort == MessageSort::changed_at) {
      ordered([](const LogEntry& e) { return e.changed_at; });
    }
    if (query.sort == MessageSort::kind) ordered([](const LogEntry& e) { return int(e.kind); });
    if (query.sort == MessageSort::channel) {
      ordered([](const LogEntry& e) { return int(e.channel); });
    }
    if (query.sort == MessageSort::attempts) ordered([](const LogEntry& e) { return e.attempts; });
    if (query.sort == MessageSort::has_attachments) {
      ordered([](const LogEntry& e) { return e.has_attachments; });
    }
    if (query.sort == MessageSort::subject) {
      ordered([this](const LogEntry& e) { return subject_key(e); });
    }
    if (query.sort == MessageSort::contact) {
      ordered([](const LogEntry& e) {
        return "name " + std::to_string(e.contact_ids.front().value * 7 % 40);
      });
    }
    if (query.sort == MessageSort::sender) {
      ordered([](const LogEntry& e) {
        std::string sender = wire::fold_case(e.sender);
        std::erase(sender, '<');
        std::erase(sender, '>');
        return sender;
      });
    }
  }
}

TEST_P(MessagePagesTest, AMessageInAnotherLanguageIsFoundByItsOwnSubject) {
  const auto found = [&](std::string_view text) {
    std::set<std::string> subjects;
    for (const LogEntry& entry : walk({.filter = {.text = std::string(text)}})) {
      subjects.insert(entry.subject.substr(0, 7));
    }
    return subjects;
  };
  EXPECT_EQ(found("AUTOMNE ann"), std::set<std::string>{"Automne"});
  EXPECT_EQ(found("herfst"), std::set<std::string>{"Herfst"});
  EXPECT_EQ(found("autumn"), std::set<std::string>{"Autumn "});
}

TEST_P(MessagePagesTest, APageWithinItsBoundSaysHowFarItLooked) {
  MessageQuery query;
  query.filter.text = "nobody has this";
  const MessagePage first = page(query, {.rows_max = 100});
  EXPECT_TRUE(first.items.empty());
  ASSERT_TRUE(first.searched_to);
  EXPECT_LT(*first.searched_to, clock_.at);
  EXPECT_FALSE(first.next_cursor.empty());
  EXPECT_TRUE(walk(query, {.rows_max = 100}).empty());
}

TEST_P(MessagePagesTest, APeriodMayBeginBeforeThereWereAnyIds) {
  MessageQuery query;
  for (const std::int64_t from : {-3'600'000'000LL, 0LL, 1LL}) {
    query.filter.from = from_micros(from);
    EXPECT_EQ(walk(query, {}).size(), 12u * 44u) << from;
  }
  query.filter.until = query.filter.from;
  EXPECT_TRUE(walk(query, {}).empty());
}

TEST_P(MessagePagesTest, TooManyToSortAreShownByTimeAndThePageSaysSo) {
  MessageQuery query{.sort = MessageSort::status, .limit = 20};
  const MessagePage sorted = page(query, {});
  EXPECT_EQ(sorted.sort, MessageSort::status);
  const MessagePage by_time = page(query, {.sorted_max = 100});
  EXPECT_EQ(by_time.sort, MessageSort::queued_at);
  EXPECT_TRUE(by_time.is_descending);
  EXPECT_EQ(walk(query, {.sorted_max = 100}).size(), 12u * 44u);
  // By address the index of a campaign has them in order.
  query.sort = MessageSort::address;
  query.filter.campaign = campaigns_[0].id;
  EXPECT_EQ(page(query, {.sorted_max = 100}).sort, MessageSort::address);
}

TEST_P(MessagePagesTest, WhatWasDeletedFromTheHistoryIsListedOnlyWhenAskedFor) {
  const LogEntry one = everything()[5];
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"", "UPDATE message SET deleted_at = 5 WHERE id = $1"}, {one.id}));
    TRY(c.execute({"", "UPDATE campaign SET deleted_at = 5 WHERE id = $1"}, {campaigns_[1].id}));
    return {};
  });
  const auto left = walk({});
  EXPECT_EQ(ids_of(left), ids_of(everything()));
  EXPECT_TRUE(std::ranges::none_of(left, [&](const LogEntry& entry) {
    return entry.id == one.id || entry.campaign_id == campaigns_[1].id;
  }));
  EXPECT_EQ(ids_of(walk({.filter = {.is_deleted = true}})), std::vector{one.id.value});
  const auto gone =
      MessagePages(*database_, kOrganisation).list({.filter = {.campaign = campaigns_[1].id}});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, "campaign.not_found");
}

TEST_P(MessagePagesTest, AnotherOrganisationSeesNothing) {
  MessagePages other(*database_, OrganisationId{8});
  EXPECT_TRUE(other.list({}).value().items.empty());
  EXPECT_FALSE(other.find(everything()[0].id));
  EXPECT_FALSE(other.list({.filter = {.campaign = campaigns_[0].id}}));
  EXPECT_TRUE(other.list({.filter = {.contact = ContactId{3}}}).value().items.empty());
  EXPECT_TRUE(other.list({.filter = {.text = "person1@x.org"}}).value().items.empty());
}

TEST_P(MessagePagesTest, AForeignCursorIsRefusedInWords) {
  for (const char* cursor : {"x", "LXF1ZXVlZF9hdCA1IDU", "!!!!", "K2FkZHJlc3MgNSD_"}) {
    MessageQuery query{.cursor = cursor};
    query.is_descending = false;
    const auto got = MessagePages(*database_, kOrganisation).list(query);
    ASSERT_FALSE(got) << cursor;
    EXPECT_EQ(got.error().code, "log.cursor");
  }
}

}  // namespace
}  // namespace tidings::report
