#include "edge/api/contact_json.h"

#include <boost/json.hpp>
#include <chrono>

#include <fmt/format.h>

#include "audience/suppression_check.h"
#include "base/json_text.h"
#include "edge/api/json_values.h"
#include "identity/organisation_settings.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

// P21: who had no interaction since is inactive.
Result<std::optional<Instant>> inactive_before(const Call& call) {
  const auto settings = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return identity::organisation_settings(connection, call.organisation());
  }));
  if (settings.inactive_after_days == 0) return std::nullopt;
  return call.now() - std::chrono::days(settings.inactive_after_days);
}

Result<void> put_state(const Call& call, std::string_view state, people::ContactQuery& query) {
  using people::ContactState;
  if (state == "do_not_contact") query.state = ContactState::do_not_contact;
  if (state == "active") query.state = ContactState::active;
  if (state == "inactive") query.state = ContactState::inactive;
  if (query.state == ContactState::active || query.state == ContactState::inactive)
    query.inactive_before = TRY(inactive_before(call));
  return {};
}

void put_has_address(std::string_view word, people::ContactQuery& query) {
  using people::HasAddress;
  if (word == "email") query.has_address = HasAddress::email;
  if (word == "phone") query.has_address = HasAddress::phone;
  if (word == "none") query.has_address = HasAddress::none;
}

Result<void> put_group(const Call& call, std::string_view text, people::ContactQuery& query) {
  if (text.empty()) return {};
  const GroupId group{parse_id(text).value_or(0)};
  TRY(call.services.database.read([&](db::Connection& connection) -> Result<void> {
    TRY(audience::find_group_by_id(connection, call.organisation(), group));
    return {};
  }));
  query.groups.push_back(group);
  return {};
}

}  // namespace

json::object contact_json(const people::Person& person, std::string_view email_state,
                          std::span<const audience::Group> groups) {
  const audience::Contact& contact = person.contact;
  json::array addresses;
  for (const audience::ContactAddress& address : contact.addresses)
    addresses.push_back(
        json::object{{"channel", address.channel == Channel::email ? "email" : "sms"},
                     {"address", address.typed},
                     {"primary", address.primary}});
  json::value fields = parse_json(contact.fields);
  if (!fields.is_object()) fields = json::object();
  json::array named;
  for (const audience::Group& group : groups)
    named.push_back(json::object{{"id", to_text(group.id)}, {"name", group.name}});
  return {{"id", to_text(contact.id)},
          {"external_id", text_or_null(contact.external_id)},
          {"first_name", contact.first_name},
          {"last_name", contact.last_name},
          {"name", contact.display_name()},
          {"locale", contact.locale},
          {"time_zone", contact.time_zone},
          {"do_not_contact", contact.do_not_contact},
          {"addresses", std::move(addresses)},
          {"fields", std::move(fields)},
          {"email_state", email_state},
          {"groups", std::move(named)},
          {"created_at", instant_text(person.created_at)},
          {"changed_at", instant_text(person.changed_at)},
          {"last_interaction_at", person.last_interaction_at
                                      ? json::value(instant_text(*person.last_interaction_at))
                                      : json::value()}};
}

Result<std::vector<std::string>> email_states(db::Connection& connection,
                                              OrganisationId organisation,
                                              std::span<const people::Person> people, Instant now) {
  const auto primary = [](const people::Person& person) -> std::string_view {
    for (const auto& address : person.contact.addresses)
      if (address.channel == Channel::email && address.primary) return address.normalised;
    return {};
  };
  std::vector<std::string_view> addresses;
  for (const people::Person& person : people)
    if (const auto address = primary(person); !address.empty()) addresses.push_back(address);
  // Of a topic about which nobody can have chosen yet: what is in force whatever it is about.
  const RecipientPolicy policy{
      .kind = MessageKind::campaign, .now = now, .consent = {.topic_id = TopicId{1}}};
  const auto suppressed =
      TRY(audience::find_suppressed(connection, organisation, Channel::email, policy, addresses));
  std::vector<std::string> states;
  for (const people::Person& person : people) {
    const std::string_view address = primary(person);
    const auto found = suppressed.find(std::string(address));
    if (person.contact.do_not_contact) {
      states.emplace_back("do_not_contact");
    } else if (address.empty()) {
      states.emplace_back("none");
    } else if (found == suppressed.end()) {
      states.emplace_back("ok");
    } else if (found->second == "unsubscribed") {
      states.emplace_back("unsubscribed");
    } else if (found->second == "bounce") {
      states.emplace_back("bounced");
    } else if (found->second == "complaint") {
      states.emplace_back("complained");
    } else {
      states.emplace_back("suppressed");
    }
  }
  return states;
}

people::ContactChange contact_change(const json::object& body) {
  people::ContactChange change;
  const auto text = [&](std::string_view name, std::optional<std::string>& member) {
    const json::value* given = body.if_contains(name);
    if (given != nullptr)
      member = given->is_string() ? std::string(given->get_string()) : std::string();
  };
  text("external_id", change.external_id);
  text("first_name", change.first_name);
  text("last_name", change.last_name);
  text("name", change.name);
  text("locale", change.locale);
  text("time_zone", change.time_zone);
  if (const auto* given = body.if_contains("do_not_contact"))
    change.do_not_contact = given->as_bool();
  if (const auto* given = body.if_contains("allow_shared_addresses"))
    change.allow_shared_addresses = given->as_bool();
  if (const auto* given = body.if_contains("fields")) change.fields = json::serialize(*given);
  if (const auto* given = body.if_contains("addresses")) {
    auto& addresses = change.addresses.emplace();
    for (const json::value& each : given->as_array()) {
      const json::object& address = each.as_object();
      const json::value* is_primary = address.if_contains("primary");
      addresses.push_back(
          {address.at("channel").as_string() == "email" ? Channel::email : Channel::sms,
           std::string(address.at("address").as_string()),
           is_primary != nullptr && is_primary->as_bool()});
    }
  }
  return change;
}

Answer contact_problem(const Error& error, const std::vector<people::FieldProblem>& problems) {
  std::vector<FieldError> fields;
  for (const people::FieldProblem& each : problems)
    fields.push_back({each.field, each.code, each.message});
  return Answer::problem(status_of(error.kind), error, std::move(fields));
}

Result<people::ContactQuery> query_of_call(const Call& call) {
  people::ContactQuery query;
  query.search = call.query("search");
  put_has_address(call.query("has_address"), query);
  TRY(put_state(call, call.query("state"), query));
  TRY(put_group(call, call.query("group_id"), query));
  std::string_view fields = call.query("field");
  while (!fields.empty()) {
    const std::string_view one = fields.substr(0, fields.find(','));
    fields.remove_prefix(std::min(one.size() + 1, fields.size()));
    const std::size_t colon = one.find(':');
    if (colon == std::string_view::npos) continue;
    query.fields.push_back({std::string(one.substr(0, colon)), std::string(one.substr(colon + 1))});
  }
  std::string_view sort = call.query("sort");
  if (sort.empty()) sort = "-created_at";
  query.descending = sort.starts_with('-');
  if (query.descending) sort.remove_prefix(1);
  using people::ContactSort;
  query.sort = sort == "name"                  ? ContactSort::name
               : sort == "changed_at"          ? ContactSort::changed
               : sort == "last_interaction_at" ? ContactSort::last_interaction
                                               : ContactSort::created;
  return query;
}

Result<people::ContactQuery> query_of_filter(const Call& call, const json::object& filter) {
  people::ContactQuery query;
  const auto text = [&](std::string_view name) -> std::string_view {
    const json::value* given = filter.if_contains(name);
    return given != nullptr && given->is_string() ? std::string_view(given->get_string())
                                                  : std::string_view();
  };
  query.search = text("search");
  query.descending = false;
  put_has_address(text("has_address"), query);
  TRY(put_state(call, text("state"), query));
  TRY(put_group(call, text("group_id"), query));
  if (const auto* fields = filter.if_contains("fields"))
    for (const auto& [name, value] : fields->as_object())
      query.fields.push_back({std::string(name), std::string(value.as_string())});
  return query;
}

people::Writer writer_of(const Call& call) {
  return {call.services.ids, call.organisation(), call.who.name, call.now()};
}

}  // namespace tidings::api
