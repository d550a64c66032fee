#include "audience/people/search_index.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

#include <fmt/format.h>

#include "audience/people/search_text.h"

namespace tidings::people {
namespace {

using db::Param;
using db::Row;
using db::Statement;
using db::StatementPair;

// The words of the row, each behind its organisation: as contact_search and the index of
// PostgreSQL (schema_people.cc) have them.
#define TIDINGS_SQLITE_WORDS \
  "substr(replace(' ' || search_text, ' ', ' o' || printf('%x', organisation_id) || 'w'), 2)"

constexpr StatementPair select_sources{
    {"search.sources",
     "SELECT c.id, c.first_name, c.last_name, c.name, c.external_id, a.channel, a.normalised "
     "FROM json_each($2) j CROSS JOIN contact c LEFT JOIN contact_address a "
     "ON a.organisation_id = c.organisation_id AND a.contact_id = c.id "
     "WHERE c.organisation_id = $1 AND c.id = j.value AND c.deleted_at IS NULL "
     "ORDER BY c.id, a.is_primary DESC"},
    {"search.sources",
     "SELECT c.id, c.first_name, c.last_name, c.name, c.external_id, a.channel, a.normalised "
     "FROM json_array_elements_text($2::json) AS j(value) "
     "JOIN contact c ON c.id = j.value::bigint LEFT JOIN contact_address a "
     "ON a.organisation_id = c.organisation_id AND a.contact_id = c.id "
     "WHERE c.organisation_id = $1 AND c.deleted_at IS NULL ORDER BY c.id, a.is_primary DESC"}};
// Optimisation: the small index of those that wait is named, because SQLite walked all contacts to
// find that none of a million does (120 ms of CPU, before each list by name).
constexpr StatementPair pending_ids{
    {"search.pending",
     "SELECT id FROM contact INDEXED BY contact_unindexed WHERE organisation_id = $1 "
     "AND search_text IS NULL ORDER BY id LIMIT $2"},
    {"search.pending",
     "SELECT id FROM contact WHERE organisation_id = $1 "
     "AND search_text IS NULL ORDER BY id LIMIT $2"}};
constexpr Statement set_text{"search.set_text",
                             "UPDATE contact SET search_text = $3, sort_name = $4 "
                             "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement sqlite_remove_words{
    "search.remove_words",
    "INSERT INTO contact_search (contact_search, rowid, words) SELECT 'delete', "
    "id, " TIDINGS_SQLITE_WORDS
    " FROM contact WHERE organisation_id = $1 AND id = $2 AND search_text <> ''"};
constexpr Statement sqlite_add_words{
    "search.add_words",
    "INSERT INTO contact_search (rowid, words) SELECT id, " TIDINGS_SQLITE_WORDS
    " FROM contact WHERE organisation_id = $1 AND id = $2 AND search_text <> ''"};

struct Source {
  std::string first_name, last_name, name, external_id;
  std::vector<std::string> emails, phones;
};

std::string json_list(std::span<const ContactId> contacts) {
  std::string list = "[";
  for (const ContactId id : contacts)
    list += fmt::format("{}{}", list.size() > 1 ? "," : "", id.value);
  return list + "]";
}

SearchSource borrow(const Source& source) {
  SearchSource borrowed{.first_name = source.first_name,
                        .last_name = source.last_name,
                        .name = source.name,
                        .external_id = source.external_id};
  borrowed.emails.assign(source.emails.begin(), source.emails.end());
  borrowed.phones.assign(source.phones.begin(), source.phones.end());
  return borrowed;
}

Result<void> for_each(db::Connection& connection, const Statement& statement,
                      OrganisationId organisation, std::span<const ContactId> contacts) {
  std::vector<Param> flat;
  flat.reserve(contacts.size() * 2);
  for (const ContactId id : contacts) {
    flat.emplace_back(organisation);
    flat.emplace_back(id);
  }
  if (!flat.empty()) TRY(connection.execute_many(statement, 2, flat));
  return {};
}

Result<void> set_texts(db::Connection& connection, OrganisationId organisation,
                       std::span<const ContactId> contacts, const Param& text, const Param& name) {
  if (connection.dialect() == db::Dialect::sqlite)
    TRY(for_each(connection, sqlite_remove_words, organisation, contacts));
  std::vector<Param> flat;
  for (const ContactId id : contacts) flat.insert(flat.end(), {organisation, id, text, name});
  if (!flat.empty()) TRY(connection.execute_many(set_text, 4, flat));
  return {};
}

}  // namespace

Result<void> index_contacts(db::Connection& connection, OrganisationId organisation,
                            std::span<const ContactId> contacts) {
  if (contacts.empty()) return {};
  std::map<ContactId, Source> sources;
  TRY(connection.query(
      select_sources.in(connection.dialect()), {organisation, json_list(contacts)},
      [&](const Row& row) {
        const auto [at, fresh] = sources.try_emplace(row.id<ContactId>(0));
        Source& source = at->second;
        if (fresh) {
          source.first_name = row.string(1);
          source.last_name = row.string(2);
          source.name = row.string(3);
          source.external_id = row.string(4);
        }
        if (row.is_null(5)) return;
        (row.integer(5) == 0 ? source.emails : source.phones).push_back(row.string(6));
      }));
  std::vector<ContactId> known;
  std::vector<std::string> texts;
  for (const auto& [id, source] : sources) {
    const SearchSource borrowed = borrow(source);
    known.push_back(id);
    texts.push_back(search_text(borrowed));
    texts.push_back(sort_name(borrowed));
  }
  const bool sqlite = connection.dialect() == db::Dialect::sqlite;
  if (sqlite) TRY(for_each(connection, sqlite_remove_words, organisation, known));
  std::vector<Param> flat;
  flat.reserve(known.size() * 4);
  for (std::size_t i = 0; i < known.size(); ++i)
    flat.insert(flat.end(), {organisation, known[i], texts[2 * i], texts[2 * i + 1]});
  if (!flat.empty()) TRY(connection.execute_many(set_text, 4, flat));
  if (sqlite) TRY(for_each(connection, sqlite_add_words, organisation, known));
  return {};
}

IndexTexts index_texts(const audience::Contact& contact) {
  SearchSource source{.first_name = contact.first_name,
                      .last_name = contact.last_name,
                      .name = contact.name,
                      .external_id = contact.external_id};
  // In the order of select_sources.
  for (const bool is_primary : {true, false}) {
    for (const audience::ContactAddress& address : contact.addresses) {
      if (address.primary != is_primary) continue;
      (address.channel == Channel::email ? source.emails : source.phones)
          .push_back(address.normalised);
    }
  }
  return {search_text(source), sort_name(source)};
}

Result<void> index_stored_contacts(db::Connection& connection, OrganisationId organisation,
                                   std::span<const ContactId> contacts) {
  if (connection.dialect() != db::Dialect::sqlite) return {};
  return for_each(connection, sqlite_add_words, organisation, contacts);
}

Result<void> unindex_contacts(db::Connection& connection, OrganisationId organisation,
                              std::span<const ContactId> contacts) {
  return set_texts(connection, organisation, contacts, Param(), Param());
}

Result<void> forget_contacts(db::Connection& connection, OrganisationId organisation,
                             std::span<const ContactId> contacts) {
  return set_texts(connection, organisation, contacts, Param(""), Param(""));
}

Result<bool> index_pending(db::Database& database, OrganisationId organisation,
                           std::chrono::milliseconds budget) {
  constexpr int rows_each = 1'000;
  const auto end = std::chrono::steady_clock::now() + budget;
  for (;;) {
    std::vector<ContactId> waiting;
    TRY(database.read([&](db::Connection& connection) {
      waiting.clear();
      return connection.query(pending_ids.in(connection.dialect()), {organisation, rows_each},
                              [&](const Row& row) { waiting.push_back(row.id<ContactId>(0)); });
    }));
    if (waiting.empty()) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
    TRY(database.write(db::Priority::import, [&](db::Connection& connection) -> Result<void> {
      TRY(index_contacts(connection, organisation, waiting));
      // What was deleted while it waited leaves the queue too.
      constexpr Statement leave{"search.leave",
                                "UPDATE contact SET search_text = '', sort_name = '' "
                                "WHERE organisation_id = $1 AND id = $2 AND search_text IS NULL "
                                "AND deleted_at IS NOT NULL"};
      return for_each(connection, leave, organisation, waiting);
    }));
  }
}

std::string match_text(db::Dialect dialect, OrganisationId organisation,
                       const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (dialect == db::Dialect::sqlite)
      text += fmt::format("{}\"o{:x}w{}\" *", text.empty() ? "" : " ", organisation.value, word);
    else
      text += fmt::format("{}'o{:x}w{}':*", text.empty() ? "" : " & ", organisation.value, word);
  }
  return text;
}

}  // namespace tidings::people
