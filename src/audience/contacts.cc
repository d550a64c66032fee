#include "audience/contacts.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <unordered_set>

#include <fmt/format.h>

#include "audience/column_mapping.h"
#include "base/json_text.h"

namespace tidings::audience {
namespace {

using db::Row;
using db::Statement;

constexpr Statement contact_by_id{
    "contact.find",
    "SELECT external_id, first_name, last_name, name, locale, time_zone, fields, do_not_contact "
    "FROM contact WHERE organisation_id = $1 AND id = $2 AND deleted_at IS NULL"};
constexpr Statement addresses_of{
    "contact.addresses",
    "SELECT channel, normalised, address, is_primary FROM contact_address "
    "WHERE organisation_id = $1 AND contact_id = $2 ORDER BY channel, is_primary DESC, normalised"};
constexpr Statement contacts_by_address{
    "contact.find_by_address",
    "SELECT a.contact_id FROM contact_address a JOIN contact c "
    "ON c.organisation_id = a.organisation_id AND c.id = a.contact_id "
    "WHERE a.organisation_id = $1 AND a.channel = $2 AND a.normalised = $3 "
    "AND c.deleted_at IS NULL ORDER BY a.contact_id"};
constexpr Statement import_options{
    "contact.columns",
    "SELECT options FROM import_job WHERE organisation_id = $1 ORDER BY id DESC LIMIT 1000"};

constexpr Statement defined_fields{
    "contact.defined_fields",
    "SELECT name, label FROM custom_field WHERE organisation_id = $1 ORDER BY position, name"};

constexpr std::array<std::string_view, 9> standard_names = {
    "id",        "email", "phone",  "external_id", "first_name",
    "last_name", "name",  "locale", "time_zone"};

}  // namespace

std::string Contact::display_name() const {
  if (!name.empty()) return name;
  if (first_name.empty() || last_name.empty()) return first_name + last_name;
  return first_name + " " + last_name;
}

std::string_view Contact::primary_address(Channel channel) const {
  for (const ContactAddress& address : addresses)
    if (address.channel == channel && address.primary) return address.typed;
  return {};
}

Result<std::vector<std::optional<Contact>>> find_contacts(db::Connection& connection,
                                                          OrganisationId organisation,
                                                          std::span<const ContactId> ids) {
  std::vector<std::optional<Contact>> contacts(ids.size());
  std::vector<db::Param> keys;
  for (const ContactId id : ids) keys.insert(keys.end(), {organisation, id});
  TRY(connection.query_many(contact_by_id, 2, keys, [&](std::size_t i, const Row& row) {
    contacts[i] = Contact{.id = ids[i],
                          .external_id = row.string(0),
                          .first_name = row.string(1),
                          .last_name = row.string(2),
                          .name = row.string(3),
                          .locale = row.string(4),
                          .time_zone = row.string(5),
                          .fields = row.string(6),
                          .do_not_contact = row.boolean(7)};
  }));
  TRY(connection.query_many(addresses_of, 2, keys, [&](std::size_t i, const Row& row) {
    if (!contacts[i]) return;
    contacts[i]->addresses.push_back({.channel = static_cast<Channel>(row.integer(0)),
                                      .normalised = row.string(1),
                                      .typed = row.string(2),
                                      .primary = row.boolean(3)});
  }));
  return contacts;
}

Result<std::optional<Contact>> find_contact(db::Connection& connection, OrganisationId organisation,
                                            ContactId id) {
  return std::move(TRY(find_contacts(connection, organisation, {&id, 1})).front());
}

Result<std::vector<std::vector<ContactId>>> find_contacts_by_addresses(
    db::Connection& connection, OrganisationId organisation, Channel channel,
    std::span<const std::string_view> normalised) {
  std::vector<std::vector<ContactId>> found(normalised.size());
  std::vector<db::Param> keys;
  for (const std::string_view address : normalised) {
    keys.insert(keys.end(), {organisation, static_cast<int>(channel), address});
  }
  TRY(connection.query_many(contacts_by_address, 3, keys, [&](std::size_t i, const Row& row) {
    found[i].push_back(row.id<ContactId>(0));
  }));
  return found;
}

Result<std::vector<ContactId>> find_contacts_by_address(db::Connection& connection,
                                                        OrganisationId organisation,
                                                        Channel channel,
                                                        std::string_view normalised) {
  return std::move(
      TRY(find_contacts_by_addresses(connection, organisation, channel, {&normalised, 1})).front());
}

std::string contact_values(const Contact& contact) {
  boost::json::object values{{"id", to_text(contact.id)},
                             {"email", contact.primary_address(Channel::email)},
                             {"phone", contact.primary_address(Channel::sms)},
                             {"external_id", contact.external_id},
                             {"first_name", contact.first_name},
                             {"last_name", contact.last_name},
                             {"name", contact.display_name()},
                             {"locale", contact.locale},
                             {"time_zone", contact.time_zone}};
  const boost::json::value fields = parse_json(contact.fields);
  if (fields.is_object())
    for (const auto& [name, value] : fields.as_object()) values.emplace(name, value);
  return boost::json::serialize(values);
}

Result<std::vector<ContactColumn>> contact_columns(db::Connection& connection,
                                                   OrganisationId organisation) {
  std::vector<ContactColumn> columns;
  std::unordered_set<std::string> names;
  const auto add = [&](std::string_view name, std::string_view target, std::string_view header) {
    if (names.emplace(name).second)
      columns.push_back({std::string(name), std::string(target), std::string(header)});
  };
  for (const std::string_view name : standard_names) add(name, name, "");
  TRY(connection.query(defined_fields, {organisation},
                       [&](const Row& row) { add(row.text(0), row.text(0), row.text(1)); }));
  TRY(connection.query(import_options, {organisation}, [&](const Row& row) {
    const boost::json::value options = parse_json(row.text(0));
    const auto* object = options.if_object();
    const auto* list = object == nullptr ? nullptr : object->if_contains("columns");
    if (list == nullptr || !list->is_array()) return;
    for (const auto& column : list->get_array()) {
      const auto* entry = column.if_object();
      if (entry == nullptr) continue;
      const auto text = [&](std::string_view key) -> std::string_view {
        const auto* value = entry->if_contains(key);
        return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : "";
      };
      if (text("field") == "-") continue;
      add(text("name"), text("name"), text("header"));
      add(text("slug"), text("name"), text("header"));
    }
  }));
  return columns;
}

const ContactColumn* find_column(const std::vector<ContactColumn>& columns, std::string_view name) {
  for (const ContactColumn& column : columns)
    if (column.name == name) return &column;
  const auto plain = [](std::string_view text) {
    std::string slug = column_slug(text);
    std::erase(slug, '_');
    return slug;
  };
  const std::string wanted = plain(name);
  if (wanted.empty()) return nullptr;
  for (const ContactColumn& column : columns)
    if (plain(column.name) == wanted) return &column;
  return nullptr;
}

}  // namespace tidings::audience
