#include "feedback/unsubscribe.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "audience/consent/preferences.h"

namespace tidings::feedback {

using consent::Choice;
using consent::Preference;

// The message of a link, with what its page shows.
struct Unsubscriber::Addressee {
  Subscription shown;
  consent::Person person;
  TopicId topic;          // or kOtherTopics
  bool is_trial = false;  // a test or a copy for the organisation itself: it changes nobody

  // Whether what the message was still comes.
  bool gets_more() const { return !shown.is_over(); }
};

namespace {

constexpr db::Statement kGetAddressee{
    "feedback.get_addressee",
    "SELECT organisation.name, organisation.locale, contact.locale, message.address, "
    "message.normalised, message.channel, message.kind, message.contact_id, "
    "COALESCE(content_version.topic_id, 0) "
    "FROM message JOIN organisation ON organisation.id = message.organisation_id "
    "LEFT JOIN contact ON contact.organisation_id = message.organisation_id "
    "AND contact.id = message.contact_id "
    "LEFT JOIN content_version ON content_version.organisation_id = message.organisation_id "
    "AND content_version.id = message.content_version_id "
    "WHERE message.organisation_id = $1 AND message.id = $2"};

struct Row {
  Subscription shown;
  ContactId contact;
  consent::ChosenAddress address;
  TopicId topic;
  bool is_trial = false;
};

Row read_row(const db::Row& row) {
  Row read;
  read.shown.organisation_name = row.string(0);
  read.shown.organisation_locale = row.string(1);
  read.shown.contact_locale = row.string(2);
  read.shown.channel = static_cast<Channel>(row.integer(5));
  read.shown.masked_address = mask_address(read.shown.channel, row.text(3));
  read.address = {read.shown.channel, row.string(4)};
  const auto kind = static_cast<MessageKind>(row.integer(6));
  read.is_trial = kind == MessageKind::test || kind == MessageKind::copy;
  read.contact = row.id<ContactId>(7);
  read.topic = row.id<TopicId>(8);
  return read;
}

std::string_view word(UnsubscribeOrigin origin) {
  return origin == UnsubscribeOrigin::one_click ? "one-click" : "link";
}

// What the link's own message says about the preferences as they are.
void describe(Subscription& shown, TopicId topic) {
  shown.is_unsubscribed =
      shown.channel == Channel::email ? shown.preferences.email_off : shown.preferences.sms_off;
  const Preference* line = shown.preferences.find(topic);
  if (line == nullptr) return;  // archived meanwhile: there is everything to choose, or nothing
  shown.topic_name = line->topic.name;
  shown.is_essential = line->topic.is_essential;
  shown.is_topic_off = !shown.is_unsubscribed && !line->on(shown.channel).value_or(true);
}

// A trial shows what it would do.
void pretend(Subscription& shown, const std::vector<Choice>& choices) {
  for (const Choice& choice : choices) {
    for (Preference& line : shown.preferences.lines) {
      if (line.topic.id != choice.topic_id) continue;
      (choice.channel == Channel::email ? line.email : line.sms) = choice.is_on;
    }
  }
  const auto is_off = [&](Channel channel) {
    const auto all = consent::all_choices(shown.preferences, channel, true);
    return !all.empty() && std::ranges::all_of(all, [&](const Choice& each) {
      return !shown.preferences.find(each.topic_id)->on(channel).value_or(false);
    });
  };
  shown.preferences.email_off = is_off(Channel::email);
  shown.preferences.sms_off = is_off(Channel::sms);
}

std::vector<Choice> choices_for(const Subscription& shown, TopicId topic, UnsubscribeScope scope,
                                bool is_on) {
  const Preference* line = shown.preferences.find(topic);
  const bool has_topic = topic.valid() && line != nullptr && !line->topic.is_essential;
  if (scope == UnsubscribeScope::topic && has_topic) return {{topic, shown.channel, is_on}};
  return consent::all_choices(shown.preferences, shown.channel, is_on);
}

// Every choice as it is.
std::vector<Choice> as_it_is(const consent::Preferences& preferences) {
  auto choices = consent::all_choices(preferences, std::nullopt, true);
  for (Choice& each : choices) {
    each.is_on = preferences.find(each.topic_id)->on(each.channel).value_or(false);
  }
  return choices;
}

}  // namespace

std::string mask_address(Channel channel, std::string_view address) {
  constexpr std::string_view kDots = "•••";
  if (channel == Channel::sms) {
    return fmt::format("{}{}", kDots, address.size() > 6 ? address.substr(address.size() - 3) : "");
  }
  const auto at = address.rfind('@');
  if (at == std::string_view::npos || at == 0) return std::string(kDots);
  std::size_t first = 1;  // one whole UTF-8 character
  while (first < at && (static_cast<unsigned char>(address[first]) & 0xc0) == 0x80) ++first;
  return fmt::format("{}{}{}", address.substr(0, first), kDots, address.substr(at));
}

Result<Unsubscriber::Addressee> Unsubscriber::find(db::Connection& connection,
                                                   const identity::VerifiedToken& token) const {
  auto found = TRY(
      connection.query_first(kGetAddressee, {token.organisation_id, token.message_id}, read_row));
  if (!found || found->address.normalised.empty()) {
    return fail(ErrorKind::not_found, "token.invalid",
                "The message that this link belongs to is no longer here.");
  }
  Addressee addressee;
  addressee.shown = std::move(found->shown);
  addressee.shown.organisation_id = token.organisation_id;
  addressee.person =
      TRY(consent::person_at(connection, token.organisation_id, found->contact, found->address));
  addressee.topic = found->topic.valid() ? found->topic : kOtherTopics;
  addressee.is_trial = found->is_trial;
  addressee.shown.preferences =
      TRY(consent::preferences_of(connection, addressee.person, clock_.now()));
  describe(addressee.shown, addressee.topic);
  return addressee;
}

// Whether anything is different now.
Result<bool> Unsubscriber::apply(db::Connection& connection, const identity::VerifiedToken& token,
                                 Addressee& addressee, const std::vector<Choice>& choices,
                                 const consent::Proof& proof) {
  Subscription& shown = addressee.shown;
  if (addressee.is_trial) {
    pretend(shown, choices);
    describe(shown, addressee.topic);
    return true;
  }
  const Instant now = clock_.now();
  const bool got_it = addressee.gets_more();
  const auto changed =
      TRY(consent::choose(connection, ids_, addressee.person, choices, proof, now));
  if (changed.changes.empty()) return false;
  shown.preferences = TRY(consent::preferences_of(connection, addressee.person, now));
  describe(shown, addressee.topic);
  UnsubscribeEvidence evidence{.organisation_id = token.organisation_id,
                               .message_id = token.message_id,
                               .type = {},
                               .occurred_at = now,
                               .source = proof.origin,
                               .held_back = changed.held_back};
  if (got_it != addressee.gets_more()) {
    evidence.type = got_it ? EventType::unsubscribed : EventType::resubscribed;
  }
  TRY(record_(connection, evidence));
  return true;
}

Result<Subscription> Unsubscriber::look(std::string_view text) {
  const auto token = TRY(keys_.verify_url(text, wire::TokenPurpose::unsubscribe));
  auto found = TRY(
      database_.read_value([&](db::Connection& connection) { return find(connection, token); }));
  return std::move(found.shown);
}

Result<Subscription> Unsubscriber::unsubscribe(std::string_view text, UnsubscribeOrigin origin,
                                               UnsubscribeScope scope, const Witness& witness) {
  const auto token = TRY(keys_.verify_url(text, wire::TokenPurpose::unsubscribe));
  return database_.write_value(
      db::Priority::transactional, [&](db::Connection& connection) -> Result<Subscription> {
        Addressee found = TRY(find(connection, token));
        const consent::Proof proof{.origin = word(origin),
                                   .by = {},
                                   .text = witness.text,
                                   .note = {},
                                   .ip = witness.ip,
                                   .message_id = token.message_id};
        const auto choices = choices_for(found.shown, found.topic, scope, false);
        TRY(apply(connection, token, found, choices, proof));
        return std::move(found.shown);
      });
}

Result<Subscription> Unsubscriber::resubscribe(std::string_view text, UnsubscribeScope scope,
                                               const Witness& witness) {
  const auto token = TRY(keys_.verify_url(text, wire::TokenPurpose::unsubscribe));
  return database_.write_value(
      db::Priority::web, [&](db::Connection& connection) -> Result<Subscription> {
        Addressee found = TRY(find(connection, token));
        const consent::Proof proof{.origin = "link",
                                   .by = {},
                                   .text = witness.text,
                                   .note = "undone by the contact",
                                   .ip = witness.ip,
                                   .message_id = token.message_id};
        const bool is_from_everything = found.shown.is_unsubscribed;
        const auto choices = scope == UnsubscribeScope::everything && is_from_everything
                                 ? TRY(consent::choices_beneath(connection, found.person,
                                                                found.shown.channel, clock_.now()))
                                 : choices_for(found.shown, found.topic, scope, true);
        TRY(apply(connection, token, found, choices, proof));
        return std::move(found.shown);
      });
}

Result<Unsubscriber::Chosen> Unsubscriber::choose(std::string_view text,
                                                  std::vector<Choice> choices,
                                                  const Witness& witness) {
  const auto token = TRY(keys_.verify_url(text, wire::TokenPurpose::unsubscribe));
  return database_.write_value(
      db::Priority::transactional, [&](db::Connection& connection) -> Result<Chosen> {
        Addressee found = TRY(find(connection, token));
        const auto before = as_it_is(found.shown.preferences);
        std::vector<Choice> possible = choices;
        std::erase_if(possible, [&](const Choice& each) {
          return std::ranges::none_of(before, [&](const Choice& known) {
            return known.topic_id == each.topic_id && known.channel == each.channel;
          });
        });
        const consent::Proof proof{.origin = "page",
                                   .by = {},
                                   .text = witness.text,
                                   .note = {},
                                   .ip = witness.ip,
                                   .message_id = token.message_id};
        const bool is_changed = TRY(apply(connection, token, found, possible, proof));
        return Chosen{std::move(found.shown), before, is_changed};
      });
}

}  // namespace tidings::feedback
