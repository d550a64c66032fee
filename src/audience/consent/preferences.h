// Preferences: what a person chose to get, per topic and channel, and how that is changed (P39).
//
// A choice counts for the person: it is made at every address that the contact has on the channel,
// and told from them together (on at any of them is on). What is against something is stored as a
// suppression with the reason `unsubscribed`; whoever has everything off on a channel has one from
// everything, which switchable transactional messages obey too. "Everything else" is what has no
// topic, and topics that are newer than the choice.
// Every change leaves one activity of the type `consent` on the contact: when, by whom, what, and
// which words the person saw.
// Thread: as the connection, within the caller's transaction. Errors: those of db, and as told.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audience/consent/topics.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"
#include "domain/recipient_rule.h"

namespace tidings::consent {

struct ChosenAddress {
  Channel channel = Channel::email;
  std::string normalised;
};
// Whose choices.
struct Person {
  OrganisationId organisation;
  ContactId contact;  // not valid(): an address that is nobody's; then nothing proves a change
  std::vector<ChosenAddress> addresses;

  bool has(Channel channel) const;
};
// Follows a merge. Error: contact.not_found.
Result<Person> person_of(db::Connection& connection, OrganisationId organisation,
                         ContactId contact);
// Of a message's recipient: the contact, as long as that has the address; else the address alone.
Result<Person> person_at(db::Connection& connection, OrganisationId organisation, ContactId contact,
                         const ChosenAddress& address);

// One row of what can be chosen: a topic that is not archived, or everything else.
struct Preference {
  Topic topic;                // id kOtherTopics, without a name: everything else
  std::optional<bool> email;  // nothing: there are none on this channel, or no address for them
  std::optional<bool> sms;

  const std::optional<bool>& on(Channel channel) const {
    return channel == Channel::email ? email : sms;
  }
};
struct Preferences {
  std::vector<Preference> lines;  // everything else comes last; essential ones are always on
  bool email_off = false;         // unsubscribed from everything on this channel
  bool sms_off = false;

  const Preference* find(TopicId topic) const;
};
Result<Preferences> preferences_of(db::Connection& connection, const Person& person, Instant now);

struct Choice {
  TopicId topic_id;  // or kOtherTopics
  Channel channel = Channel::email;
  bool is_on = false;

  friend bool operator==(const Choice&, const Choice&) = default;
};
// Every choice there is on this channel, or on all of them, the same way.
std::vector<Choice> all_choices(const Preferences& preferences, std::optional<Channel> channel,
                                bool is_on);

// What there was on this channel before everything was refused, to go back to; everything on where
// nothing was.
Result<std::vector<Choice>> choices_beneath(db::Connection& connection, const Person& person,
                                            Channel channel, Instant now);

// What proves a change. Kept in the activity.
struct Proof {
  std::string_view origin;  // link, one-click, page, staff, contact: suppression.origin
  std::string_view by;      // of staff or an application: its name
  std::string_view text;    // the words that the person saw
  std::string_view note;    // staff's reason
  std::string_view ip;
  MessageId message_id;
};

struct Changed {
  std::vector<Choice> changes;  // those that are different now; empty: nothing was written
  ActivityId activity_id;
  // Addresses that get less than before: what is ready to leave to them is looked at again.
  std::vector<std::string> held_back;
};
// Makes these choices; every other stays as it is. Errors: preference.unknown,
// preference.essential (invalid).
Result<Changed> choose(db::Connection& connection, IdSource& ids, const Person& person,
                       const std::vector<Choice>& choices, const Proof& proof, Instant now);
// Takes back what the activity tells. Errors: preference.no_such_change (not_found),
// preference.changed_since (conflict) when it is not the newest change.
Result<Changed> undo(db::Connection& connection, IdSource& ids, const Person& person,
                     ActivityId activity, const Proof& proof, Instant now);

}  // namespace tidings::consent
