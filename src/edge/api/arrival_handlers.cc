#include "edge/api/arrival_handlers.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "audience/contacts.h"
#include "audience/erased_addresses.h"
#include "audience/import_values.h"
#include "audience/people/contact_book.h"
#include "audience/people/list_contacts.h"
#include "audience/people/search_index.h"
#include "audience/suppressions.h"
#include "base/bytes.h"
#include "delivery/attempt_data.h"
#include "delivery/content_store.h"
#include "domain/wall_time.h"
#include "edge/api/json_values.h"
#include "edge/http/public_texts.h"
#include "identity/organisations.h"
#include "report/arrival_sentence.h"
#include "report/message_pages.h"
#include "report/timeline.h"
#include "wire/email_address.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using report::LogEntry;

// A question that fits more people than this is answered for the first ones, and says so.
constexpr int kCandidatesMax = 10;

struct Asked {
  std::string_view words;
  std::optional<Channel> channel;  // of an address or number; none: a name
  std::string normalised;
};

// Somebody the question may mean: a person, or an address that is nobody's (now).
struct Candidate {
  ContactId id;
  std::string name;
  std::vector<std::string> addresses;
  std::vector<LogEntry> messages;  // newest first
};

struct Found {
  std::vector<Candidate> candidates;
  bool has_more = false;
};

Asked read_question(std::string_view words, std::string_view region) {
  Asked asked{.words = words, .channel = {}, .normalised = {}};
  if (const auto email = wire::parse_email_address(words, wire::DomainRule::any)) {
    asked.channel = Channel::email;
    asked.normalised = wire::comparison_key(*email);
    return asked;
  }
  const bool is_number =
      words.find_first_not_of("+0123456789 ()-./") == std::string_view::npos &&
      std::ranges::count_if(words, [](char c) { return c >= '0' && c <= '9'; }) > 4;
  if (const auto phone = audience::normalise_phone(words, std::string(region));
      is_number && phone) {
    asked.channel = Channel::sms;
    asked.normalised = *phone;
  }
  return asked;
}

Candidate candidate_of(const people::Person& person) {
  Candidate one{.id = person.contact.id, .name = person.contact.display_name()};
  for (const auto& address : person.contact.addresses) one.addresses.push_back(address.typed);
  return one;
}

Result<Found> people_who_fit(const Call& call, const Asked& asked) {
  Found found;
  if (!asked.channel)
    TRY(people::index_pending(call.services.database, call.organisation(),
                              std::chrono::milliseconds(300)));
  TRY(call.services.database.read([&](db::Connection& connection) -> Result<void> {
    found = {};
    if (!asked.channel) {
      const people::ContactQuery query{.search = std::string(asked.words),
                                       .sort = people::ContactSort::name,
                                       .descending = false};
      const auto page =
          TRY(people::list_contacts(connection, call.organisation(), query, "", kCandidatesMax));
      for (const people::Person& person : page.people)
        found.candidates.push_back(candidate_of(person));
      found.has_more = !page.next_cursor.empty();
      return {};
    }
    const auto owners = TRY(audience::find_contacts_by_address(connection, call.organisation(),
                                                               *asked.channel, asked.normalised));
    for (const ContactId id : owners) {
      if (found.candidates.size() == kCandidatesMax) {
        found.has_more = true;
        break;
      }
      found.candidates.push_back(
          candidate_of(TRY(people::find_person(connection, call.organisation(), id))));
    }
    return {};
  }));
  return found;
}

// Messages that went to the address under another name: of people who have it no more, or nobody's.
Result<void> add_former_owners(const Call& call, report::MessagePages& pages, const Asked& asked,
                               int limit, Found& found) {
  if (asked.channel != Channel::email) return {};
  report::MessageQuery query;
  query.filter.text = asked.words;
  query.limit = 200;
  const auto page = TRY(pages.list(query));
  for (const LogEntry& entry : page.items) {
    const auto address = wire::parse_email_address(entry.address, wire::DomainRule::any);
    if (!address || wire::comparison_key(*address) != asked.normalised) continue;
    const ContactId id = entry.contact_ids.empty() ? ContactId() : entry.contact_ids.front();
    auto at = std::ranges::find(found.candidates, id, &Candidate::id);
    if (at != found.candidates.end() && at->id.valid() && !at->messages.empty() &&
        at->messages.front().id >= entry.id)
      continue;  // told among the person's own
    if (at == found.candidates.end()) {
      if (found.candidates.size() == kCandidatesMax) {
        found.has_more = true;
        continue;
      }
      Candidate one{.id = id};
      if (id.valid()) {
        const auto person = call.services.database.read_value([&](db::Connection& connection) {
          return people::find_person(connection, call.organisation(), id);
        });
        if (person) one = candidate_of(*person);
      }
      one.id = id;
      found.candidates.push_back(std::move(one));
      at = found.candidates.end() - 1;
    }
    if (std::ssize(at->messages) < limit) at->messages.push_back(entry);
  }
  return {};
}

// What can be shown to somebody who doubts it: the hash of the octets that left, and the words of
// the server that took or refused them.
struct Proof {
  std::string sha256;  // empty: nothing left
  delivery::AttemptFacts attempt;
  std::optional<Instant> attempted_at;
};

Result<Proof> proof_of(const Call& call, MessageId id) {
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Proof> {
    Proof proof;
    const std::string body = TRY(report::body_record(connection, call.organisation(), id));
    if (!body.empty()) proof.sha256 = to_hex(delivery::BodyRecords::hash(body));
    for (const auto& event : TRY(report::timeline(connection, call.organisation(), id))) {
      auto facts = delivery::read_attempt_data(event.data);
      if (!facts || facts->attempt == 0) continue;
      proof.attempt = *std::move(facts);
      proof.attempted_at = event.occurred_at;
    }
    return proof;
  });
}

struct Words {
  report::SentenceLanguage language = report::SentenceLanguage::english;
  std::string time_zone;
};

Result<json::object> told(const Call& call, const LogEntry& entry, const Words& words) {
  const Proof proof = TRY(proof_of(call, entry.id));
  std::string next_at;
  if (entry.status == Status::deferred)
    next_at = wall_time_text(entry.due_at, words.time_zone).replace(10, 1, " ").substr(0, 16);
  const std::string sentence = report::arrival_sentence({.subject = entry.subject,
                                                         .address = entry.address,
                                                         .status = entry.status,
                                                         .reason = entry.reason,
                                                         .at = entry.changed_at,
                                                         .next_at = next_at,
                                                         .remote = proof.attempt.remote,
                                                         .time_zone = words.time_zone},
                                                        words.language);
  return json::object{
      {"message_id", to_text(entry.id)},
      {"subject", entry.subject},
      {"address", text_or_null(entry.address)},
      {"status", to_string(entry.status)},
      {"changed_at", instant_text(entry.changed_at)},
      {"sentence", sentence},
      {"proof", json::object{{"content_sha256", text_or_null(proof.sha256)},
                             {"attempted_at", instant_or_null(proof.attempted_at)},
                             {"remote", text_or_null(proof.attempt.remote)},
                             {"reply_code", proof.attempt.reply_code == 0
                                                ? json::value()
                                                : json::value(proof.attempt.reply_code)},
                             {"reply_text", text_or_null(proof.attempt.reply_text)}}}};
}

Result<bool> is_erased(const Call& call, const Asked& asked) {
  if (!asked.channel) return false;
  return call.services.database.read_value([&](db::Connection& connection) -> Result<bool> {
    const auto key = TRY(audience::erasure_key(connection, call.organisation()));
    if (!key) return false;
    const std::string form = audience::erased_form(*key, *asked.channel, asked.normalised);
    return audience::is_suppressed_for(connection, call.organisation(),
                                       {*asked.channel, form, "erased"}, call.now());
  });
}

Result<Answer> ask(const Call& call) {
  const auto organisation = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return identity::find_organisation(connection, call.organisation());
  }));
  const std::string_view asked_language = call.query("language");
  const std::string_view accepted = call.request.header("Accept-Language");
  const std::string_view language =
      http::choose_texts({asked_language, accepted.empty() ? organisation.locale : ""}, accepted)
          .language;
  const Words words{report::sentence_language(language), organisation.time_zone};
  int limit = 5;
  const std::string_view most = call.query("messages");
  std::from_chars(most.data(), most.data() + most.size(), limit);
  const Asked asked =
      read_question(call.query("q"), audience::region_of_locale(organisation.locale));

  Found found = TRY(people_who_fit(call, asked));
  report::MessagePages pages(call.services.database, call.organisation());
  for (Candidate& one : found.candidates) {
    report::MessageQuery query;
    query.filter.contact = one.id;
    query.limit = limit;
    one.messages = TRY(pages.list(query)).items;
  }
  TRY(add_former_owners(call, pages, asked, limit, found));

  json::array candidates;
  for (const Candidate& one : found.candidates) {
    json::array messages;
    for (const LogEntry& entry : one.messages) messages.push_back(TRY(told(call, entry, words)));
    std::string sentence =
        messages.empty()
            ? report::nothing_sentence(report::NothingToTell::never_wrote, words.language)
            : std::string(messages.front().at("sentence").as_string());
    candidates.push_back(
        json::object{{"contact_id", id_or_null(one.id.value)},
                     {"name", one.name},
                     {"addresses", json::array(one.addresses.begin(), one.addresses.end())},
                     {"sentence", std::move(sentence)},
                     {"messages", std::move(messages)}});
  }
  std::string sentence;
  if (candidates.empty()) {
    sentence =
        report::nothing_sentence(TRY(is_erased(call, asked)) ? report::NothingToTell::erased
                                                             : report::NothingToTell::unknown,
                                 words.language);
  } else {
    sentence = candidates.front().at("sentence").as_string();
  }
  return Answer::ok(json::object{{"language", language},
                                 {"sentence", std::move(sentence)},
                                 {"candidates", std::move(candidates)},
                                 {"has_more", found.has_more}});
}

}  // namespace

void add_arrival_handlers(Registry& registry) { registry.answer("askWhetherItArrived", ask); }

}  // namespace tidings::api
