// Settings: what the person who runs the machine may choose, declared once.
//
// One table says of each setting its name, type, unit, default, bounds and meaning; reading,
// checking, `tidings config --explain` and docs/settings.md come from it. A value comes from, each
// overruling the one before: the built-in default, `tidings.toml` in the data folder, the
// environment (TIDINGS_ and the name in capitals), a flag of the command.
// Settings of an organisation live in the database; these are the machine's.
// Pure: the caller reads the file and the environment. Thread: values, any.
// Errors, all of kind invalid: settings.syntax, settings.unknown, settings.type, settings.bounds;
// each sentence names the place (file and line, variable or flag), the bounds, and a remedy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/retry_policy.h"
#include "domain/site_rule.h"
#include "wire/ip_address.h"

namespace tidings {

enum class SettingType : std::uint8_t {
  endpoint,      // ADDRESS:PORT, [ADDRESS]:PORT
  web_url,       // http:// or https://, without a trailing slash
  database_url,  // sqlite:PATH or postgres://…
  count,         // a whole number
  rate,          // messages per second, may be a fraction
  duration,      // 250ms 90s 5m 2h 1d
  durations,     // several durations, at most 20
  bytes,         // 25MB 512kB 1000
  hosts,         // mail.example.org, *.example.net; at most 20
  addresses,     // 192.0.2.53, 2001:db8::53@5353; at most 20
  machines,      // 192.0.2.1, 2001:db8::1; at most 20
  file,          // a path from the root
  networks,      // 10.0.0.0/8, fd00::/8; at most 20
  site_rules,    // gmail.com connections=20 rate=50; at most 20
};

struct SettingDeclaration {
  std::string_view name;  // as in tidings.toml
  SettingType type;
  std::string_view unit;      // for people
  std::string_view built_in;  // as it would be written; empty: not set
  std::string_view lowest;    // as written; empty: no bound
  std::string_view highest;
  std::string_view sentence;  // what it does, ending with a full stop
};

// Every setting there is, in the order of the manual.
std::span<const SettingDeclaration> declared_settings();

enum class SettingSource : std::uint8_t { built_in, file, environment, flag };

struct SettingValue {
  std::string text;  // as it would be written in tidings.toml, without quotes
  SettingSource source = SettingSource::built_in;
  std::string place;  // "DIR/tidings.toml:3", "TIDINGS_LISTEN", "--listen"; empty when built in
};

// The values as the program uses them.
struct Settings {
  std::string listen;
  std::string public_url;    // empty: http:// and `listen`
  std::string database_url;  // empty: SQLite in the data folder
  int connections = 0;
  std::vector<std::string> dns_servers;        // empty: the system's
  std::vector<std::string> sending_addresses;  // empty: unknown, or none of its own
  double rate_per_second = 0;                  // 0: as fast as the relay takes them
  double organisation_rate = 0;                // 0: no limit
  int site_connections = 0;
  double site_rate = 0;  // 0: as fast as it takes them
  std::vector<SiteRule> site_rules;
  int mx_connections = 0;
  int mx_port = 0;
  std::vector<wire::IpNetwork> mx_private_networks;
  std::string dnssec_anchor;  // empty: nothing is validated
  RetryPolicies retry;
  Duration lease{};
  Duration node_lost_after{};
  Duration journal_sync_interval{};
  std::int64_t attachment_bytes_max = 0;
  std::int64_t import_bytes_max = 0;
  double api_rate = 0;  // calls per second; 0: no limit
  double api_burst = 1;
  double address_rate = 0;
  double address_burst = 1;
  std::vector<std::string> mail_server_hosts;  // empty: any
  std::int64_t attempt_log_bytes = 0;          // of all its files; 0: none
  std::string inbound_listen;                  // empty: no mail is taken in
  std::string inbound_name;                    // empty: unknown
  std::string inbound_certificate;             // empty: no STARTTLS
  std::string inbound_key;
  std::vector<std::string> metrics_readers;
};

struct ResolvedSettings {
  Settings settings;
  std::map<std::string, SettingValue, std::less<>> values;  // by name, every setting
};

struct SettingsInput {
  std::string_view file_text;  // the content of tidings.toml; empty when there is none
  std::string file_name = "tidings.toml";
  // Whole environment, or only what begins with TIDINGS_; other variables are ignored, and so is
  // an unknown TIDINGS_ one unless it is nearly the name of a setting.
  std::map<std::string, std::string, std::less<>> environment;
  // Setting name → what the flag said. A flag is called as the setting, with dashes.
  std::map<std::string, std::string, std::less<>> flags;
};

Result<ResolvedSettings> resolve_settings(const SettingsInput& input);

// `name = value` lines, one a setting, as tidings.toml would say it; an unset one as a comment.
std::string list_settings(const ResolvedSettings& resolved);
// The same, each explained: meaning, unit, bounds, default, where the value came from.
// A password in a database URL is masked.
std::string explain_settings(const ResolvedSettings& resolved);
// docs/settings.md.
std::string settings_reference();

// The known name nearest to a mistyped one, or empty when none is near.
std::string_view nearest_setting(std::string_view name);

}  // namespace tidings
