#include "compose/tags.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "audience/contacts.h"
#include "delivery/content_store.h"
#include "delivery/prepare_email.h"

namespace tidings::compose {

namespace {

constexpr std::size_t kFieldsMax = 500;

struct Standard {
  std::string_view name;
  std::string_view label;
  std::string_view sample;
};
constexpr std::array kStandard = {
    Standard{"first_name", "First name", "Anna"},
    Standard{"last_name", "Last name", "de Vries"},
    Standard{"name", "Full name", "Anna de Vries"},
    Standard{"email", "Email address", "anna@example.org"},
    Standard{"phone", "Phone number", "+31 20 123 4567"},
    Standard{"external_id", "Number in your own administration", "10042"},
    Standard{"locale", "Language", "nl"},
    Standard{"time_zone", "Time zone", "Europe/Amsterdam"},
};

// A name that may stand behind a dot as it is; others are written ["so"].
bool is_plain(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  }) && (name[0] < '0' || name[0] > '9');
}

Tag make_tag(std::string_view name, std::string_view label, std::string_view sample) {
  return {std::string(name), fmt::format("{{{{ {} }}}}", name), std::string(label),
          std::string(sample)};
}

// Campaigns and individual messages may go to guardians about somebody; what an application sends
// has one person.
bool has_student(MessageKind kind) { return kind != MessageKind::transactional; }

TagGroup system_tags(const identity::Organisation& organisation, MessageKind kind) {
  TagGroup group{"system", "System", {}};
  group.tags.push_back(
      make_tag("organisation.name", "Name of the organisation", organisation.name));
  group.tags.push_back(make_tag("organisation.postal_address", "Postal address of the organisation",
                                organisation.postal_address));
  if (kind != MessageKind::individual && kind != MessageKind::transactional) {
    group.tags.push_back(
        make_tag("unsubscribe_url", "Address of the unsubscribe page", "https://…/u/…"));
  }
  group.tags.push_back(
      make_tag("preferences_url", "Address where people choose what they get", "https://…/p/…"));
  group.tags.push_back(make_tag(delivery::kViewInBrowserUrl,
                                "Address of the page that shows this message", "https://…/v/…"));
  group.tags.push_back(
      {"now", "{{ \"now\" | date: \"%-d %B %Y\" }}", "Date of sending", "22 November 2026"});
  return group;
}

}  // namespace

Result<std::vector<TagGroup>> list_tags(db::Connection& connection,
                                        const identity::Organisation& organisation,
                                        MessageKind kind) {
  std::vector<TagGroup> groups = {system_tags(organisation, kind)};
  TagGroup contact{"contact", "Contact", {}};
  for (const Standard& one : kStandard) {
    contact.tags.push_back(make_tag(fmt::format("contact.{}", one.name), one.label, one.sample));
  }
  TagGroup fields{"custom_fields", "Other fields", {}};
  for (const auto& column : TRY(audience::contact_columns(connection, organisation.id))) {
    const bool is_standard = std::ranges::find(kStandard, std::string_view(column.name),
                                               &Standard::name) != kStandard.end() ||
                             std::ranges::find(kStandard, std::string_view(column.target),
                                               &Standard::name) != kStandard.end();
    if (is_standard || !is_plain(column.name) || fields.tags.size() >= kFieldsMax) continue;
    fields.tags.push_back(make_tag(fmt::format("contact.{}", column.name),
                                   column.header.empty() ? column.name : column.header, ""));
  }
  groups.push_back(std::move(contact));
  if (has_student(kind)) {
    TagGroup student{"student", "The person it is about (a guardian's child)", {}};
    for (const Standard& one : kStandard) {
      student.tags.push_back(make_tag(fmt::format("student.{}", one.name), one.label, one.sample));
    }
    groups.push_back(std::move(student));
  }
  if (!fields.tags.empty()) groups.push_back(std::move(fields));
  return groups;
}

Result<std::vector<std::string>> known_tags(db::Connection& connection, OrganisationId organisation,
                                            MessageKind kind) {
  std::vector<std::string> known = delivery::known_variables();
  if (kind == MessageKind::transactional) known.emplace_back("data.*");
  for (const auto& column : TRY(audience::contact_columns(connection, organisation))) {
    known.push_back("contact." + column.name);
    if (has_student(kind)) known.push_back("student." + column.name);
  }
  return known;
}

}  // namespace tidings::compose
