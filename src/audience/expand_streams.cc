#include "audience/expand_streams.h"

#include <algorithm>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "audience/address_list.h"
#include "audience/audience_sql.h"
#include "domain/locale_choice.h"

namespace tidings::audience {

namespace {

bool reads(bool all, const std::vector<UsedFields::Field>& fields, std::string_view target) {
  return all || std::ranges::find(fields, target, &UsedFields::Field::target) != fields.end();
}

// Any language of the content may read it.
bool any_reads(const Expansion& expansion, const auto& reads_it) {
  const ContentLanguages* languages = expansion.request.languages;
  return reads_it(expansion.used) ||
         (languages != nullptr && std::ranges::any_of(languages->used, reads_it));
}

int variant_for(const Expansion& expansion, std::string_view locale) {
  const ContentLanguages* languages = expansion.request.languages;
  if (languages == nullptr) return kOwnLanguage;
  const auto chosen = choose_locale(languages->own, languages->locales, locale);
  return chosen ? static_cast<int>(*chosen) : kOwnLanguage;
}
const UsedFields& used_in(const Expansion& expansion, int variant) {
  if (variant == kOwnLanguage) return expansion.used;
  return expansion.request.languages->used.at(static_cast<std::size_t>(variant));
}

std::string_view other_field(Channel channel) {
  return channel == Channel::email ? "phone" : "email";
}

// Builds the SELECT of one stream. `c` is the recipient, `s` whom the message is about.
class StreamQuery {
 public:
  StreamQuery(db::Connection& connection, const Expansion& expansion, StreamKind kind,
              const SegmentRules& segments)
      : connection_(connection),
        expansion_(expansion),
        kind_(kind),
        sql_(connection.dialect()),
        audience_(sql_, expansion.audience, expansion.request, segments, expansion.is_frozen) {}

  Result<std::vector<Candidate>> with_address(const std::string& normalised, std::int64_t contact,
                                              int limit) {
    const ContactRef recipient{"c", "a.contact_id"};
    // CROSS JOIN keeps SQLite from starting elsewhere and sorting anew for every batch.
    std::string from = "FROM contact_address a";
    std::string where = fmt::format(
        " WHERE a.organisation_id = {0} AND a.channel = {1}"
        " AND (a.normalised, a.contact_id) > ({2}, {3}){4}"
        " AND c.organisation_id = {0} AND c.id = a.contact_id AND c.deleted_at IS NULL",
        audience_.organisation(), audience_.channel(), sql_.param(normalised), sql_.param(contact),
        expansion_.audience.alternative_addresses ? "" : " AND a.is_primary = 1");
    TRY(join(recipient, from, where));
    TRY(select(recipient, "a.address, a.normalised"));
    sql_ << from << where << " ORDER BY a.normalised, a.contact_id LIMIT "
         << sql_.param(std::int64_t{limit});
    return run();
  }

  Result<std::vector<Candidate>> by_contact(std::int64_t contact, int limit) {
    const Audience& audience = expansion_.audience;
    const Selection& include = audience.include;
    const std::string& organisation = audience_.organisation();
    const std::string after = sql_.param(contact);
    std::string from = "FROM contact c";
    std::string where = fmt::format(" WHERE c.organisation_id = {}", organisation);
    std::string order = "c.id";
    // Optimisation: the members of the one group, rather than everybody for whether they are in it.
    // Nobody asks again: PostgreSQL would read the whole group for every batch.
    is_chosen_ = !expansion_.is_frozen && !audience.everybody && include.groups.size() == 1 &&
                 include.segments.empty() && include.contacts.empty();
    if (is_chosen_) {
      from = "FROM contact_group_member gd CROSS JOIN contact c";
      where = fmt::format(
          " WHERE gd.organisation_id = {0} AND gd.group_id = {1} AND c.organisation_id = {0}"
          " AND c.id = gd.contact_id",
          organisation, sql_.param(include.groups.front()));
      order = "gd.contact_id";
    }
    from += fmt::format(
        " LEFT JOIN contact_address a ON a.organisation_id = {} AND a.contact_id = c.id"
        " AND a.channel = {}{}",
        organisation, audience_.channel(),
        audience.alternative_addresses ? "" : " AND a.is_primary = 1");
    where += fmt::format(" AND {} > {} AND c.deleted_at IS NULL", order, after);
    const ContactRef recipient{"c", "c.id"};
    TRY(join(recipient, from, where));
    TRY(select(recipient, "a.address, a.normalised"));
    sql_ << from << where << " ORDER BY " << order << " LIMIT " << sql_.param(std::int64_t{limit});
    return run();
  }

  Result<std::vector<Candidate>> without_address(std::int64_t contact, int limit) {
    std::string from;
    std::string where;
    ContactRef recipient{"c", "c.id"};
    std::string order = "c.id";
    if (kind_ == StreamKind::guardians) {
      // Walks the relations, which are in order of the guardian.
      recipient.id = order = "r.from_id";
      from = "FROM relation r CROSS JOIN contact c";
      where = fmt::format(" WHERE r.organisation_id = {0} AND r.from_id > {1}",
                          audience_.organisation(), sql_.param(contact));
      where +=
          fmt::format(" AND c.organisation_id = {} AND c.id = r.from_id", audience_.organisation());
    } else {
      from = "FROM contact c";
      where = fmt::format(" WHERE c.organisation_id = {} AND c.id > {}", audience_.organisation(),
                          sql_.param(contact));
    }
    where += " AND c.deleted_at IS NULL";
    if (kind_ == StreamKind::orphans) {
      where += fmt::format(
          " AND NOT EXISTS (SELECT 1 FROM relation o JOIN contact og ON og.organisation_id = {0}"
          " AND og.id = o.from_id AND og.deleted_at IS NULL WHERE o.organisation_id = {0}"
          " AND o.to_id = c.id AND o.receives_messages = 1 AND o.from_id <> o.to_id)",
          audience_.organisation());
    } else {
      where += fmt::format(
          " AND NOT EXISTS (SELECT 1 FROM contact_address n WHERE n.organisation_id = {}"
          " AND n.contact_id = {} AND n.channel = {}{})",
          audience_.organisation(), recipient.id, audience_.channel(),
          expansion_.audience.alternative_addresses ? "" : " AND n.is_primary = 1");
    }
    TRY(join(recipient, from, where));
    TRY(select(recipient, "'', ''"));
    sql_ << from << where << " ORDER BY " << order << " LIMIT " << sql_.param(std::int64_t{limit});
    return run();
  }

 private:
  // Joins whom the message is about, and puts the audience's conditions.
  Result<void> join(const ContactRef& recipient, std::string& from, std::string& where) {
    const bool walks_relations = from.find("relation r") != std::string::npos;
    const std::string& organisation = audience_.organisation();
    about_ = {"s", "s.id"};
    switch (kind_) {
      case StreamKind::themselves:
      case StreamKind::orphans:
        if (from.find("contact c") == std::string::npos) from += " CROSS JOIN contact c";
        about_ = recipient;
        if (!is_chosen_) where += conditions(TRY(audience_.chosen(recipient, earlier())));
        break;
      case StreamKind::guardians:
        if (!walks_relations) {
          from += " CROSS JOIN relation r CROSS JOIN contact c";
          where +=
              fmt::format(" AND r.organisation_id = {} AND r.from_id = a.contact_id", organisation);
        }
        from += " CROSS JOIN contact s";
        where += fmt::format(
            " AND r.receives_messages = 1 AND r.to_id <> r.from_id"
            " AND s.organisation_id = {} AND s.id = r.to_id AND s.deleted_at IS NULL",
            organisation);
        about_.id = "r.to_id";
        where += conditions(TRY(audience_.chosen(about_, EarlierRecipients::chosen)));
        break;
      case StreamKind::earlier:
        TRY(join_earlier(recipient, from, where));
        break;
    }
    if (!expansion_.request.with_excluded) TRY(exclude(recipient, where));
    return {};
  }

  EarlierRecipients earlier() const {
    const bool walked = expansion_.audience.recipients != Recipients::guardians;
    return walked ? EarlierRecipients::left_out : EarlierRecipients::chosen;
  }

  static std::string conditions(const std::string& condition) {
    return " AND " + (condition.empty() ? std::string("(1 = 0)") : condition);
  }

  Result<void> join_earlier(const ContactRef& recipient, std::string& from, std::string& where) {
    const std::string& organisation = audience_.organisation();
    if (from.find("contact c") == std::string::npos) from += " CROSS JOIN contact c";
    if (expansion_.is_frozen) {
      from += " CROSS JOIN audience_member f CROSS JOIN contact s";
      where += fmt::format(
          " AND f.organisation_id = {0} AND f.campaign_id = {1} AND f.contact_id = {2}"
          " AND f.about_id <> f.contact_id AND s.organisation_id = {0} AND s.id = f.about_id"
          " AND s.deleted_at IS NULL",
          organisation, sql_.param(expansion_.request.campaign), recipient.id);
      return {};
    }
    std::vector<std::string> which;
    for (const EarlierCampaign& campaign : expansion_.audience.include.campaigns) {
      which.push_back(fmt::format("(em.campaign_id = {} AND {})", sql_.param(campaign.id),
                                  AudienceSql::outcome_sql(campaign.outcome, "em")));
    }
    from +=
        " CROSS JOIN message_about ea CROSS JOIN message em LEFT JOIN message_about eo"
        " ON eo.message_id = em.id AND eo.organisation_id = em.organisation_id"
        " AND eo.is_recipient = 0 JOIN contact s ON s.organisation_id = em.organisation_id"
        " AND s.id = COALESCE(eo.contact_id, em.contact_id) AND s.deleted_at IS NULL";
    where += fmt::format(
        " AND ea.organisation_id = {0} AND ea.contact_id = {1} AND ea.is_recipient = 1"
        " AND em.organisation_id = {0} AND em.id = ea.message_id AND {2}",
        organisation, recipient.id, join_balanced(which, "OR"));
    return {};
  }

  Result<void> exclude(const ContactRef& recipient, std::string& where) {
    const std::string excluded = TRY(audience_.excluded(recipient));
    if (excluded.empty()) return {};
    where += fmt::format(" AND NOT {}", excluded);
    if (about_.row != recipient.row) {
      where += fmt::format(" AND NOT {}", TRY(audience_.excluded(about_)));
    }
    return {};
  }

  Result<void> select(const ContactRef& recipient, std::string_view address) {
    const Channel channel = expansion_.request.channel;
    const bool is_self = about_.row == recipient.row;
    const bool wants_other = any_reads(expansion_, [&](const UsedFields& used) {
      return reads(used.all, used.fields, other_field(channel)) ||
             (is_self && reads(used.student_all, used.student_fields, other_field(channel)));
    });
    sql_ << "SELECT " << recipient.id << ", " << about_.id << " AS about_id, " << address
         << ", c.do_not_contact, COALESCE(c.last_interaction_at, c.created_at), c.first_name,"
            " c.last_name, c.name, c.external_id, c.locale, c.time_zone, c.fields, "
         << (wants_other ? primary("c", channel == Channel::email ? Channel::sms : Channel::email)
                         : std::string("NULL"));
    if (expansion_.request.with_excluded) {
      sql_ << ", " << TRY(included()) << ", " << TRY(audience_.excluded_by(recipient)) << ", "
           << (is_self ? std::string("-1") : TRY(audience_.excluded_by(about_)));
    } else {
      sql_ << ", 0, -1, -1";
    }
    if (!is_self && any_reads(expansion_, std::mem_fn(&UsedFields::reads_student))) {
      reads_about_ = true;
      sql_ << ", s.first_name, s.last_name, s.name, s.external_id, s.locale, s.time_zone,"
              " s.fields, "
           << primary("s", Channel::email) << ", " << primary("s", Channel::sms);
    }
    sql_ << " ";
    return {};
  }

  // Earlier campaigns of a stream of their own are counted as what they are.
  Result<std::string> included() {
    if (kind_ != StreamKind::earlier || expansion_.is_frozen) {
      return audience_.included_by(about_);
    }
    std::string text = "CASE";
    const auto items = included_items(expansion_.audience);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].kind != AudienceItem::Kind::campaign) continue;
      text += fmt::format(" WHEN em.campaign_id = {} AND {} THEN {}",
                          sql_.param(CampaignId{items[i].id}),
                          AudienceSql::outcome_sql(items[i].outcome, "em"), i);
    }
    return text + " ELSE -1 END";
  }

  std::string primary(std::string_view row, Channel channel) const {
    return fmt::format(
        "(SELECT p.address FROM contact_address p WHERE p.organisation_id = {0}.organisation_id"
        " AND p.contact_id = {0}.id AND p.channel = {1} AND p.is_primary = 1 LIMIT 1)",
        row, static_cast<int>(channel));
  }

  Result<std::vector<Candidate>> run() {
    std::vector<Candidate> candidates;
    const bool is_email = expansion_.request.channel == Channel::email;
    TRY(connection_.query(sql_.statement(), sql_.values(), [&](const db::Row& row) {
      Candidate& candidate = candidates.emplace_back();
      candidate.contact_id = row.id<ContactId>(0);
      candidate.about_id = row.id<ContactId>(1);
      candidate.address = row.string(2);
      candidate.normalised = row.string(3);
      candidate.do_not_contact = row.boolean(4);
      candidate.last_seen = row.instant(5);
      candidate.is_missing_guardian = kind_ == StreamKind::orphans;
      const auto text = [&](int column) {
        return row.is_null(column) ? std::string_view() : row.text(column);
      };
      const std::string_view own = row.text(2);
      const ContactRow contact{text(6),
                               text(7),
                               text(8),
                               text(9),
                               text(10),
                               text(11),
                               is_email ? own : text(13),
                               is_email ? text(13) : own,
                               text(12)};
      candidate.variant = variant_for(expansion_, contact.locale);
      const UsedFields& used = used_in(expansion_, candidate.variant);
      candidate.included_by = std::max(0, static_cast<int>(row.integer(14)));
      const auto recipient_out = static_cast<int>(row.integer(15));
      const auto about_out = static_cast<int>(row.integer(16));
      if (recipient_out >= 0 || about_out >= 0) {
        candidate.excluded_by = recipient_out >= 0 ? recipient_out : about_out;
      }
      if (reads_about_) {
        const ContactRow student{text(17), text(18), text(19), text(20), text(21),
                                 text(22), text(24), text(25), text(23)};
        candidate.values = snapshot_values(contact, student, used);
      } else {
        candidate.values = snapshot_values(contact, contact, used);
      }
    }));
    return candidates;
  }

  db::Connection& connection_;
  const Expansion& expansion_;
  const StreamKind kind_;
  SqlText sql_;
  AudienceSql audience_;
  ContactRef about_;
  bool is_chosen_ = false;  // by what it walks
  bool reads_about_ = false;
};

std::vector<LooseAddress> typed_addresses(const Expansion& expansion) {
  std::vector<LooseAddress> addresses;
  const auto items = included_items(expansion.audience);
  const auto item = std::ranges::find(items, AudienceItem::Kind::addresses, &AudienceItem::kind);
  for (const std::string& typed : expansion.audience.include.addresses) {
    auto read = read_address(typed, expansion.request.channel);
    // One that is none on this channel: checked when it was stored.
    if (!read) continue;
    addresses.push_back({std::move(read->typed), std::move(read->normalised),
                         static_cast<int>(item - items.begin())});
  }
  return addresses;
}

}  // namespace

std::vector<StreamKind> streams_of(const Expansion& expansion, bool with_address) {
  const Audience& audience = expansion.audience;
  const Selection& include = audience.include;
  const bool names_people = expansion.is_frozen || audience.everybody || !include.groups.empty() ||
                            !include.segments.empty() || !include.contacts.empty();
  const bool themselves = audience.recipients != Recipients::guardians;
  const bool has_earlier = !audience.everybody && !include.campaigns.empty();
  std::vector<StreamKind> kinds;
  if (themselves && names_people) kinds.push_back(StreamKind::themselves);
  if (themselves && has_earlier) kinds.push_back(StreamKind::earlier);
  if (audience.recipients != Recipients::themselves && (names_people || has_earlier)) {
    kinds.push_back(StreamKind::guardians);
    if (!themselves && !with_address) kinds.push_back(StreamKind::orphans);
  }
  return kinds;
}

Result<std::vector<Candidate>> read_with_address(db::Connection& connection,
                                                 const Expansion& expansion, StreamKind kind,
                                                 const std::string& normalised,
                                                 std::int64_t contact, int limit) {
  return StreamQuery(connection, expansion, kind, expansion.segments)
      .with_address(normalised, contact, limit);
}

Result<std::vector<Candidate>> read_without_address(db::Connection& connection,
                                                    const Expansion& expansion, StreamKind kind,
                                                    std::int64_t contact, int limit) {
  return StreamQuery(connection, expansion, kind, expansion.segments)
      .without_address(contact, limit);
}

Result<ContactBatch> read_by_contact(db::Connection& connection, const Expansion& expansion,
                                     std::int64_t contact, int limit) {
  ContactBatch batch;
  for (int wanted = limit + 1;; wanted *= 2) {
    batch.candidates =
        TRY(StreamQuery(connection, expansion, StreamKind::themselves, expansion.segments)
                .by_contact(contact, wanted));
    batch.is_last = std::ssize(batch.candidates) < wanted;
    // The last contact may have more addresses behind the limit.
    if (!batch.is_last) {
      const ContactId open = batch.candidates.back().contact_id;
      std::erase_if(batch.candidates,
                    [&](const Candidate& each) { return each.contact_id == open; });
    }
    if (batch.candidates.empty() && !batch.is_last) continue;
    batch.last = batch.candidates.empty() ? contact : batch.candidates.back().contact_id.value;
    return batch;
  }
}

Result<std::vector<LooseAddress>> read_loose_addresses(db::Connection& connection,
                                                       const Expansion& expansion,
                                                       const std::string& normalised, int limit) {
  // The first item that brings an address is the one that counts.
  std::map<std::string, LooseAddress> found;
  const auto add = [&](LooseAddress address) {
    const auto [at, is_new] = found.try_emplace(address.normalised, address);
    if (!is_new && address.included_by < at->second.included_by) at->second = std::move(address);
  };
  for (LooseAddress& address : typed_addresses(expansion)) {
    if (address.normalised > normalised) add(std::move(address));
  }
  const auto items = included_items(expansion.audience);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].kind != AudienceItem::Kind::campaign) continue;
    SqlText sql(connection.dialect());
    sql << "SELECT m.address, m.normalised FROM message m WHERE m.campaign_id = "
        << sql.param(CampaignId{items[i].id}) << " AND m.normalised > " << sql.param(normalised)
        << " AND m.organisation_id = " << sql.param(expansion.request.organisation)
        << " AND m.channel = " << sql.param(static_cast<std::int64_t>(expansion.request.channel))
        << " AND m.contact_id IS NULL AND " << AudienceSql::outcome_sql(items[i].outcome, "m")
        << " ORDER BY m.normalised LIMIT " << sql.param(std::int64_t{limit});
    TRY(connection.query(sql.statement(), sql.values(), [&](const db::Row& row) {
      add({row.string(0), row.string(1), static_cast<int>(i)});
    }));
  }
  std::vector<LooseAddress> addresses;
  for (auto& [key, address] : found) {
    if (std::ssize(addresses) == limit) break;
    addresses.push_back(std::move(address));
  }
  return addresses;
}

Result<std::vector<Candidate>> resolve_loose_addresses(db::Connection& connection,
                                                       const Expansion& expansion,
                                                       const std::vector<LooseAddress>& addresses) {
  std::vector<Candidate> resolved;
  if (addresses.empty()) return resolved;
  const ExpandRequest& request = expansion.request;
  const bool is_email = request.channel == Channel::email;

  struct Owner {
    Candidate candidate;
    bool is_excluded = false;
    bool is_primary = false;
  };
  std::map<std::string, std::vector<Owner>> owners;
  SqlText sql(connection.dialect());
  AudienceSql audience(sql, expansion.audience, request, expansion.segments, false);
  const ContactRef contact{"c", "a.contact_id"};
  std::vector<std::string> keys;
  for (const LooseAddress& address : addresses) keys.push_back(address.normalised);
  sql << "SELECT a.contact_id, a.normalised, a.is_primary, c.do_not_contact,"
         " COALESCE(c.last_interaction_at, c.created_at), c.first_name, c.last_name, c.name,"
         " c.external_id, c.locale, c.time_zone, c.fields,"
         " (SELECT p.address FROM contact_address p WHERE p.organisation_id = c.organisation_id"
         " AND p.contact_id = c.id AND p.channel = "
      << (is_email ? "1" : "0") << " AND p.is_primary = 1 LIMIT 1), "
      << TRY(audience.excluded_by(contact))
      << " FROM contact_address a JOIN contact c ON c.organisation_id = a.organisation_id"
         " AND c.id = a.contact_id AND c.deleted_at IS NULL WHERE a.organisation_id = "
      << audience.organisation() << " AND a.channel = " << audience.channel() << " AND "
      << sql.in("a.normalised", keys) << " ORDER BY a.normalised, a.contact_id";
  std::map<std::string_view, const LooseAddress*> by_key;
  for (const LooseAddress& address : addresses) by_key[address.normalised] = &address;
  TRY(connection.query(sql.statement(), sql.values(), [&](const db::Row& row) {
    Owner owner;
    Candidate& candidate = owner.candidate;
    const LooseAddress& address = *by_key.at(row.text(1));
    candidate.contact_id = candidate.about_id = row.id<ContactId>(0);
    candidate.address = address.typed;
    candidate.normalised = address.normalised;
    candidate.included_by = address.included_by;
    candidate.do_not_contact = row.boolean(3);
    candidate.last_seen = row.instant(4);
    owner.is_primary = row.boolean(2);
    const auto text = [&](int column) {
      return row.is_null(column) ? std::string_view() : row.text(column);
    };
    const std::string_view own = address.typed;
    const ContactRow values{text(5),
                            text(6),
                            text(7),
                            text(8),
                            text(9),
                            text(10),
                            is_email ? own : text(12),
                            is_email ? text(12) : own,
                            text(11)};
    candidate.variant = variant_for(expansion, values.locale);
    candidate.values = snapshot_values(values, values, used_in(expansion, candidate.variant));
    if (const auto item = static_cast<int>(row.integer(13)); item >= 0) {
      candidate.excluded_by = item;
      owner.is_excluded = true;
    }
    owners[candidate.normalised].push_back(std::move(owner));
  }));
  for (const LooseAddress& address : addresses) {
    const auto at = owners.find(address.normalised);
    if (at == owners.end()) {
      Candidate& nobody = resolved.emplace_back();
      nobody.address = address.typed;
      nobody.normalised = address.normalised;
      nobody.included_by = address.included_by;
      ContactRow values{};
      (is_email ? values.email : values.phone) = address.typed;
      values.fields = "{}";
      nobody.values = snapshot_values(values, values, expansion.used);
      continue;
    }
    // Whoever may be written to; among those, whose main address it is; else the oldest.
    const auto rank = [](const Owner& owner) {
      return std::tuple(owner.is_excluded, owner.candidate.do_not_contact, !owner.is_primary);
    };
    const auto best = std::ranges::min_element(at->second, {}, rank);
    if (!best->is_excluded || request.with_excluded) {
      resolved.push_back(std::move(best->candidate));
    }
  }
  return resolved;
}

std::vector<std::string> excluded_addresses(const Expansion& expansion) {
  std::vector<std::string> addresses;
  for (const std::string& typed : expansion.audience.exclude.addresses) {
    if (auto read = read_address(typed, expansion.request.channel)) {
      addresses.push_back(std::move(read->normalised));
    }
  }
  std::ranges::sort(addresses);
  return addresses;
}

}  // namespace tidings::audience
