#include <array>

#include "domain/settings.h"

namespace tidings {
namespace {

using enum SettingType;

constexpr auto kSettings = std::to_array<SettingDeclaration>({
    {"listen", endpoint, "address:port", "127.0.0.1:8080", "", "",
     "Where `tidings serve` answers: the unsubscribe page, health and the start page."},
    {"public_url", web_url, "URL", "", "", "",
     "The address under which people reach the public pages; unsubscribe links begin with it. "
     "Required once `listen` is not this machine's own loopback; not set, it is http:// and "
     "`listen`."},
    {"database", database_url, "URL", "", "", "",
     "Where everything is kept: sqlite:PATH or postgres://USER@HOST/NAME. Not set, it is the file "
     "tidings.db in the data folder."},
    {"connections", count, "connections", "10", "1", "1000",
     "How many connections to the mail server are open at the same time."},
    {"rate", rate, "messages per second", "0", "0", "1000000",
     "How many messages leave in a second at most; 0 is as fast as the mail server takes them."},
    {"dns_servers", addresses, "addresses", "", "", "",
     "Which name servers are asked: addresses, with @PORT behind where it is not 53. Not set, "
     "those "
     "of /etc/resolv.conf."},
    {"sending_addresses", machines, "addresses", "", "", "",
     "The addresses of this machine that its mail leaves from, as the Internet sees them, where it "
     "does not leave by a provider's server. `tidings domain check` looks whether SPF authorises "
     "them and whether they have names."},
    {"organisation_rate", rate, "messages per second", "0", "0", "1000000",
     "How many messages of an organisation's campaigns together leave in a second at most; 0 is no "
     "limit. Messages of their own are not counted."},
    {"site_connections", count, "connections", "10", "1", "1000",
     "How many connections to one receiving site are open at the same time where messages go to "
     "the "
     "recipients' own mail servers. It begins with two, grows with what is accepted, and is less "
     "for as long as the site asks for patience."},
    {"site_rate", rate, "messages per second", "0", "0", "1000000",
     "How many messages one receiving site is given in a second at most, likewise; 0 is as fast as "
     "it takes them."},
    {"site_rules", site_rules, "rules", "", "", "",
     "Sites for which other figures hold than `site_connections` and `site_rate`. A rule names a "
     "domain that people write to, such as gmail.com, or servers, such as google.com for all that "
     "are called so; what lies within is meant too. It holds for the whole site: what several "
     "domains have in common is one site. Of several rules the lower figure counts."},
    {"mx_connections", count, "connections", "200", "1", "10000",
     "How many connections are open at the same time when mail goes directly to the servers of its "
     "recipients (`mx:`): to all of them together. To each it is `site_connections` at most."},
    {"mx_port", count, "port", "25", "1", "65535",
     "The port of those servers. It is 25 everywhere; another is for tests."},
    {"mx_private_networks", networks, "networks", "", "", "",
     "Networks in which such a server may be reached although its address is private, such as "
     "10.0.0.0/8. Not set, mail goes to public addresses only, whatever a domain's DNS says."},
    {"dnssec_anchor", file, "file", "", "", "",
     "Check the answers of the DNS by their signatures, from the keys in this file on, and hold "
     "those servers to the certificates that the DNS names (DANE). The file of the package "
     "dns-root-data is /usr/share/dns/root.key. The name servers must pass signatures on; where "
     "they do not, nothing is found any more. Not set, nothing is checked."},
    {"retry_delays", durations, "durations", "30m, 30m, 150m", "1s", "1d",
     "How long a deferred message of a campaign waits after its first, second and further "
     "attempts; "
     "the last one repeats. A tenth is added at most, so that messages do not return all "
     "together."},
    {"retry_expiry", duration, "duration", "5d", "1m", "30d",
     "How long after it was queued a message of a campaign is still tried; then it is failed."},
    {"individual_retry_delays", durations, "durations", "30m, 30m, 150m", "1s", "1d",
     "As retry_delays, for messages that staff write to one person."},
    {"individual_retry_expiry", duration, "duration", "5d", "1m", "30d",
     "As retry_expiry, for messages that staff write to one person."},
    {"transactional_retry_delays", durations, "durations", "5m, 10m, 30m, 60m, 150m", "1s", "1d",
     "As retry_delays, for messages that an event or an application sends, for tests and for "
     "copies."},
    {"transactional_retry_expiry", duration, "duration", "2d", "1m", "30d",
     "As retry_expiry, for messages that an event or an application sends, for tests and for "
     "copies."},
    {"delayed_after", duration, "duration", "4h", "1m", "30d",
     "How long a message is tried in vain before its timeline says, once, that it is delayed."},
    {"lease", duration, "duration", "60s", "5s", "1h",
     "How long messages that are being sent belong to this process without renewal."},
    {"node_lost_after", duration, "duration", "10m", "30s", "7d",
     "After which silence another process on the same database counts as lost; its messages "
     "without an outcome then become uncertain."},
    {"journal_sync", duration, "duration", "100ms", "1ms", "10s",
     "How old a line of the journal may grow before it is forced to the disk. A power loss can "
     "repeat at most what was sent since."},
    {"attachment_bytes_max", bytes, "bytes", "25MB", "1kB", "100MB",
     "How large the attachments of one message may be together, counted after their encoding."},
    {"import_bytes_max", bytes, "bytes", "256MB", "1kB", "4GB",
     "How large a file of people given to the API may be. It goes to the disk as it comes."},
    {"api_rate", rate, "calls per second", "100", "0", "1000000",
     "How many calls of the API one token or session may make in a second, in the long run; 0 is "
     "no "
     "limit. What is more is answered with 429 and how long to wait."},
    {"api_burst", count, "calls", "500", "1", "1000000",
     "How many calls one token or session may make at once, after a while without any."},
    {"address_rate", rate, "calls per second", "10", "0", "1000000",
     "The same for calls without a valid credential, such as sign-ins, from one address: of IPv6 "
     "its /64. 0 is no limit."},
    {"address_burst", count, "calls", "60", "1", "1000000",
     "How many calls without a valid credential may come at once from one address."},
    {"mail_server_hosts", hosts, "host names", "", "", "",
     "Which mail servers the people of an organisation may set up, to send by or to collect "
     "returned "
     "mail from: host names, *.example.org for all below a domain, or mx: for mail directly to the "
     "servers of its recipients. Not set, any; "
     "where organisations are not your own, set it, or they "
     "reach "
     "what is behind your firewall."},
    {"attempt_log", bytes, "bytes", "64MB", "0", "1GB",
     "How much is kept of the log of attempts, DIR/log/attempts.jsonl: one line of JSON for each "
     "time a message was handed over or refused; 0 is none. It has no recipient's address."},
    {"inbound_listen", endpoint, "address:port", "", "", "",
     "Where `tidings serve` takes in mail that comes back, by SMTP: 0.0.0.0:25, or an address of "
     "this machine's own behind another mail server (docs/bounces.md). Not set, none is taken in."},
    {"inbound_name", hosts, "host name", "", "", "",
     "The name in DNS of the machine that takes such mail in: it stands in the greeting and in the "
     "MX records that `tidings domain add` prints."},
    {"inbound_certificate", file, "file", "", "", "",
     "The certificate, with its chain, that is shown to mail servers that encrypt (PEM). Not set, "
     "encryption is not offered."},
    {"inbound_key", file, "file", "", "", "", "The private key of inbound_certificate (PEM)."},
    {"metrics_readers", machines, "addresses", "", "", "",
     "From which addresses, besides this machine's own, /metrics may be read: where your "
     "Prometheus is."},
});

}  // namespace

std::span<const SettingDeclaration> declared_settings() { return kSettings; }

}  // namespace tidings
