#include "audience/expand.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "audience/audience_sql.h"
#include "audience/expand_streams.h"
#include "base/check.h"

namespace tidings::audience {

namespace {

constexpr std::int64_t kBehindAll = std::numeric_limits<std::int64_t>::max();

constexpr db::Statement kIsFrozen{
    "audience.is_frozen",
    "SELECT 1 FROM audience_snapshot WHERE organisation_id = $1 AND campaign_id = $2"
    " AND finished_at IS NOT NULL"};
// "a:CONTACT:NORMALISED" while walking addresses, "n:CONTACT" among those without one.
struct Cursor {
  bool without_address = false;
  std::int64_t contact = 0;
  std::string normalised;
};

Result<Cursor> read_cursor(std::string_view text) {
  Cursor cursor;
  if (text.empty()) return cursor;
  cursor.without_address = text[0] == 'n';
  text.remove_prefix(std::min<std::size_t>(2, text.size()));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cursor.contact);
  if (error != std::errc()) {
    return fail(ErrorKind::corrupt, "expand.cursor", "The expansion's cursor is not ours.");
  }
  const auto used = static_cast<std::size_t>(end - text.data());
  if (!cursor.without_address && used < text.size()) cursor.normalised = text.substr(used + 1);
  return cursor;
}

std::string address_cursor(const std::string& normalised) {
  return fmt::format("a:{}:{}", kBehindAll, normalised);
}

// Rows of several streams, of which only those before the horizon are known to be complete.
template <typename Key>
struct Horizon {
  std::optional<Key> at;
  void lower(Key key) {
    if (!at || key < *at) at = std::move(key);
  }
};

// Each (recipient, about) once per address, counted with the first item that names it.
void sort_and_unite(std::vector<Candidate>& candidates) {
  const auto key = [](const Candidate& c) {
    return std::tie(c.normalised, c.contact_id, c.about_id);
  };
  std::ranges::sort(candidates, [&](const Candidate& a, const Candidate& b) {
    return std::tuple_cat(key(a), std::tie(a.included_by)) <
           std::tuple_cat(key(b), std::tie(b.included_by));
  });
  const auto same = [&](const Candidate& a, const Candidate& b) { return key(a) == key(b); };
  const auto repeated = std::ranges::unique(candidates, same);
  candidates.erase(repeated.begin(), repeated.end());
}

// An address typed by hand that somebody of the audience has anyway is theirs.
std::vector<Candidate> without_owned(std::vector<Candidate> loose,
                                     const std::vector<Candidate>& people) {
  std::erase_if(loose, [&](const Candidate& each) {
    const auto at = std::ranges::lower_bound(people, each.normalised, {}, &Candidate::normalised);
    for (auto it = at; it != people.end() && it->normalised == each.normalised; ++it) {
      if (!it->excluded_by) return true;
    }
    return false;
  });
  return loose;
}

class Expander {
 public:
  Expander(db::Connection& connection, const Expansion& expansion)
      : connection_(connection), expansion_(expansion) {}

  Result<Batch> with_address(const Cursor& cursor, int limit) {
    Batch batch;
    for (int wanted = limit + 1;; wanted *= 2) {
      Horizon<std::string> horizon;
      batch.candidates.clear();
      for (const StreamKind kind : streams_of(expansion_, true)) {
        auto read = TRY(read_with_address(connection_, expansion_, kind, cursor.normalised,
                                          cursor.contact, wanted));
        // The last address may go on behind the limit: it is left to the next batch.
        if (std::ssize(read) == wanted) horizon.lower(read.back().normalised);
        std::ranges::move(read, std::back_inserter(batch.candidates));
      }
      auto loose = TRY(read_loose(cursor, wanted, horizon));
      if (horizon.at) {
        const auto is_beyond = [&](const auto& each) { return each.normalised >= *horizon.at; };
        std::erase_if(batch.candidates, is_beyond);
        std::erase_if(loose, is_beyond);
      }
      const std::string last = last_of(batch.candidates, loose);
      TRY(exclude_addresses(batch.candidates));
      sort_and_unite(batch.candidates);
      TRY(add_loose(loose, batch.candidates));
      if (!horizon.at) {
        batch.cursor = "n:0";
        return batch;
      }
      if (!last.empty()) {
        batch.cursor = address_cursor(last);
        return batch;
      }
    }
  }

  Result<Batch> by_contact(std::int64_t behind, int limit) {
    auto read = TRY(read_by_contact(connection_, expansion_, behind, limit));
    Batch batch{std::move(read.candidates), std::to_string(read.last), read.is_last};
    TRY(exclude_addresses(batch.candidates));
    return batch;
  }

  Result<Batch> without_address(const Cursor& cursor, const std::string& cursor_text, int limit) {
    Batch batch;
    for (int wanted = limit + 1;; wanted *= 2) {
      Horizon<std::int64_t> horizon;
      batch.candidates.clear();
      for (const StreamKind kind : streams_of(expansion_, false)) {
        auto read =
            TRY(read_without_address(connection_, expansion_, kind, cursor.contact, wanted));
        if (std::ssize(read) == wanted) horizon.lower(read.back().contact_id.value);
        std::ranges::move(read, std::back_inserter(batch.candidates));
      }
      if (horizon.at) {
        std::erase_if(batch.candidates, [&](const Candidate& candidate) {
          return candidate.contact_id.value >= *horizon.at;
        });
      }
      sort_and_unite(batch.candidates);
      if (batch.candidates.empty() && horizon.at) continue;
      batch.is_last = !horizon.at;
      batch.cursor = batch.candidates.empty()
                         ? cursor_text
                         : fmt::format("n:{}", batch.candidates.back().contact_id.value);
      return batch;
    }
  }

 private:
  Result<std::vector<LooseAddress>> read_loose(const Cursor& cursor, int wanted,
                                               Horizon<std::string>& horizon) {
    const Selection& include = expansion_.audience.include;
    if (include.addresses.empty() && include.campaigns.empty()) return std::vector<LooseAddress>();
    auto loose = TRY(read_loose_addresses(connection_, expansion_, cursor.normalised, wanted));
    if (std::ssize(loose) == wanted) horizon.lower(loose.back().normalised);
    return loose;
  }

  // How far this batch goes; "" when not even the first address is complete.
  static std::string last_of(const std::vector<Candidate>& candidates,
                             const std::vector<LooseAddress>& loose) {
    std::string last;
    for (const Candidate& candidate : candidates) last = std::max(last, candidate.normalised);
    if (!loose.empty()) last = std::max(last, loose.back().normalised);
    return last;
  }

  Result<void> add_loose(const std::vector<LooseAddress>& loose,
                         std::vector<Candidate>& candidates) {
    if (loose.empty()) return {};
    auto resolved = TRY(resolve_loose_addresses(connection_, expansion_, loose));
    TRY(exclude_addresses(resolved));
    TRY(exclude_loose_recipients(resolved));
    resolved = without_owned(std::move(resolved), candidates);
    std::ranges::move(resolved, std::back_inserter(candidates));
    sort_and_unite(candidates);
    return {};
  }

  void leave_out(std::vector<Candidate>& candidates, AudienceItem::Kind kind, std::int64_t id,
                 const auto& is_out) {
    if (!expansion_.request.with_excluded) {
      std::erase_if(candidates, is_out);
      return;
    }
    const auto items = excluded_items(expansion_.audience);
    int index = 0;
    while (items[index].kind != kind || items[index].id != id) ++index;
    for (Candidate& candidate : candidates) {
      if (!candidate.excluded_by && is_out(candidate)) candidate.excluded_by = index;
    }
  }

  Result<void> exclude_addresses(std::vector<Candidate>& candidates) {
    if (expansion_.audience.exclude.addresses.empty()) return {};
    if (!excluded_) excluded_ = excluded_addresses(expansion_);
    leave_out(candidates, AudienceItem::Kind::addresses, 0, [&](const Candidate& candidate) {
      return std::ranges::binary_search(*excluded_, candidate.normalised);
    });
    return {};
  }

  // Addresses that got an excluded campaign while they were nobody's.
  Result<void> exclude_loose_recipients(std::vector<Candidate>& candidates) {
    if (candidates.empty()) return {};
    for (const EarlierCampaign& campaign : expansion_.audience.exclude.campaigns) {
      std::vector<std::string> got;
      SqlText sql(connection_.dialect());
      sql << "SELECT m.normalised FROM message m WHERE m.campaign_id = " << sql.param(campaign.id)
          << " AND m.normalised >= " << sql.param(candidates.front().normalised)
          << " AND m.normalised <= " << sql.param(candidates.back().normalised)
          << " AND m.organisation_id = " << sql.param(expansion_.request.organisation)
          << " AND m.contact_id IS NULL AND " << AudienceSql::outcome_sql(campaign.outcome, "m")
          << " ORDER BY m.normalised";
      TRY(connection_.query(sql.statement(), sql.values(),
                            [&](const db::Row& row) { got.push_back(row.string(0)); }));
      leave_out(candidates, AudienceItem::Kind::campaign, campaign.id.value,
                [&](const Candidate& candidate) {
                  return std::ranges::binary_search(got, candidate.normalised);
                });
      if (candidates.empty()) break;
    }
    return {};
  }

  db::Connection& connection_;
  const Expansion& expansion_;
  std::optional<std::vector<std::string>> excluded_;
};

std::vector<AudienceItem> items_of(const Selection& selection) {
  using Kind = AudienceItem::Kind;
  std::vector<AudienceItem> items;
  for (const GroupId group : selection.groups) items.push_back({Kind::group, group.value});
  for (const SegmentId segment : selection.segments) {
    items.push_back({Kind::segment, segment.value});
  }
  if (!selection.contacts.empty()) items.push_back({Kind::contacts});
  for (const EarlierCampaign& campaign : selection.campaigns) {
    items.push_back({Kind::campaign, campaign.id.value, campaign.outcome});
  }
  if (!selection.addresses.empty()) items.push_back({Kind::addresses});
  return items;
}

}  // namespace

std::vector<AudienceItem> included_items(const Audience& audience) {
  if (!audience.everybody) return items_of(audience.include);
  std::vector<AudienceItem> items{{AudienceItem::Kind::everybody}};
  if (!audience.include.addresses.empty()) items.push_back({AudienceItem::Kind::addresses});
  return items;
}

std::vector<AudienceItem> excluded_items(const Audience& audience) {
  return items_of(audience.exclude);
}

namespace {

// Calls `walk` with an Expander of the audience.
template <typename Walk>
Result<Batch> with_expander(db::Connection& connection, const ExpandRequest& request,
                            const Audience& audience, const UsedFields& used, Walk walk) {
  if (audience.empty()) {
    return fail(ErrorKind::invalid, "audience.empty",
                "The audience names nobody. Choose who gets this.");
  }
  std::vector<SegmentId> segments = audience.include.segments;
  segments.insert(segments.end(), audience.exclude.segments.begin(),
                  audience.exclude.segments.end());
  const SegmentRules rules = TRY(load_segment_rules(connection, request.organisation, segments));
  Expansion expansion{request, audience, used, rules};
  if (audience.freeze && request.campaign.valid()) {
    TRY(connection.query(kIsFrozen, {request.organisation, request.campaign},
                         [&](const db::Row&) { expansion.is_frozen = true; }));
  }
  return walk(Expander(connection, expansion));
}

}  // namespace

bool expands_by_contact(const Audience& audience) {
  return audience.recipients == Recipients::themselves && audience.include.addresses.empty() &&
         (audience.everybody || audience.include.campaigns.empty());
}

Result<Batch> expand(db::Connection& connection, const ExpandRequest& request,
                     const Audience& audience, const UsedFields& used,
                     const std::string& cursor_text, int limit) {
  const Cursor cursor = TRY(read_cursor(cursor_text));
  return with_expander(connection, request, audience, used, [&](Expander expander) {
    return cursor.without_address ? expander.without_address(cursor, cursor_text, limit)
                                  : expander.with_address(cursor, limit);
  });
}

Result<Batch> expand_by_contact(db::Connection& connection, const ExpandRequest& request,
                                const Audience& audience, const UsedFields& used,
                                const std::string& cursor_text, int limit) {
  CHECK(expands_by_contact(audience));
  const std::int64_t behind =
      cursor_text.empty() ? 0 : TRY(read_cursor("n:" + cursor_text)).contact;
  return with_expander(connection, request, audience, used,
                       [&](Expander expander) { return expander.by_contact(behind, limit); });
}

}  // namespace tidings::audience
