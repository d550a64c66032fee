#include "audience/people/merge_contacts.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <map>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "audience/consent/carried_choices.h"
#include "audience/groups.h"
#include "audience/people/activities.h"
#include "audience/people/custom_fields.h"
#include "audience/people/relations.h"
#include "audience/people/search_index.h"
#include "base/bytes.h"
#include "base/json_text.h"

namespace tidings::people {
namespace {

namespace json = boost::json;
using audience::Contact;
using audience::ContactAddress;
using db::Param;
using db::Row;
using db::Statement;

constexpr Statement put_values{
    "merge.put_values",
    "UPDATE contact SET external_id = $3, first_name = $4, last_name = $5, name = $6, locale = $7, "
    "time_zone = $8, fields = $9, do_not_contact = $10, last_interaction_at = $11, changed_at = "
    "$12 "
    "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement empty_loser{
    "merge.empty_loser",
    "UPDATE contact SET external_id = NULL, first_name = '', last_name = '', name = '', "
    "fields = '{}', row_identity = NULL, deleted_at = $3, changed_at = $3 "
    "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement add_address{
    "merge.add_address",
    "INSERT INTO contact_address (organisation_id, contact_id, channel, normalised, address, "
    "is_primary, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"};
constexpr Statement remove_addresses{
    "merge.remove_addresses",
    "DELETE FROM contact_address WHERE organisation_id = $1 AND contact_id = $2"};
constexpr Statement move_notes{"merge.move_notes",
                               "UPDATE note SET contact_id = $2 "
                               "WHERE organisation_id = $1 AND contact_id = $3"};
constexpr Statement move_activities{"merge.move_activities",
                                    "UPDATE activity SET contact_id = $2 "
                                    "WHERE organisation_id = $1 AND contact_id = $3"};
// Messages: whose they are, then whose History shows them. Both may be about one message.
constexpr Statement move_messages{
    "merge.move_messages",
    "UPDATE message SET contact_id = $2 WHERE organisation_id = $1 AND contact_id = $3 AND id IN "
    "(SELECT message_id FROM message_about WHERE organisation_id = $1 AND contact_id = $3)"};
constexpr Statement move_returned{"merge.move_returned",
                                  "UPDATE returned_mail SET contact_id = $2 "
                                  "WHERE organisation_id = $1 AND contact_id = $3"};
constexpr Statement join_about{
    "merge.join_about",
    "UPDATE message_about SET is_recipient = 1 WHERE organisation_id = $1 AND contact_id = $2 "
    "AND message_id IN (SELECT message_id FROM message_about "
    "WHERE organisation_id = $1 AND contact_id = $3 AND is_recipient = 1)"};
constexpr Statement move_about{
    "merge.move_about",
    "INSERT INTO message_about (organisation_id, contact_id, message_id, is_recipient) "
    "SELECT organisation_id, CAST($2 AS BIGINT), message_id, is_recipient FROM message_about "
    "WHERE organisation_id = $1 AND contact_id = $3 ON CONFLICT DO NOTHING"};
constexpr Statement remove_about{
    "merge.remove_about",
    "DELETE FROM message_about WHERE organisation_id = $1 AND contact_id = $2"};
constexpr Statement move_redirects{"merge.move_redirects",
                                   "UPDATE contact_redirect SET to_id = $2 "
                                   "WHERE organisation_id = $1 AND to_id = $3"};
constexpr Statement add_redirect{
    "merge.redirect",
    "INSERT INTO contact_redirect (organisation_id, from_id, to_id, merged_at) "
    "VALUES ($1, $2, $3, $4)"};
constexpr Statement put_relation{
    "merge.put_relation",
    "INSERT INTO relation (organisation_id, id, from_id, to_id, name, receives_messages, "
    "created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
    "ON CONFLICT (organisation_id, from_id, to_id, name) DO UPDATE SET receives_messages = "
    "CASE WHEN excluded.receives_messages = 1 THEN 1 ELSE relation.receives_messages END"};

void take_text(std::string& mine, const std::string& theirs) {
  if (mine.empty()) mine = theirs;
}

// Fields of both, the survivor's where both have one.
std::string join_fields(const std::string& mine, const std::string& theirs) {
  json::value joined = parse_json(theirs);
  if (!joined.is_object()) joined = json::object();
  const json::value own = parse_json(mine);
  if (own.is_object())
    for (const auto& [name, value] : own.get_object()) joined.get_object()[name] = value;
  return json::serialize(joined);
}

class Merger {
 public:
  Merger(db::Connection& connection, const Writer& writer, Person survivor, Person loser)
      : connection_(connection),
        writer_(writer),
        survivor_(std::move(survivor)),
        loser_(std::move(loser)) {}

  Result<void> run();

 private:
  Result<void> move_values();
  Result<void> move_addresses();
  Result<void> move_groups();
  Result<void> move_all_relations();
  Result<void> move_history();

  db::Connection& connection_;
  const Writer& writer_;
  Person survivor_;
  const Person loser_;
};

Result<void> Merger::move_values() {
  Contact& mine = survivor_.contact;
  const Contact& theirs = loser_.contact;
  take_text(mine.external_id, theirs.external_id);
  if (mine.name.empty() && mine.first_name.empty() && mine.last_name.empty())
    mine.name = theirs.name;
  take_text(mine.first_name, theirs.first_name);
  take_text(mine.last_name, theirs.last_name);
  take_text(mine.locale, theirs.locale);
  take_text(mine.time_zone, theirs.time_zone);
  mine.fields = join_fields(mine.fields, theirs.fields);
  mine.do_not_contact |= theirs.do_not_contact;
  auto& latest = survivor_.last_interaction_at;
  if (loser_.last_interaction_at && (!latest || *latest < *loser_.last_interaction_at))
    latest = loser_.last_interaction_at;
  TRY(connection_.execute(empty_loser, {writer_.organisation, theirs.id, writer_.now}));
  TRY(connection_.execute(
      put_values,
      {writer_.organisation, mine.id, mine.external_id.empty() ? Param() : Param(mine.external_id),
       mine.first_name, mine.last_name, mine.name, mine.locale, mine.time_zone, mine.fields,
       mine.do_not_contact ? 1 : 0, latest ? Param(*latest) : Param(), writer_.now}));
  return {};
}

Result<void> Merger::move_addresses() {
  TRY(connection_.execute(remove_addresses, {writer_.organisation, loser_.contact.id}));
  for (const ContactAddress& address : loser_.contact.addresses) {
    const bool primary =
        address.primary && survivor_.contact.primary_address(address.channel).empty();
    TRY(connection_.execute(
        add_address, {writer_.organisation, survivor_.contact.id, static_cast<int>(address.channel),
                      address.normalised, address.typed, primary ? 1 : 0, writer_.now}));
  }
  return {};
}

Result<void> Merger::move_groups() {
  const ContactId mine = survivor_.contact.id;
  const ContactId theirs = loser_.contact.id;
  for (const auto& group : TRY(audience::groups_of(connection_, writer_.organisation, theirs))) {
    TRY(audience::add_to_group(connection_, writer_.organisation, group.id, std::span(&mine, 1),
                               writer_.now));
    TRY(audience::remove_from_group(connection_, writer_.organisation, group.id,
                                    std::span(&theirs, 1)));
  }
  return {};
}

Result<void> Merger::move_all_relations() {
  const ContactId mine = survivor_.contact.id;
  const ContactId theirs = loser_.contact.id;
  for (const Relation& relation : TRY(list_relations(connection_, writer_.organisation, theirs))) {
    TRY(delete_relation(connection_, writer_.organisation, relation.id));
    const ContactId from = relation.from_id == theirs ? mine : relation.from_id;
    const ContactId to = relation.to_id == theirs ? mine : relation.to_id;
    if (from == to) continue;
    TRY(connection_.execute(
        put_relation, {writer_.organisation, relation.id, from, to, relation.name,
                       relation.receives_messages ? 1 : 0, relation.created_at, writer_.now}));
  }
  return {};
}

Result<void> Merger::move_history() {
  const OrganisationId organisation = writer_.organisation;
  const ContactId mine = survivor_.contact.id;
  const ContactId theirs = loser_.contact.id;
  for (const Statement& statement :
       {move_notes, move_activities, move_messages, move_returned, join_about, move_about})
    TRY(connection_.execute(statement, {organisation, mine, theirs}));
  TRY(connection_.execute(remove_about, {organisation, theirs}));
  TRY(connection_.execute(move_redirects, {organisation, mine, theirs}));
  TRY(connection_.execute(add_redirect, {organisation, theirs, mine, writer_.now}));
  return {};
}

Result<void> Merger::run() {
  TRY(move_groups());
  TRY(move_all_relations());
  TRY(consent::join_choices(connection_, writer_.ids, writer_.organisation, survivor_.contact,
                            loser_.contact, writer_.now));
  TRY(forget_contacts(connection_, writer_.organisation, std::span(&loser_.contact.id, 1)));
  TRY(move_values());
  TRY(move_addresses());
  TRY(move_history());
  TRY(index_contacts(connection_, writer_.organisation, std::span(&survivor_.contact.id, 1)));
  TRY(record_activity(
      connection_, writer_.ids, writer_.organisation, survivor_.contact.id,
      {.id = {},
       .type = "merged",
       .occurred_at = writer_.now,
       .recorded_at = writer_.now,
       .source = std::string(writer_.actor),
       .data = json::serialize(json::object{{"merged_id", to_text(loser_.contact.id)}})},
      writer_.now));
  return {};
}

constexpr Statement shared_addresses{
    "duplicates.addresses",
    "SELECT channel, normalised FROM contact_address WHERE organisation_id = $1 "
    "AND (channel, normalised) > ($2, $3) GROUP BY channel, normalised "
    "HAVING count(*) > 1 ORDER BY channel, normalised LIMIT $4"};
constexpr Statement shared_names{
    "duplicates.names",
    "SELECT sort_name FROM contact WHERE organisation_id = $1 AND sort_name > $2 "
    "AND sort_name IS NOT NULL AND deleted_at IS NULL GROUP BY sort_name HAVING count(*) > 1 "
    "ORDER BY sort_name LIMIT $3"};
constexpr Statement of_name{
    "duplicates.of_name",
    "SELECT id, fields FROM contact WHERE organisation_id = $1 AND sort_name = $2 "
    "AND sort_name IS NOT NULL AND deleted_at IS NULL ORDER BY id LIMIT 50"};

// Those of one name, apart where a date tells them apart; sets of one are nobody's likeness.
Result<void> add_of_name(db::Connection& connection, OrganisationId organisation,
                         const std::string& name, const std::vector<CustomField>& dates,
                         std::vector<Likeness>& items) {
  std::map<std::string, Likeness> sets;  // by their dates
  std::vector<std::pair<ContactId, std::string>> found;
  TRY(connection.query(of_name, {organisation, name}, [&](const Row& row) {
    const json::value fields = parse_json(row.text(1));
    std::string key;
    for (const CustomField& field : dates) {
      const json::value* value =
          fields.is_object() ? fields.get_object().if_contains(field.name) : nullptr;
      if (value != nullptr && value->is_string()) key += std::string(value->get_string());
      key += '|';
    }
    Likeness& set = sets[key];
    set.reason = "name";
    set.value = name;
    set.contacts.push_back(row.id<ContactId>(0));
  }));
  // Who has no date at all may be any of them.
  const std::string none(dates.size(), '|');
  if (const auto blank = sets.find(none); blank != sets.end() && sets.size() > 1) {
    const std::vector<ContactId> undated = std::move(blank->second.contacts);
    sets.erase(blank);
    for (auto& [key, set] : sets)
      set.contacts.insert(set.contacts.end(), undated.begin(), undated.end());
  }
  for (auto& [key, set] : sets)
    if (set.contacts.size() > 1) items.push_back(std::move(set));
  return {};
}

}  // namespace

Result<void> merge_contacts(db::Connection& connection, const Writer& writer, ContactId survivor,
                            ContactId loser) {
  Person mine = TRY(find_person(connection, writer.organisation, survivor));
  Person theirs = TRY(find_person(connection, writer.organisation, loser));
  if (mine.contact.id == theirs.contact.id)
    return fail(ErrorKind::invalid, "merge.same", "These two are one contact already.");
  return Merger(connection, writer, std::move(mine), std::move(theirs)).run();
}

Result<LikenessPage> find_duplicates(db::Connection& connection, OrganisationId organisation,
                                     std::string_view cursor, int limit) {
  // "a0:ADDRESS", "a1:NUMBER" or "n:NAME": behind which the page begins.
  const auto plain = cursor.empty() ? std::optional<std::string>("a0:") : from_base64url(cursor);
  if (!plain ||
      !(plain->starts_with("a0:") || plain->starts_with("a1:") || plain->starts_with("n:")))
    return fail(ErrorKind::invalid, "list.bad_cursor",
                "This cursor is not one of ours; begin again with the first page.");
  LikenessPage page;
  std::string name_after;
  if (plain->starts_with('a')) {
    std::vector<std::pair<int, std::string>> shared;
    TRY(connection.query(shared_addresses,
                         {organisation, (*plain)[1] - '0', plain->substr(3), limit},
                         [&](const Row& row) {
                           shared.emplace_back(static_cast<int>(row.integer(0)), row.string(1));
                         }));
    for (const auto& [channel, normalised] : shared) {
      auto contacts = TRY(audience::find_contacts_by_address(
          connection, organisation, static_cast<Channel>(channel), normalised));
      if (contacts.size() > 50) contacts.resize(50);
      page.items.push_back({channel == 0 ? "email" : "phone", normalised, std::move(contacts)});
    }
    if (std::ssize(shared) == limit) {
      page.next_cursor =
          to_base64url(fmt::format("a{}:{}", shared.back().first, shared.back().second));
      return page;
    }
  } else {
    name_after = plain->substr(2);
  }
  std::vector<CustomField> dates = TRY(list_custom_fields(connection, organisation));
  std::erase_if(dates, [](const CustomField& field) { return field.type != FieldType::date; });
  std::vector<std::string> shared;
  const int wanted = std::max(1, limit - static_cast<int>(page.items.size()));
  TRY(connection.query(shared_names, {organisation, name_after, wanted},
                       [&](const Row& row) { shared.push_back(row.string(0)); }));
  for (const std::string& name : shared)
    TRY(add_of_name(connection, organisation, name, dates, page.items));
  if (std::ssize(shared) == wanted) page.next_cursor = to_base64url("n:" + shared.back());
  return page;
}

}  // namespace tidings::people
