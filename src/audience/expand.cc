#include "audience/expand.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include <fmt/format.h>

namespace tidings::audience {

namespace {

namespace json = boost::json;

// CROSS JOIN keeps SQLite from starting with the group and sorting it anew for every batch.
#define TIDINGS_EXPAND_COLUMNS                                                                 \
  "SELECT a.contact_id, a.address, a.normalised, c.do_not_contact, c.first_name, c.last_name," \
  " c.name, c.external_id, c.locale, c.time_zone, c.fields,"                                   \
  " (SELECT o.address FROM contact_address o WHERE o.organisation_id = c.organisation_id"      \
  " AND o.contact_id = c.id AND o.channel = 1 - $2 AND o.is_primary = 1 LIMIT 1)"

constexpr db::Statement kWithAddress{
    "expand.everybody", TIDINGS_EXPAND_COLUMNS
    " FROM contact_address a CROSS JOIN contact c"
    " WHERE a.organisation_id = $1 AND a.channel = $2 AND (a.normalised, a.contact_id) > ($3, $4)"
    " AND a.is_primary = 1 AND c.organisation_id = a.organisation_id AND c.id = a.contact_id"
    " AND c.deleted_at IS NULL ORDER BY a.normalised, a.contact_id LIMIT $5"};

constexpr db::Statement kGroupWithAddress{
    "expand.group", TIDINGS_EXPAND_COLUMNS
    " FROM contact_address a CROSS JOIN contact_group_member m CROSS JOIN contact c"
    " WHERE a.organisation_id = $1 AND a.channel = $2 AND (a.normalised, a.contact_id) > ($3, $4)"
    " AND a.is_primary = 1 AND m.organisation_id = a.organisation_id AND m.group_id = $6"
    " AND m.contact_id = a.contact_id AND c.organisation_id = a.organisation_id"
    " AND c.id = a.contact_id AND c.deleted_at IS NULL"
    " ORDER BY a.normalised, a.contact_id LIMIT $5"};

#define TIDINGS_EXPAND_NO_ADDRESS                                                           \
  " AND c.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM contact_address a"               \
  " WHERE a.organisation_id = c.organisation_id AND a.contact_id = c.id AND a.channel = $2" \
  " AND a.is_primary = 1)"
#define TIDINGS_EXPAND_BARE_COLUMNS                                                       \
  "SELECT c.id, c.first_name, c.last_name, c.name, c.external_id, c.locale, c.time_zone," \
  " c.fields, c.do_not_contact"

constexpr db::Statement kWithoutAddress{
    "expand.everybody_without_address", TIDINGS_EXPAND_BARE_COLUMNS
    " FROM contact c WHERE c.organisation_id = $1 AND c.id > $3" TIDINGS_EXPAND_NO_ADDRESS
    " ORDER BY c.id LIMIT $4"};

constexpr db::Statement kGroupWithoutAddress{
    "expand.group_without_address", TIDINGS_EXPAND_BARE_COLUMNS
    " FROM contact_group_member m CROSS JOIN contact c"
    " WHERE m.organisation_id = $1 AND m.group_id = $5 AND m.contact_id > $3"
    " AND c.organisation_id = m.organisation_id AND c.id = m.contact_id" TIDINGS_EXPAND_NO_ADDRESS
    " ORDER BY m.contact_id LIMIT $4"};

constexpr db::Statement kMeasure{
    "expand.measure",
    "SELECT COUNT(*), COUNT(a.contact_id) FROM contact c LEFT JOIN contact_address a"
    " ON a.organisation_id = c.organisation_id AND a.contact_id = c.id AND a.channel = $2"
    " AND a.is_primary = 1 WHERE c.organisation_id = $1 AND c.deleted_at IS NULL"};

constexpr db::Statement kMeasureGroup{
    "expand.measure_group",
    "SELECT COUNT(*), COUNT(a.contact_id) FROM contact_group_member m JOIN contact c"
    " ON c.organisation_id = m.organisation_id AND c.id = m.contact_id"
    " LEFT JOIN contact_address a ON a.organisation_id = c.organisation_id"
    " AND a.contact_id = c.id AND a.channel = $2 AND a.is_primary = 1"
    " WHERE m.organisation_id = $1 AND m.group_id = $3 AND c.deleted_at IS NULL"};

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

struct ContactRow {
  std::string_view first_name, last_name, name, external_id, locale, time_zone;
  std::string_view email, phone;
  std::string_view fields;  // JSON object
};

constexpr std::array<std::string_view, 8> kStandard = {
    "first_name", "last_name", "name", "email", "phone", "external_id", "locale", "time_zone"};

std::string_view standard_value(const ContactRow& row, std::size_t index) {
  const std::array<std::string_view, 8> values = {row.first_name, row.last_name, row.name,
                                                  row.email,      row.phone,     row.external_id,
                                                  row.locale,     row.time_zone};
  return values[index];
}

// The used fields of one contact, as a JSON object. Empty values are left out: a template then
// sees nil, and its fallback speaks.
std::string contact_values(const ContactRow& row, const UsedFields& used) {
  unsigned char buffer[8192];
  json::monotonic_resource memory(buffer);
  boost::system::error_code error;
  json::object values(&memory);
  json::value parsed;  // the custom fields, once one is asked for
  const auto custom = [&]() -> const json::object& {
    if (!parsed.is_object()) {
      parsed = json::parse(row.fields, error);
      if (!parsed.is_object()) parsed = json::object();
    }
    return parsed.get_object();
  };
  const auto put = [&](std::string_view name, std::string_view target) {
    const auto standard = std::ranges::find(kStandard, target);
    if (standard == kStandard.end()) {
      if (const json::value* found = custom().if_contains(target)) values[name] = *found;
      return;
    }
    const std::string_view value =
        standard_value(row, static_cast<std::size_t>(standard - kStandard.begin()));
    if (target == "name" && value.empty()) {
      std::string full(row.first_name);
      if (!full.empty() && !row.last_name.empty()) full += ' ';
      full += row.last_name;
      if (!full.empty()) values[name] = full;
    } else if (!value.empty()) {
      values[name] = value;
    }
  };
  if (used.all) {
    for (const auto& member : custom()) put(member.key(), member.key());
    for (const std::string_view name : kStandard) put(name, name);
  }
  for (const UsedFields::Field& field : used.fields) put(field.name, field.target);
  return json::serialize(values);
}

// The one group, or nothing for everybody.
Result<std::optional<GroupId>> simple_group(const Audience& audience) {
  Audience simple = audience;
  simple.everybody = false;
  simple.include.groups.clear();
  const bool is_plain = simple == Audience{};
  if (is_plain && audience.everybody) return std::nullopt;
  if (is_plain && audience.include.groups.size() == 1) return audience.include.groups.front();
  return fail(ErrorKind::unsupported, "expand.audience",
              "Only everybody or one group can be written to.");
}

}  // namespace

Result<Batch> expand(db::Connection& connection, OrganisationId organisation,
                     const Audience& audience, Channel channel, const UsedFields& used,
                     const std::string& cursor_text, int limit) {
  const Cursor cursor = TRY(read_cursor(cursor_text));
  const auto group = TRY(simple_group(audience));
  const bool is_email = channel == Channel::email;
  Batch batch;
  if (!cursor.without_address) {
    const auto read = [&](const db::Row& row) {
      Candidate candidate;
      candidate.contact_id = row.id<ContactId>(0);
      candidate.address = row.string(1);
      candidate.normalised = row.string(2);
      candidate.do_not_contact = row.boolean(3);
      const std::string_view own = row.text(1);
      const std::string_view other = row.is_null(11) ? std::string_view() : row.text(11);
      candidate.values = contact_values(
          {row.text(4), row.text(5), row.text(6), row.text(7), row.text(8), row.text(9),
           is_email ? own : other, is_email ? other : own, row.text(10)},
          used);
      batch.candidates.push_back(std::move(candidate));
    };
    for (int wanted = limit + 1;; wanted *= 2) {
      batch.candidates.clear();
      if (group) {
        TRY(connection.query(
            kGroupWithAddress,
            {organisation, int(channel), cursor.normalised, cursor.contact, wanted, *group}, read));
      } else {
        TRY(connection.query(
            kWithAddress, {organisation, int(channel), cursor.normalised, cursor.contact, wanted},
            read));
      }
      if (std::ssize(batch.candidates) < wanted) {
        batch.cursor = "n:0";
        return batch;
      }
      // The last address may go on behind the limit: it is left to the next batch.
      const std::string last = batch.candidates.back().normalised;
      while (!batch.candidates.empty() && batch.candidates.back().normalised == last) {
        batch.candidates.pop_back();
      }
      if (!batch.candidates.empty()) break;
    }
    const Candidate& last = batch.candidates.back();
    batch.cursor = fmt::format("a:{}:{}", last.contact_id.value, last.normalised);
    return batch;
  }
  const auto read = [&](const db::Row& row) {
    Candidate candidate;
    candidate.contact_id = row.id<ContactId>(0);
    candidate.values = contact_values({row.text(1),
                                       row.text(2),
                                       row.text(3),
                                       row.text(4),
                                       row.text(5),
                                       row.text(6),
                                       {},
                                       {},
                                       row.text(7)},
                                      used);
    candidate.do_not_contact = row.boolean(8);
    batch.candidates.push_back(std::move(candidate));
  };
  if (group) {
    TRY(connection.query(kGroupWithoutAddress,
                         {organisation, int(channel), cursor.contact, limit, *group}, read));
  } else {
    TRY(connection.query(kWithoutAddress, {organisation, int(channel), cursor.contact, limit},
                         read));
  }
  batch.is_last = std::ssize(batch.candidates) < limit;
  batch.cursor = batch.candidates.empty()
                     ? cursor_text
                     : fmt::format("n:{}", batch.candidates.back().contact_id.value);
  return batch;
}

Result<AudienceSize> measure_audience(db::Connection& connection, OrganisationId organisation,
                                      const Audience& audience, Channel channel) {
  const auto group = TRY(simple_group(audience));
  AudienceSize size;
  const auto read = [&](const db::Row& row) {
    size.with_address = row.integer(1);
    size.without_address = row.integer(0) - row.integer(1);
  };
  if (group) {
    TRY(connection.query(kMeasureGroup, {organisation, int(channel), *group}, read));
  } else {
    TRY(connection.query(kMeasure, {organisation, int(channel)}, read));
  }
  return size;
}

}  // namespace tidings::audience
