#include "audience/people/export_contacts.h"

#include <boost/json.hpp>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json_text.h"
#include "wire/csv.h"

namespace tidings::people {
namespace {

namespace json = boost::json;
using db::Row;
using db::StatementPair;

constexpr StatementPair groups_of_many{
    {"export.groups",
     "SELECT m.contact_id, g.name FROM json_each($2) j CROSS JOIN contact_group_member m "
     "JOIN contact_group g ON g.organisation_id = m.organisation_id AND g.id = m.group_id "
     "WHERE m.organisation_id = $1 AND m.contact_id = j.value AND g.origin = 0 "
     "ORDER BY m.contact_id, g.name"},
    {"export.groups",
     "SELECT m.contact_id, g.name FROM json_array_elements_text($2::json) AS j(value) "
     "JOIN contact_group_member m ON m.contact_id = j.value::bigint "
     "JOIN contact_group g ON g.organisation_id = m.organisation_id AND g.id = m.group_id "
     "WHERE m.organisation_id = $1 AND g.origin = 0 ORDER BY m.contact_id, g.name"}};

std::string cell(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_null()) return {};
  if (value.is_double()) return fmt::format("{}", value.get_double());
  return json::serialize(value);
}

void append_person(std::string& out, const Person& person, const std::string& groups,
                   const std::vector<CustomField>& fields) {
  const audience::Contact& contact = person.contact;
  std::vector<std::string> cells = {contact.external_id,
                                    std::string(contact.primary_address(Channel::email)),
                                    std::string(contact.primary_address(Channel::sms)),
                                    contact.first_name,
                                    contact.last_name,
                                    contact.name,
                                    contact.locale,
                                    contact.time_zone,
                                    groups};
  const json::value values = parse_json(contact.fields);
  for (const CustomField& field : fields) {
    const json::value* value =
        values.is_object() ? values.get_object().if_contains(field.name) : nullptr;
    cells.push_back(value != nullptr ? cell(*value) : std::string());
  }
  const std::vector<std::string_view> views(cells.begin(), cells.end());
  wire::append_csv_record(out, views);
}

}  // namespace

ContactExport::ContactExport(db::Database& database, OrganisationId organisation,
                             ContactQuery query)
    : database_(database), organisation_(organisation), query_(std::move(query)) {
  query_.sort = ContactSort::created;
  query_.descending = false;
}

Result<void> ContactExport::begin(std::string& out) {
  fields_ = TRY(database_.read_value(
      [&](db::Connection& connection) { return list_custom_fields(connection, organisation_); }));
  std::vector<std::string_view> header = {"external_id", "email",     "phone",
                                          "first_name",  "last_name", "name",
                                          "locale",      "time_zone", "group"};
  for (const CustomField& field : fields_) header.push_back(field.name);
  wire::append_csv_record(out, header);
  has_begun_ = true;
  return {};
}

Result<bool> ContactExport::next(std::string& out) {
  constexpr int rows_each = 1'000;
  if (!has_begun_) TRY(begin(out));
  TRY(database_.read([&](db::Connection& connection) -> Result<void> {
    ContactPage page = TRY(list_contacts(connection, organisation_, query_, cursor_, rows_each));
    std::string list;
    for (const Person& person : page.people)
      list += fmt::format("{}{}", list.empty() ? "[" : ",", person.contact.id.value);
    std::unordered_map<std::int64_t, std::string> groups;
    if (!list.empty())
      TRY(connection.query(groups_of_many.in(connection.dialect()), {organisation_, list + "]"},
                           [&](const Row& row) {
                             std::string& names = groups[row.integer(0)];
                             names += (names.empty() ? "" : ";") + row.string(1);
                           }));
    for (const Person& person : page.people)
      append_person(out, person, groups[person.contact.id.value], fields_);
    count_ += std::ssize(page.people);
    cursor_ = std::move(page.next_cursor);
    return {};
  }));
  return !cursor_.empty();
}

}  // namespace tidings::people
