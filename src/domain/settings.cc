#include "domain/settings.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include "base/check.h"
#include "base/text.h"
#include "domain/settings_value.h"

namespace tidings {
namespace {

using Values = std::map<std::string, SettingValue, std::less<>>;

const SettingDeclaration* find_declaration(std::string_view name) {
  for (const auto& declaration : declared_settings()) {
    if (declaration.name == name) return &declaration;
  }
  return nullptr;
}

std::string changed(std::string_view text, char from, char to, bool to_upper) {
  std::string result(text);
  for (char& c : result) {
    if (c == from) c = to;
    if (to_upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

std::string variable_of(std::string_view name) {
  return "TIDINGS_" + changed(name, '_', '_', true);
}

std::unexpected<Error> unknown(std::string_view place, std::string_view shown,
                               std::string_view name) {
  const auto nearest = nearest_setting(name);
  return fail(ErrorKind::invalid, "settings.unknown",
              fmt::format("{}: there is no setting \"{}\"{}", place, shown.substr(0, 80),
                          nearest.empty() ? "; `tidings config --explain` lists them all."
                                          : fmt::format("; did you mean \"{}\"?", nearest)));
}

Result<void> take(Values& values, const SettingDeclaration& declaration, SettingValue value) {
  if (const auto problem = find_problem(declaration, value.text)) {
    return fail(ErrorKind::invalid, problem->is_bounds ? "settings.bounds" : "settings.type",
                fmt::format("{}: {} {}.", value.place, declaration.name, problem->words));
  }
  values[std::string(declaration.name)] = std::move(value);
  return {};
}

bool is_list(SettingType type) {
  return type == SettingType::durations || type == SettingType::hosts ||
         type == SettingType::addresses || type == SettingType::machines ||
         type == SettingType::networks || type == SettingType::site_rules;
}

// The text of a TOML value, or nothing when it has a type this setting cannot have.
std::optional<std::string> text_of(const toml::node& node, SettingType type) {
  const bool is_number =
      type == SettingType::count || type == SettingType::rate || type == SettingType::bytes;
  if (const auto* whole = node.as_integer(); whole && is_number) {
    return fmt::to_string(whole->get());
  }
  if (const auto* real = node.as_floating_point(); real && type == SettingType::rate) {
    return fmt::to_string(real->get());
  }
  if (const auto* text = node.as_string(); text && (!is_number || type == SettingType::bytes)) {
    return text->get();
  }
  const auto* array = node.as_array();
  if (!array || !is_list(type)) return std::nullopt;
  std::vector<std::string> items;
  for (const auto& item : *array) {
    if (!item.is_string()) return std::nullopt;
    items.push_back(item.as_string()->get());
  }
  return fmt::format("{}", fmt::join(items, ", "));
}

Result<toml::table> parse_file(const SettingsInput& input) {
  try {
    return toml::parse(input.file_text, std::string_view(input.file_name));
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::invalid, "settings.syntax",
                fmt::format("{}:{}: this is not TOML: {}. A line looks like: listen = "
                            "\"127.0.0.1:8080\"",
                            input.file_name, error.source().begin.line, error.description()));
  }
}

Result<void> take_file(Values& values, const SettingsInput& input) {
  const auto table = TRY(parse_file(input));
  for (const auto& [key, node] : table) {
    const auto place = fmt::format("{}:{}", input.file_name, node.source().begin.line);
    const auto* declaration = find_declaration(key.str());
    if (!declaration) return unknown(place, key.str(), key.str());
    auto text = text_of(node, declaration->type);
    if (!text) {
      return fail(ErrorKind::invalid, "settings.type",
                  fmt::format("{}: {} is {}{}.", place, key.str(), describe_values(*declaration),
                              node.is_string() ? ", written without quotes" : ""));
    }
    TRY(take(values, *declaration, {std::move(*text), SettingSource::file, place}));
  }
  return {};
}

Result<void> take_environment(Values& values, const SettingsInput& input) {
  for (const auto& [variable, text] : input.environment) {
    if (!variable.starts_with("TIDINGS_")) continue;
    const auto name = [&] {
      std::string lower = variable.substr(8);
      for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      }
      return lower;
    }();
    const auto* declaration = find_declaration(name);
    if (!declaration || variable != variable_of(name)) {
      const auto nearest = nearest_setting(name);
      if (nearest.empty()) continue;  // some other program's
      return fail(ErrorKind::invalid, "settings.unknown",
                  fmt::format("{}: no setting is called so; did you mean {}?", variable,
                              variable_of(nearest)));
    }
    TRY(take(values, *declaration, {text, SettingSource::environment, variable}));
  }
  return {};
}

Result<void> take_flags(Values& values, const SettingsInput& input) {
  for (const auto& [name, text] : input.flags) {
    const auto flag = "--" + changed(name, '_', '-', false);
    const auto* declaration = find_declaration(name);
    if (!declaration) return unknown(flag, flag, name);
    TRY(take(values, *declaration, {text, SettingSource::flag, flag}));
  }
  return {};
}

Settings typed(const Values& values) {
  const auto text = [&](std::string_view name) -> const std::string& {
    const auto found = values.find(name);
    CHECK(found != values.end());
    return found->second.text;
  };
  const auto measure = [&](SettingType type, std::string_view name) {
    const auto value = measure_setting(type, text(name));
    CHECK(value.has_value());
    return *value;
  };
  const auto duration = [&](std::string_view name) {
    return Duration(static_cast<std::int64_t>(measure(SettingType::duration, name)));
  };
  Settings settings;
  settings.listen = text("listen");
  settings.public_url = text("public_url");
  settings.database_url = text("database");
  settings.connections = static_cast<int>(measure(SettingType::count, "connections"));
  if (const std::string_view list = text("dns_servers"); !list.empty()) {
    for (const auto item : setting_items(list)) settings.dns_servers.emplace_back(item);
  }
  if (const std::string_view list = text("sending_addresses"); !list.empty()) {
    for (const auto item : setting_items(list)) settings.sending_addresses.emplace_back(item);
  }
  settings.rate_per_second = measure(SettingType::rate, "rate");
  settings.organisation_rate = measure(SettingType::rate, "organisation_rate");
  settings.site_connections = static_cast<int>(measure(SettingType::count, "site_connections"));
  settings.site_rate = measure(SettingType::rate, "site_rate");
  if (const std::string_view list = text("site_rules"); !list.empty()) {
    for (const auto item : setting_items(list)) {
      settings.site_rules.push_back(parse_site_rule(item).value());
    }
  }
  settings.mx_connections = static_cast<int>(measure(SettingType::count, "mx_connections"));
  settings.mx_port = static_cast<int>(measure(SettingType::count, "mx_port"));
  if (const std::string_view list = text("mx_private_networks"); !list.empty()) {
    for (const auto item : setting_items(list)) {
      settings.mx_private_networks.push_back(wire::IpNetwork::parse(item).value());
    }
  }
  settings.dnssec_anchor = text("dnssec_anchor");
  const auto retry = [&](std::string_view prefix) {
    RetryPolicy policy;
    policy.delays.clear();
    for (const auto item : setting_items(text(fmt::format("{}retry_delays", prefix)))) {
      policy.delays.push_back(parse_duration(item).value());
    }
    policy.expiry = duration(fmt::format("{}retry_expiry", prefix));
    return policy;
  };
  settings.retry = {retry(""), retry("individual_"), retry("transactional_"),
                    duration("delayed_after")};
  settings.lease = duration("lease");
  settings.node_lost_after = duration("node_lost_after");
  settings.journal_sync_interval = duration("journal_sync");
  settings.import_bytes_max =
      static_cast<std::int64_t>(measure(SettingType::bytes, "import_bytes_max"));
  settings.attachment_bytes_max =
      static_cast<std::int64_t>(measure(SettingType::bytes, "attachment_bytes_max"));
  settings.api_rate = measure(SettingType::rate, "api_rate");
  settings.api_burst = measure(SettingType::count, "api_burst");
  settings.address_rate = measure(SettingType::rate, "address_rate");
  settings.address_burst = measure(SettingType::count, "address_burst");
  if (const std::string_view hosts = text("mail_server_hosts"); !hosts.empty()) {
    for (const auto item : setting_items(hosts)) {
      settings.mail_server_hosts.emplace_back(item);
    }
  }
  settings.attempt_log_bytes =
      static_cast<std::int64_t>(measure(SettingType::bytes, "attempt_log"));
  settings.inbound_listen = text("inbound_listen");
  settings.inbound_name = lower(text("inbound_name"));
  settings.inbound_certificate = text("inbound_certificate");
  settings.inbound_key = text("inbound_key");
  if (const std::string_view list = text("metrics_readers"); !list.empty()) {
    for (const auto item : setting_items(list)) settings.metrics_readers.emplace_back(item);
  }
  return settings;
}

}  // namespace

std::string_view nearest_setting(std::string_view name) {
  std::string_view nearest;
  std::size_t least = 3;  // two slips are a typing error, three another word
  if (name.size() > 40) return nearest;
  for (const auto& declaration : declared_settings()) {
    const std::size_t slips = edit_distance(name, declaration.name, least);
    if (slips < least && slips * 2 < declaration.name.size()) {
      least = slips;
      nearest = declaration.name;
    }
  }
  return nearest;
}

Result<ResolvedSettings> resolve_settings(const SettingsInput& input) {
  ResolvedSettings resolved;
  for (const auto& declaration : declared_settings()) {
    CHECK(!find_problem(declaration, declaration.built_in));
    resolved.values[std::string(declaration.name)] = {std::string(declaration.built_in),
                                                      SettingSource::built_in, ""};
  }
  TRY(take_file(resolved.values, input));
  TRY(take_environment(resolved.values, input));
  TRY(take_flags(resolved.values, input));
  resolved.settings = typed(resolved.values);
  return resolved;
}

}  // namespace tidings
