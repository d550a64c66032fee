#include "audience/contact_snapshot.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/json_text.h"

namespace tidings::audience {

namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 8> kStandard = {
    "first_name", "last_name", "name", "email", "phone", "external_id", "locale", "time_zone"};

std::string_view standard_value(const ContactRow& row, std::size_t index) {
  const std::array<std::string_view, 8> values = {row.first_name, row.last_name, row.name,
                                                  row.email,      row.phone,     row.external_id,
                                                  row.locale,     row.time_zone};
  return values[index];
}

void put_fields(const ContactRow& row, bool all, const std::vector<UsedFields::Field>& fields,
                json::object& values) {
  json::value parsed;  // the custom fields, once one is asked for
  const auto custom = [&]() -> const json::object& {
    if (!parsed.is_object()) {
      parsed = parse_json(row.fields);
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
  if (all) {
    for (const auto& member : custom()) put(member.key(), member.key());
    for (const std::string_view name : kStandard) put(name, name);
  }
  for (const UsedFields::Field& field : fields) put(field.name, field.target);
}

}  // namespace

std::string snapshot_values(const ContactRow& contact, const ContactRow& student,
                            const UsedFields& used) {
  unsigned char buffer[8192];
  json::monotonic_resource memory(buffer);
  json::object values(&memory);
  put_fields(contact, used.all, used.fields, values);
  if (used.reads_student()) {
    json::object about(&memory);
    put_fields(student, used.student_all, used.student_fields, about);
    values[kStudentMember] = std::move(about);
  }
  return json::serialize(values);
}

}  // namespace tidings::audience
