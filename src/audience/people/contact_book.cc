#include "audience/people/contact_book.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "audience/consent/carried_choices.h"
#include "audience/groups.h"
#include "audience/import_values.h"
#include "audience/people/activities.h"
#include "audience/people/custom_fields.h"
#include "audience/people/search_index.h"
#include "base/json_text.h"
#include "wire/email_address.h"
#include "wire/text_encoding.h"

namespace tidings::people {
namespace {

namespace json = boost::json;
using audience::Contact;
using audience::ContactAddress;
using db::Param;
using db::Row;
using db::Statement;

constexpr Statement times_of{"contact.times",
                             "SELECT created_at, changed_at, last_interaction_at FROM contact "
                             "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement redirect_of{
    "contact.redirect",
    "SELECT to_id FROM contact_redirect WHERE organisation_id = $1 AND from_id = $2"};
constexpr std::array<std::string_view, 14> contact_columns = {
    "organisation_id", "id",        "external_id", "first_name",     "last_name",  "name",
    "locale",          "time_zone", "fields",      "do_not_contact", "created_at", "changed_at",
    "search_text",     "sort_name"};
constexpr std::array<std::string_view, 7> address_columns = {
    "organisation_id", "contact_id", "channel",   "normalised",
    "address",         "is_primary", "created_at"};
constexpr Statement update_contact{
    "contact.update",
    "UPDATE contact SET external_id = $3, first_name = $4, last_name = $5, name = $6, locale = $7, "
    "time_zone = $8, fields = $9, do_not_contact = $10, changed_at = $11 "
    "WHERE organisation_id = $1 AND id = $2 AND deleted_at IS NULL"};
constexpr Statement put_address{
    "contact.put_address",
    "INSERT INTO contact_address (organisation_id, contact_id, channel, normalised, address, "
    "is_primary, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) "
    "ON CONFLICT (organisation_id, contact_id, channel, normalised) "
    "DO UPDATE SET address = excluded.address, is_primary = excluded.is_primary"};
constexpr Statement remove_address{"contact.remove_address",
                                   "DELETE FROM contact_address WHERE organisation_id = $1 "
                                   "AND contact_id = $2 AND channel = $3 AND normalised = $4"};
constexpr Statement remove_addresses{
    "contact.remove_addresses",
    "DELETE FROM contact_address WHERE organisation_id = $1 AND contact_id = $2"};
constexpr Statement contact_by_external_id{
    "contact.by_external_id",
    "SELECT id FROM contact WHERE organisation_id = $1 AND external_id = $2 "
    "AND deleted_at IS NULL"};
constexpr Statement organisation_locale{"contact.organisation_locale",
                                        "SELECT locale FROM organisation WHERE id = $1"};
constexpr Statement mark_deleted{"contact.delete",
                                 "UPDATE contact SET deleted_at = $3, changed_at = $3 "
                                 "WHERE organisation_id = $1 AND id = $2 AND deleted_at IS NULL"};
constexpr Statement remove_relations{
    "contact.remove_relations",
    "DELETE FROM relation WHERE organisation_id = $1 AND id IN "
    "(SELECT id FROM relation WHERE organisation_id = $1 AND from_id = $2 "
    "UNION ALL SELECT id FROM relation WHERE organisation_id = $1 AND to_id = $2)"};

std::unexpected<Error> no_contact() {
  return fail(ErrorKind::not_found, "contact.not_found", "There is no such contact here.");
}

// What the organisation says of all its contacts, read once for all that are written together.
class Rules {
 public:
  Rules(db::Connection& connection, OrganisationId organisation)
      : connection_(connection), organisation_(organisation) {}

  // Where a phone number without country code is from.
  Result<std::string> region() {
    if (!region_) {
      const auto locale = TRY(connection_.query_first(
          organisation_locale, {organisation_}, [](const Row& row) { return row.string(0); }));
      region_ = audience::region_of_locale(locale.value_or(""));
    }
    return *region_;
  }
  Result<const std::vector<CustomField>*> fields() {
    if (!fields_) fields_ = TRY(list_custom_fields(connection_, organisation_));
    return &*fields_;
  }

 private:
  db::Connection& connection_;
  const OrganisationId organisation_;
  std::optional<std::string> region_;
  std::optional<std::vector<CustomField>> fields_;
};

// Works a change into a contact and notes what is wrong with it.
class Editor {
 public:
  // Where it looks things up.
  struct Context {
    db::Connection& connection;
    const Writer& writer;
    Rules& rules;
  };
  Editor(const Context& context, const Contact& before, std::vector<FieldProblem>& problems)
      : connection_(context.connection),
        writer_(context.writer),
        rules_(context.rules),
        before_(before),
        after_(before),
        problems_(problems) {}

  Result<void> apply(const ContactChange& change);
  const Contact& after() const { return after_; }
  // The first problem, if there is one.
  Result<void> verdict() const;
  std::vector<std::string> changed() const;

 private:
  void put_text(std::string& target, const std::optional<std::string>& value, std::size_t limit,
                std::string_view field);
  void put_locale(const ContactChange& change);
  Result<void> put_external_id(const ContactChange& change);
  Result<void> put_addresses(const std::vector<NewAddress>& addresses, bool allow_shared);
  Result<void> check_free(const ContactAddress& address, const std::string& field);
  Result<void> put_fields(std::string_view patch);
  void problem(std::string field, std::string code, std::string message) {
    problems_.push_back({std::move(field), std::move(code), std::move(message)});
  }

  db::Connection& connection_;
  const Writer& writer_;
  Rules& rules_;
  const Contact& before_;
  Contact after_;
  std::vector<FieldProblem>& problems_;
};

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  text = text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
  if (auto composed = wire::to_nfc(text)) return *std::move(composed);
  return std::string(text);
}

void Editor::put_text(std::string& target, const std::optional<std::string>& value,
                      std::size_t limit, std::string_view field) {
  if (!value) return;
  std::string text = trimmed(*value);
  if (text.size() > limit)
    return problem("/" + std::string(field), "contact.too_long",
                   fmt::format("This is longer than {} bytes.", limit));
  target = std::move(text);
}

void Editor::put_locale(const ContactChange& change) {
  if (change.locale) {
    const std::string typed = trimmed(*change.locale);
    after_.locale = audience::normalise_locale(typed);
    if (after_.locale.empty() && !typed.empty())
      problem("/locale", "contact.bad_locale", "This is no language code such as nl or pl-PL.");
  }
  if (change.time_zone) {
    after_.time_zone = trimmed(*change.time_zone);
    if (!after_.time_zone.empty() && !audience::is_time_zone(after_.time_zone))
      problem("/time_zone", "contact.bad_time_zone", "This is no time zone such as Europe/Warsaw.");
  }
}

Result<void> Editor::put_external_id(const ContactChange& change) {
  put_text(after_.external_id, change.external_id, kExternalIdMax, "external_id");
  if (after_.external_id.empty() || after_.external_id == before_.external_id) return {};
  const auto other = TRY(
      connection_.query_first(contact_by_external_id, {writer_.organisation, after_.external_id},
                              [](const Row& row) { return row.id<ContactId>(0); }));
  if (other && *other != after_.id)
    problem("/external_id", "contact.external_id_taken",
            fmt::format("The contact {} has this external id already.", to_text(*other)));
  return {};
}

Result<void> Editor::check_free(const ContactAddress& address, const std::string& field) {
  const bool had = std::ranges::any_of(before_.addresses, [&](const ContactAddress& each) {
    return each.channel == address.channel && each.normalised == address.normalised;
  });
  if (had) return {};
  const auto owners = TRY(audience::find_contacts_by_address(connection_, writer_.organisation,
                                                             address.channel, address.normalised));
  for (const ContactId owner : owners) {
    if (owner == after_.id) continue;
    const auto other = TRY(audience::find_contact(connection_, writer_.organisation, owner));
    problem(field, "contact.address_taken",
            fmt::format("The contact {} ({}) has this address already. Change that one, or allow "
                        "shared addresses: families may share one.",
                        to_text(owner), other ? other->display_name() : ""));
    return {};
  }
  return {};
}

Result<void> Editor::put_addresses(const std::vector<NewAddress>& addresses, bool allow_shared) {
  if (addresses.size() > kAddressesMax) {
    problem("/addresses", "contact.too_many_addresses",
            fmt::format("A contact has at most {} addresses.", kAddressesMax));
    return {};
  }
  std::string region;
  if (std::ranges::find(addresses, Channel::sms, &NewAddress::channel) != addresses.end())
    region = TRY(rules_.region());
  std::vector<ContactAddress> list;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const NewAddress& given = addresses[i];
    const std::string field = fmt::format("/addresses/{}/address", i);
    ContactAddress address{.channel = given.channel, .primary = given.primary};
    if (given.channel == Channel::email) {
      const auto parsed = wire::parse_email_address(given.address);
      if (!parsed) {
        problem(field, parsed.error().code, parsed.error().message);
        continue;
      }
      address.typed = parsed->typed;
      address.normalised = wire::comparison_key(*parsed);
    } else {
      const auto phone = audience::normalise_phone(given.address, region);
      if (!phone) {
        problem(field, phone.error().code, phone.error().message);
        continue;
      }
      address.typed = trimmed(given.address);
      address.normalised = *phone;
    }
    bool repeated = false;
    for (const ContactAddress& each : list) {
      repeated |= each.channel == address.channel && each.normalised == address.normalised;
      if (each.channel == address.channel && each.primary && address.primary)
        problem(fmt::format("/addresses/{}/primary", i), "contact.two_primaries",
                "Only one address of a channel can be the primary one.");
    }
    if (repeated) {
      problem(field, "contact.address_repeated", "This address is in the list twice.");
      continue;
    }
    if (!allow_shared) TRY(check_free(address, field));
    list.push_back(std::move(address));
  }
  for (const Channel channel : {Channel::email, Channel::sms}) {
    const auto of_channel = [&](const ContactAddress& each) { return each.channel == channel; };
    const bool has = std::ranges::any_of(
        list, [&](const ContactAddress& each) { return of_channel(each) && each.primary; });
    if (const auto first = std::ranges::find_if(list, of_channel); !has && first != list.end())
      first->primary = true;
  }
  std::ranges::sort(list, {}, [](const ContactAddress& each) {
    return std::tuple(each.channel, !each.primary, each.normalised);
  });
  after_.addresses = std::move(list);
  return {};
}

Result<void> Editor::put_fields(std::string_view patch) {
  json::value known = parse_json(after_.fields);
  if (!known.is_object()) known = json::object();
  json::value given = patch.empty() ? json::object() : parse_json(patch);
  if (!given.is_object())
    return fail(ErrorKind::invalid, "contact.bad_fields", "The fields are not a JSON object.");
  const std::vector<CustomField>& definitions = *TRY(rules_.fields());
  for (const auto& [name, value] : given.as_object()) {
    const std::string pointer = "/fields/" + std::string(name);
    const auto definition = std::ranges::find(definitions, name, &CustomField::name);
    if (value.is_null()) {
      known.as_object().erase(name);
    } else if (definition == definitions.end()) {
      problem(pointer, "field.unknown",
              fmt::format("There is no field “{}”; define it first.", std::string_view(name)));
    } else if (auto checked = check_field_value(*definition, value); checked) {
      known.as_object()[name] = *std::move(checked);
    } else {
      problem(pointer, checked.error().code, checked.error().message);
    }
  }
  for (const CustomField& definition : definitions) {
    if (!definition.required) continue;
    // Who lacks it since before it was required may be edited otherwise.
    if (before_.id.valid() && !given.as_object().contains(definition.name)) continue;
    const json::value* value = known.as_object().if_contains(definition.name);
    if (value == nullptr || (value->is_string() && value->get_string().empty()))
      problem("/fields/" + definition.name, "field.required",
              fmt::format("“{}” must be filled in.", definition.label));
  }
  after_.fields = json::serialize(known);
  return {};
}

Result<void> Editor::apply(const ContactChange& change) {
  put_text(after_.first_name, change.first_name, kNameMax, "first_name");
  put_text(after_.last_name, change.last_name, kNameMax, "last_name");
  put_text(after_.name, change.name, kNameMax, "name");
  put_locale(change);
  if (change.do_not_contact) after_.do_not_contact = *change.do_not_contact;
  TRY(put_external_id(change));
  if (change.addresses) TRY(put_addresses(*change.addresses, change.allow_shared_addresses));
  if (!change.fields.empty() || !before_.id.valid()) TRY(put_fields(change.fields));
  if (problems_.empty() && after_.display_name().empty() && after_.addresses.empty() &&
      after_.external_id.empty())
    problem("", "contact.nobody",
            "A contact needs a name, an address or an external id: nobody could tell who it is.");
  return {};
}

Result<void> Editor::verdict() const {
  if (problems_.empty()) return {};
  const FieldProblem& first = problems_.front();
  const bool taken = std::ranges::all_of(
      problems_, [](const FieldProblem& each) { return each.code.ends_with("_taken"); });
  return fail(taken ? ErrorKind::conflict : ErrorKind::invalid, first.code, first.message);
}

bool same_addresses(const std::vector<ContactAddress>& a, const std::vector<ContactAddress>& b) {
  return std::ranges::equal(a, b, [](const ContactAddress& left, const ContactAddress& right) {
    return std::tie(left.channel, left.normalised, left.typed, left.primary) ==
           std::tie(right.channel, right.normalised, right.typed, right.primary);
  });
}

std::vector<std::string> Editor::changed() const {
  std::vector<std::string> names;
  const auto note = [&](std::string_view name, bool different) {
    if (different) names.emplace_back(name);
  };
  note("external_id", before_.external_id != after_.external_id);
  note("first_name", before_.first_name != after_.first_name);
  note("last_name", before_.last_name != after_.last_name);
  note("name", before_.name != after_.name);
  note("locale", before_.locale != after_.locale);
  note("time_zone", before_.time_zone != after_.time_zone);
  note("do_not_contact", before_.do_not_contact != after_.do_not_contact);
  note("addresses", !same_addresses(before_.addresses, after_.addresses));
  const json::value before = parse_json(before_.fields);
  const json::value after = parse_json(after_.fields);
  if (before.is_object() && after.is_object() && before != after) {
    for (const auto& [name, value] : after.get_object()) {
      const json::value* was = before.get_object().if_contains(name);
      if (was == nullptr || *was != value) names.push_back("fields." + std::string(name));
    }
    for (const auto& [name, value] : before.get_object())
      if (!after.get_object().contains(name)) names.push_back("fields." + std::string(name));
  }
  return names;
}

Param or_null(const std::string& text) { return text.empty() ? Param() : Param(text); }

Result<void> store_new(db::Connection& connection, const Writer& writer,
                       std::span<const Contact> contacts) {
  std::vector<IndexTexts> texts;
  std::vector<ContactId> ids;
  std::vector<Param> rows;
  std::vector<Param> addresses;
  texts.reserve(contacts.size());
  for (const Contact& contact : contacts) {
    ids.push_back(contact.id);
    const IndexTexts& text = texts.emplace_back(index_texts(contact));
    rows.insert(rows.end(), {writer.organisation, contact.id, or_null(contact.external_id),
                             contact.first_name, contact.last_name, contact.name, contact.locale,
                             contact.time_zone, contact.fields, contact.do_not_contact ? 1 : 0,
                             writer.now, writer.now, text.search_text, text.sort_name});
    for (const ContactAddress& address : contact.addresses)
      addresses.insert(addresses.end(),
                       {writer.organisation, contact.id, static_cast<int>(address.channel),
                        address.normalised, address.typed, address.primary ? 1 : 0, writer.now});
  }
  TRY(connection.insert_many("contact", contact_columns, rows));
  TRY(connection.insert_many("contact_address", address_columns, addresses));
  return index_stored_contacts(connection, writer.organisation, ids);
}

Result<void> write_addresses(db::Connection& connection, const Writer& writer,
                             const Contact& before, const Contact& after) {
  for (const ContactAddress& address : before.addresses) {
    const bool stays = std::ranges::any_of(after.addresses, [&](const ContactAddress& each) {
      return each.channel == address.channel && each.normalised == address.normalised;
    });
    if (!stays)
      TRY(connection.execute(
          remove_address,
          {writer.organisation, after.id, static_cast<int>(address.channel), address.normalised}));
  }
  for (const ContactAddress& address : after.addresses)
    TRY(connection.execute(
        put_address, {writer.organisation, after.id, static_cast<int>(address.channel),
                      address.normalised, address.typed, address.primary ? 1 : 0, writer.now}));
  TRY(consent::follow_addresses(connection, writer.ids, writer.organisation,
                                {after.id, before.addresses, after.addresses}, writer.now));
  return index_contacts(connection, writer.organisation, std::span(&after.id, 1));
}

}  // namespace

Result<ContactId> resolve_contact(db::Connection& connection, OrganisationId organisation,
                                  ContactId id) {
  return TRY(connection.query_first(redirect_of, {organisation, id},
                                    [](const Row& row) { return row.id<ContactId>(0); }))
      .value_or(id);
}

Result<Person> find_person(db::Connection& connection, OrganisationId organisation, ContactId id) {
  auto contact = TRY(audience::find_contact(connection, organisation, id));
  if (!contact) {
    const ContactId survivor = TRY(resolve_contact(connection, organisation, id));
    if (survivor == id) return no_contact();
    contact = TRY(audience::find_contact(connection, organisation, survivor));
    if (!contact) return no_contact();
  }
  Person person{.contact = *std::move(contact)};
  TRY(connection.query(times_of, {organisation, person.contact.id}, [&](const Row& row) {
    person.created_at = row.instant(0);
    person.changed_at = row.instant(1);
    if (!row.is_null(2)) person.last_interaction_at = row.instant(2);
  }));
  return person;
}

Result<ContactId> create_contact(db::Connection& connection, const Writer& writer,
                                 const ContactChange& change, std::vector<FieldProblem>& problems) {
  const Contact nobody;
  Rules rules(connection, writer.organisation);
  Editor editor({connection, writer, rules}, nobody, problems);
  TRY(editor.apply(change));
  TRY(editor.verdict());
  Contact contact = editor.after();
  contact.id = writer.ids.next<ContactId>();
  TRY(store_new(connection, writer, {&contact, 1}));
  return contact.id;
}

Result<std::vector<Result<Contact>>> create_contacts(db::Connection& connection,
                                                     const Writer& writer,
                                                     std::span<const ContactChange> changes) {
  const Contact nobody;
  Rules rules(connection, writer.organisation);
  std::vector<Result<Contact>> results;
  std::vector<Contact> made;
  for (const ContactChange& change : changes) {
    std::vector<FieldProblem> problems;
    Editor editor({connection, writer, rules}, nobody, problems);
    TRY(editor.apply(change));
    if (const auto verdict = editor.verdict(); !verdict) {
      results.emplace_back(std::unexpected(verdict.error()));
      continue;
    }
    made.push_back(editor.after());
    made.back().id = writer.ids.next<ContactId>();
    results.emplace_back(made.back());
  }
  TRY(store_new(connection, writer, made));
  return results;
}

Result<bool> change_contact(db::Connection& connection, const Writer& writer, ContactId id,
                            const ContactChange& change, std::vector<FieldProblem>& problems) {
  const Person before = TRY(find_person(connection, writer.organisation, id));
  Rules rules(connection, writer.organisation);
  Editor editor({connection, writer, rules}, before.contact, problems);
  TRY(editor.apply(change));
  TRY(editor.verdict());
  const std::vector<std::string> changed = editor.changed();
  if (changed.empty()) return false;
  const Contact& after = editor.after();
  TRY(connection.execute(
      update_contact, {writer.organisation, after.id, or_null(after.external_id), after.first_name,
                       after.last_name, after.name, after.locale, after.time_zone, after.fields,
                       after.do_not_contact ? 1 : 0, writer.now}));
  TRY(write_addresses(connection, writer, before.contact, after));
  const auto tell = [&](std::string_view type, const json::object& data) {
    return record_activity(connection, writer.ids, writer.organisation, after.id,
                           {.type = std::string(type),
                            .occurred_at = writer.now,
                            .source = std::string(writer.actor),
                            .data = json::serialize(data)},
                           writer.now);
  };
  TRY(tell("edited", {{"changed", json::array(changed.begin(), changed.end())}}));
  if (after.do_not_contact != before.contact.do_not_contact)
    TRY(tell("consent", {{"do_not_contact", after.do_not_contact}}));
  return true;
}

Result<void> delete_contact(db::Connection& connection, const Writer& writer, ContactId id) {
  if (TRY(connection.execute(mark_deleted, {writer.organisation, id, writer.now})) == 0)
    return no_contact();
  TRY(connection.execute(remove_addresses, {writer.organisation, id}));
  TRY(consent::forget_kept_choices(connection, writer.organisation, id));
  TRY(connection.execute(remove_relations, {writer.organisation, id}));
  TRY(audience::leave_all_groups(connection, writer.organisation, id));
  return forget_contacts(connection, writer.organisation, std::span(&id, 1));
}

}  // namespace tidings::people
