// Messages made up in the database, for benchmarks: 400 campaigns, the largest with three tenths of
// all messages, a twentieth of all single ones between them, over two years. Thread: one.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/id.h"
#include "db/database.h"
#include "report/message_pages.h"

namespace tidings::bench {

// How long a record is, from its begin to its end, but for some minutes.
inline constexpr std::chrono::hours kRecordLength{398 * 42};
inline constexpr std::int64_t kRecordChunk = 5000;

inline std::uint64_t mixed(std::int64_t i) {
  return static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15u;
}

struct World {
  Instant end{};
  std::vector<CampaignId> campaigns;  // the first has three tenths of all, the second 90,000
  std::int64_t contacts = 0;
};

class Record {
 public:
  Record(db::Database& database, std::int64_t n, std::int64_t contacts, Instant begin)
      : database_(database), n_(n), at_(begin) {
    world_.contacts = contacts;
  }
  // fill() then only works out what it made before, of the same numbers.
  void is_filled() { is_filled_ = true; }

  Result<World> fill() {
    const std::int64_t big = n_ * 3 / 10;
    const std::int64_t middle = std::min<std::int64_t>(90'000, n_ / 10);
    const std::int64_t singles = n_ / 20;
    const std::int64_t rest = n_ - big - middle - singles;
    constexpr int kSmall = 398;
    // The large mailings among them, the singles between.
    TRY(content(900, "Ticket {{ contact.first_name }}", 0));
    for (int i = 0; i < kSmall; ++i) {
      if (i == 300) TRY(campaign(big));
      if (i == 390) TRY(campaign(middle));
      TRY(campaign(rest / kSmall));
      TRY(many(singles / kSmall, CampaignId{}, ContentVersionId{900}, 0));
      at_ += std::chrono::hours(42);
    }
    std::ranges::sort(world_.campaigns, std::ranges::greater(),
                      [&](CampaignId id) { return sizes_[id.value % 1000]; });
    world_.end = at_;
    TRY(write([&](db::Connection& c) {
      return c.run_script(c.dialect() == db::Dialect::sqlite ? "SELECT 1" : "ANALYZE");
    }));
    return world_;
  }

 private:
  Result<void> write(const db::Database::Work& work) {
    if (is_filled_) return {};
    return database_.write(db::Priority::import, work);
  }

  Result<void> content(std::int64_t id, std::string subject, int attachments) {
    const std::string html(20'000, 'x');
    return write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute(
          {"",
           "INSERT INTO content_version (organisation_id, id, subject, html, text, from_name,"
           " from_address, reply_to, envelope_from, options, used_variables, reference_codec,"
           " reference, created_at) VALUES (1, $1, $2, $3, '', 'Sender', $4, '', '', '{}',"
           " '[]', 0, $5, 0)"},
          {id, subject, html, fmt::format("sender{}@club.example", id % 7), db::BytesView{"ref"}}));
      if (attachments == 0) return {};
      TRY(c.execute({"",
                     "INSERT INTO blob (organisation_id, hash, size, content, created_at)"
                     " VALUES (1, $1, 1, $1, 0) ON CONFLICT DO NOTHING"},
                    {db::BytesView{"h"}}));
      TRY(c.execute({"",
                     "INSERT INTO content_attachment (organisation_id, content_version_id,"
                     " position, file_name, media_type, description, blob_hash) VALUES"
                     " (1, $1, 0, 'a', 'b', '', $2)"},
                    {id, db::BytesView{"h"}}));
      return {};
    });
  }

  Result<void> campaign(std::int64_t size) {
    const int number = static_cast<int>(world_.campaigns.size());
    const CampaignId id{(smallest() | 0) / 1000 * 1000 + number};
    world_.campaigns.push_back(id);
    sizes_[number] = size;
    TRY(content(1000 + number,
                fmt::format("{} news no {} for {{{{ contact.first_name }}}}",
                            number % 3 ? "Monthly" : "Weekly", number),
                number % 10 == 0));
    TRY(write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"",
                     "INSERT INTO campaign (organisation_id, id, name, kind, channel, state,"
                     " content_version_id, transport_id, audience, options, expanded_at,"
                     " created_at, started_at, finished_at, changed_at) VALUES (1, $1, $2, 0, 0,"
                     " 4, $3, 1, '{}', '{}', $4, $4, $4, $4, $4)"},
                    {id, fmt::format("Campaign {}", number), 1000 + number, at_}));
      return {};
    }));
    return many(size, id, ContentVersionId{1000 + number}, number);
  }

  std::int64_t smallest() const { return report::smallest_id_at(at_); }

  Result<void> many(std::int64_t count, CampaignId campaign, ContentVersionId content, int salt) {
    static constexpr std::array<std::string_view, 18> kMessage = {"organisation_id",
                                                                  "id",
                                                                  "campaign_id",
                                                                  "content_version_id",
                                                                  "kind",
                                                                  "channel",
                                                                  "contact_id",
                                                                  "address",
                                                                  "normalised",
                                                                  "values_hash",
                                                                  "message_values",
                                                                  "state",
                                                                  "status",
                                                                  "reason",
                                                                  "attempts",
                                                                  "due_at",
                                                                  "is_ambiguous",
                                                                  "queued_at"};
    static constexpr std::array<std::string_view, 4> kAbout = {"organisation_id", "contact_id",
                                                               "message_id", "is_recipient"};
    static constexpr std::array<std::string_view, 6> kSendOut = {
        "organisation_id", "id", "type", "subject_key", "sender_key", "has_attachments"};
    std::vector<std::string_view> columns(kMessage.begin(), kMessage.end());
    columns.emplace_back("changed_at");
    std::int64_t sent = 0;
    const Instant begin = at_;
    next_ = std::max(next_, smallest());
    const std::int64_t first = next_;
    for (std::int64_t done = 0; done < count; done += kRecordChunk) {
      std::vector<std::string> texts;
      texts.reserve(3 * kRecordChunk);
      std::vector<db::Param> rows;
      std::vector<db::Param> about;
      std::vector<db::Param> singles;
      for (std::int64_t i = done; i < std::min<std::int64_t>(count, done + kRecordChunk); ++i) {
        const std::uint64_t dice = mixed(i * 31 + salt) >> 33;
        const std::int64_t person =
            1 + static_cast<std::int64_t>((static_cast<std::uint64_t>(i) * 7 + dice % 5) %
                                          static_cast<std::uint64_t>(world_.contacts));
        int status = 3;
        // Some of those sent were opened, fewer clicked.
        if (dice / 1000 % 10 < 3) status = dice / 10000 % 6 == 0 ? 6 : 5;
        int state = 3;
        if (dice % 100 >= 92) status = std::array{7, 7, 7, 12, 11, 11, 10, 9}[dice % 8];
        if (status == 7) state = 4;
        if (status == 12) state = 5;
        if (status == 11) state = 7;
        if (status == 10) state = 8;
        sent += state == 3;
        texts.push_back(
            fmt::format("{:x}.person{}@example{}.org", mixed(person) >> 40, person, person % 50));
        const std::int64_t id = next_++;
        const bool is_single = !campaign.valid();
        rows.insert(rows.end(),
                    {db::Param(1), db::Param(id), is_single ? db::Param() : db::Param(campaign),
                     db::Param(content), db::Param(is_single ? 2 : 0), db::Param(0),
                     db::Param(person), db::Param(texts.back()), db::Param(texts.back()),
                     db::Param(id), db::Param(R"({"first_name":"Zoë"})"), db::Param(state),
                     db::Param(status), db::Param(state == 3 ? "accepted" : "mailbox_full"),
                     db::Param(1), db::Param(at_), db::Param(0), db::Param(at_), db::Param(at_)});
        about.insert(about.end(), {db::Param(1), db::Param(person), db::Param(id), db::Param(1)});
        if (!is_single) continue;
        texts.push_back(fmt::format("ticket {}", dice % 1000));
        singles.insert(singles.end(),
                       {db::Param(1), db::Param(id), db::Param(1), db::Param(texts.back()),
                        db::Param("sender sender4@club.example"), db::Param(0)});
      }
      TRY(write([&](db::Connection& c) -> Result<void> {
        TRY(c.insert_many("message", columns, rows));
        TRY(c.insert_many("message_about", kAbout, about));
        if (!singles.empty()) TRY(c.insert_many("send_out", kSendOut, singles));
        return {};
      }));
      at_ += std::chrono::seconds(2);
    }
    at_ = std::max(at_, begin);
    if (!campaign.valid()) return {};
    return write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"",
                     "INSERT INTO campaign_counter (organisation_id, campaign_id, node_number,"
                     " sent, bounced, first_message_id, last_message_id) VALUES (1, $1, 0, $2,"
                     " $3, $4, $5)"},
                    {campaign, sent, count - sent, first, next_ - 1}));
      return {};
    });
  }

  db::Database& database_;
  std::int64_t n_;
  bool is_filled_ = false;
  World world_;
  Instant at_{};
  std::int64_t next_ = 0;
  std::map<std::int64_t, std::int64_t> sizes_;
};

}  // namespace tidings::bench
