// The slow and obvious twin of expand.h: whom an audience reaches, asked of the structs of a World.
// Thread: the test's.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "audience/audience.h"
#include "audience/testing/random_world.h"
#include "audience/testing/world.h"

namespace tidings::audience::testing {

// (normalised, recipient, about): what expansion must yield, each once.
using Row = std::tuple<std::string, std::int64_t, std::int64_t>;

inline bool was(EarlierOutcome outcome, const Message& message) {
  using enum MessageState;
  const bool bounced_later = message.status == Status::bounced;
  switch (outcome) {
    case EarlierOutcome::all:
      return true;
    case EarlierOutcome::sent:
      return message.state == sent;
    case EarlierOutcome::failed:
      return message.state == bounced || message.state == failed || bounced_later;
    case EarlierOutcome::skipped:
      return message.state == skipped || message.state == dropped;
    case EarlierOutcome::not_sent:
      return message.state == bounced || message.state == failed || message.state == skipped ||
             message.state == dropped || message.state == cancelled || bounced_later;
    case EarlierOutcome::may_have_arrived:
      return message.state == sent || message.state == uncertain;
    case EarlierOutcome::opened:
      return was_opened(message);
    case EarlierOutcome::not_opened:
      return message.state == sent && !was_opened(message);
    case EarlierOutcome::clicked:
      return was_clicked(message);
    case EarlierOutcome::not_clicked:
      return message.state == sent && !was_clicked(message);
  }
  return false;
}

// The slow twin of expand().
struct Twin {
  const World& world;
  const Audience& audience;
  Channel channel = Channel::email;

  bool names(const Selection& selection, const Person& person, bool with_campaigns) const {
    const auto has = [](const auto& list, const auto& item) {
      return std::ranges::find(list, item) != list.end();
    };
    for (const GroupId group : selection.groups) {
      if (person.groups.contains(group)) return true;
    }
    for (const SegmentId segment : selection.segments) {
      if (holds({world, kNow}, world.segments.at(segment), person)) return true;
    }
    if (has(selection.contacts, person.id)) return true;
    if (!with_campaigns) return false;
    for (const EarlierCampaign& campaign : selection.campaigns) {
      for (const Message& message : world.messages) {
        if (message.campaign == campaign.id && message.contact == person.id &&
            was(campaign.outcome, message)) {
          return true;
        }
      }
    }
    return false;
  }
  bool is_chosen(const Person& person, bool with_campaigns) const {
    return audience.everybody || names(audience.include, person, with_campaigns);
  }
  bool is_excluded(const Person& person) const { return names(audience.exclude, person, true); }
  bool is_address_excluded(const std::string& address) const {
    return std::ranges::find(audience.exclude.addresses, address) !=
           audience.exclude.addresses.end();
  }

  void add(std::set<Row>& rows, const Person& recipient, const Person& about) const {
    if (is_excluded(recipient) || is_excluded(about)) return;
    bool has_address = false;
    for (const Address& address : recipient.addresses) {
      if (address.channel != channel) continue;
      if (!address.is_primary && !audience.alternative_addresses) continue;
      has_address = true;
      if (is_address_excluded(address.text)) continue;
      rows.emplace(address.text, recipient.id.value, about.id.value);
    }
    if (!has_address) rows.emplace("", recipient.id.value, about.id.value);
  }

  void add_people(std::set<Row>& rows) const {
    const bool themselves = audience.recipients != Recipients::guardians;
    for (const Person& person : world.people) {
      if (person.is_deleted) continue;
      if (themselves && is_chosen(person, false)) add(rows, person, person);
      if (audience.recipients == Recipients::themselves || !is_chosen(person, true)) continue;
      bool has_guardian = false;
      for (const Relation& relation : world.relations) {
        if (relation.to != person.id || relation.from == relation.to || !relation.receives)
          continue;
        if (const Person* guardian = world.find(relation.from)) {
          has_guardian = true;
          add(rows, *guardian, person);
        }
      }
      if (!has_guardian && !themselves && !is_excluded(person)) {
        rows.emplace("", person.id.value, person.id.value);
      }
    }
    if (!themselves || audience.everybody) return;
    for (const EarlierCampaign& campaign : audience.include.campaigns) {
      for (const Message& message : world.messages) {
        const Person* recipient = world.find(message.contact);
        if (message.campaign != campaign.id || recipient == nullptr) continue;
        if (!was(campaign.outcome, message)) continue;
        std::vector<ContactId> about = message.others;
        if (about.empty()) about.push_back(message.contact);
        for (const ContactId id : about) {
          if (const Person* person = world.find(id)) add(rows, *recipient, *person);
        }
      }
    }
  }

  void add_address(std::set<Row>& rows, const std::string& address) const {
    if (is_address_excluded(address)) return;
    for (const EarlierCampaign& campaign : audience.exclude.campaigns) {
      for (const Message& message : world.messages) {
        if (message.campaign == campaign.id && !message.contact.valid() &&
            message.address == address && was(campaign.outcome, message)) {
          return;
        }
      }
    }
    for (const Row& row : rows) {
      if (std::get<0>(row) == address) return;
    }
    const Person* best = nullptr;
    std::tuple<bool, bool, std::int64_t> best_rank;
    bool is_owned = false;
    for (const Person& person : world.people) {
      if (person.is_deleted) continue;
      for (const Address& own : person.addresses) {
        if (own.channel != channel || own.text != address) continue;
        is_owned = true;
        if (is_excluded(person)) continue;
        const std::tuple rank(person.do_not_contact, !own.is_primary, person.id.value);
        if (best == nullptr || rank < best_rank) {
          best = &person;
          best_rank = rank;
        }
      }
    }
    if (best != nullptr) {
      rows.emplace(address, best->id.value, best->id.value);
    } else if (!is_owned) {
      rows.emplace(address, 0, 0);
    }
  }

  std::set<Row> expected() const {
    std::set<Row> rows;
    add_people(rows);
    std::set<std::string> loose;
    if (channel == Channel::email) {
      loose.insert(audience.include.addresses.begin(), audience.include.addresses.end());
    }
    if (!audience.everybody && channel == Channel::email) {
      for (const EarlierCampaign& campaign : audience.include.campaigns) {
        for (const Message& message : world.messages) {
          if (message.campaign == campaign.id && !message.contact.valid() &&
              was(campaign.outcome, message)) {
            loose.insert(message.address);
          }
        }
      }
    }
    for (const std::string& address : loose) add_address(rows, address);
    return rows;
  }
};

}  // namespace tidings::audience::testing
