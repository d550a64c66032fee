#include "audience/audience_json.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <unordered_set>

#include <fmt/format.h>

#include "audience/address_list.h"
#include "base/json_text.h"
#include "base/text.h"

namespace tidings::audience {

namespace {

namespace json = boost::json;

constexpr std::size_t kProblemsMax = 1'000;
constexpr std::array<std::string_view, kEarlierOutcomeCount> kOutcomes = {
    "all",    "sent",       "failed",  "skipped",    "not_sent", "may_have_arrived",
    "opened", "not_opened", "clicked", "not_clicked"};
constexpr std::array<std::string_view, 3> kRecipients = {"themselves", "guardians", "both"};

// Reads one audience, collecting what is wrong with it.
class Reader {
 public:
  // Nothing: addresses are ours, checked before they were stored.
  explicit Reader(std::optional<Channel> channel) : channel_(channel) {}

  ReadAudience read(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr) {
      problem("", "audience.form", "An audience is an object.");
      return std::move(read_);
    }
    Audience& audience = read_.audience;
    for (const auto& [key, member] : *object) {
      const std::string field = fmt::format("/{}", std::string_view(key));
      if (key == "everybody") {
        flag(field, member, audience.everybody);
      } else if (key == "alternative_addresses") {
        flag(field, member, audience.alternative_addresses);
      } else if (key == "freeze") {
        flag(field, member, audience.freeze);
      } else if (key == "recipients") {
        word(field, member, kRecipients, audience.recipients);
      } else if (key == "exclude") {
        exclude(field, member);
      } else if (!selection(field, key, member, audience.include)) {
        unknown(field);
      }
    }
    return std::move(read_);
  }

 private:
  void problem(std::string_view field, std::string code, std::string message) {
    if (read_.problems.size() < kProblemsMax) {
      read_.problems.push_back({std::string(field), std::move(code), std::move(message)});
    }
  }
  void unknown(std::string_view field) {
    problem(field, "audience.unknown_member", "An audience has no such member.");
  }

  void exclude(const std::string& field, const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr) {
      return problem(field, "audience.form", "What is excluded is an object of lists.");
    }
    for (const auto& [key, member] : *object) {
      const std::string inner = fmt::format("{}/{}", field, std::string_view(key));
      if (!selection(inner, key, member, read_.audience.exclude)) unknown(inner);
    }
  }

  // False for a member that a selection has not.
  bool selection(const std::string& field, std::string_view key, const json::value& value,
                 Selection& into) {
    if (key == "groups") {
      ids(field, value, kAudienceGroupsMax, into.groups);
    } else if (key == "segments") {
      ids(field, value, kAudienceGroupsMax, into.segments);
    } else if (key == "contacts") {
      ids(field, value, kAudienceContactsMax, into.contacts);
    } else if (key == "addresses") {
      addresses(field, value, into.addresses);
    } else if (key == "campaigns") {
      campaigns(field, value, into.campaigns);
    } else {
      return false;
    }
    return true;
  }

  const json::array* list(std::string_view field, const json::value& value, std::size_t max) {
    const json::array* array = value.if_array();
    if (array == nullptr) {
      problem(field, "audience.form", "This is a list.");
    } else if (array->size() > max) {
      problem(field, "audience.too_many", fmt::format("At most {} are possible here.", max));
      array = nullptr;
    }
    return array;
  }

  template <typename IdType>
  std::optional<IdType> id(std::string_view field, const json::value& value) {
    const json::string* text = value.if_string();
    const auto number = text == nullptr ? std::nullopt : parse_id(std::string_view(*text));
    if (!number || *number <= 0) {
      problem(field, "audience.bad_id", "This is not an id.");
      return std::nullopt;
    }
    return IdType{*number};
  }

  template <typename IdType>
  void ids(const std::string& field, const json::value& value, std::size_t max,
           std::vector<IdType>& into) {
    const json::array* array = list(field, value, max);
    if (array == nullptr) return;
    std::unordered_set<IdType> known;
    for (std::size_t i = 0; i < array->size(); ++i) {
      const auto read = id<IdType>(fmt::format("{}/{}", field, i), (*array)[i]);
      if (read && known.insert(*read).second) into.push_back(*read);
    }
  }

  void addresses(const std::string& field, const json::value& value,
                 std::vector<std::string>& into) {
    const json::array* array = list(field, value, kAudienceContactsMax);
    if (array == nullptr) return;
    std::unordered_set<std::string> known;
    for (std::size_t i = 0; i < array->size(); ++i) {
      const std::string at = fmt::format("{}/{}", field, i);
      const json::string* text = (*array)[i].if_string();
      if (text == nullptr) {
        problem(at, "audience.form", "An address is text.");
        continue;
      }
      if (!channel_) {
        into.emplace_back(*text);
        continue;
      }
      auto read = read_address_list(*text, *channel_);
      if (!read) {
        problem(at, read.error().code, read.error().message);
        continue;
      }
      for (BadAddress& bad : read->bad) {
        problem(at, bad.code, fmt::format("“{}”: {}", bad.typed, bad.message));
      }
      for (ListedAddress& address : read->addresses) {
        if (known.insert(std::move(address.normalised)).second) {
          into.push_back(std::move(address.typed));
        }
      }
      if (into.size() > kAudienceContactsMax) {
        problem(field, "audience.too_many",
                fmt::format("At most {} addresses are possible here. Import them as contacts.",
                            kAudienceContactsMax));
        into.resize(kAudienceContactsMax);
        return;
      }
    }
  }

  void campaigns(const std::string& field, const json::value& value,
                 std::vector<EarlierCampaign>& into) {
    const json::array* array = list(field, value, kAudienceCampaignsMax);
    if (array == nullptr) return;
    for (std::size_t i = 0; i < array->size(); ++i) {
      const std::string at = fmt::format("{}/{}", field, i);
      const json::object* object = (*array)[i].if_object();
      if (object == nullptr || !object->contains("id")) {
        problem(at, "audience.form", "An earlier campaign is an object with id and outcome.");
        continue;
      }
      EarlierCampaign campaign;
      for (const auto& [key, member] : *object) {
        const std::string inner = fmt::format("{}/{}", at, std::string_view(key));
        if (key == "id") {
          campaign.id = id<CampaignId>(inner, member).value_or(CampaignId{});
        } else if (key == "outcome") {
          word(inner, member, kOutcomes, campaign.outcome);
        } else {
          unknown(inner);
        }
      }
      if (campaign.id.valid() && std::ranges::find(into, campaign) == into.end()) {
        into.push_back(campaign);
      }
    }
  }

  void flag(std::string_view field, const json::value& value, bool& into) {
    if (const bool* read = value.if_bool()) {
      into = *read;
    } else {
      problem(field, "audience.form", "This is true or false.");
    }
  }

  template <typename E, std::size_t N>
  void word(std::string_view field, const json::value& value,
            const std::array<std::string_view, N>& words, E& into) {
    const json::string* text = value.if_string();
    const auto read =
        text == nullptr ? std::nullopt : enumerator<E>(words, std::string_view(*text));
    if (read) {
      into = *read;
    } else {
      problem(field, "audience.bad_word", fmt::format("This is one of: {}.", join(words)));
    }
  }

  template <std::size_t N>
  static std::string join(const std::array<std::string_view, N>& words) {
    std::string joined;
    for (const std::string_view word : words) {
      if (!joined.empty()) joined += ", ";
      joined += word;
    }
    return joined;
  }

  const std::optional<Channel> channel_;
  ReadAudience read_;
};

template <typename IdType>
json::array id_array(const std::vector<IdType>& ids) {
  json::array array;
  for (const IdType id : ids) array.emplace_back(to_text(id));
  return array;
}

void put_selection(json::object& object, const Selection& selection) {
  object["groups"] = id_array(selection.groups);
  object["segments"] = id_array(selection.segments);
  object["contacts"] = id_array(selection.contacts);
  json::array addresses;
  for (const std::string& address : selection.addresses) addresses.emplace_back(address);
  object["addresses"] = std::move(addresses);
  json::array campaigns;
  for (const EarlierCampaign& campaign : selection.campaigns) {
    campaigns.push_back(
        json::object{{"id", to_text(campaign.id)}, {"outcome", to_string(campaign.outcome)}});
  }
  object["campaigns"] = std::move(campaigns);
}

std::unexpected<Error> corrupt() {
  return fail(ErrorKind::corrupt, "audience.corrupt",
              "The stored audience is not one of ours. Restore a backup, or choose it anew.");
}

constexpr db::Statement kGroupThere{
    "audience.group_there", "SELECT 1 FROM contact_group WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kSegmentThere{
    "audience.segment_there", "SELECT 1 FROM segment WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kContactThere{
    "audience.contact_there",
    "SELECT 1 FROM contact WHERE organisation_id = $1 AND id = $2 AND deleted_at IS NULL"};
constexpr db::Statement kCampaignThere{
    "audience.campaign_there",
    "SELECT 1 FROM campaign WHERE organisation_id = $1 AND id = $2 AND deleted_at IS NULL"};

// Looks up every id of one list.
struct Lookup {
  db::Connection& connection;
  OrganisationId organisation;
  std::vector<AudienceProblem>& problems;

  template <typename IdType>
  Result<void> all(const db::Statement& statement, const std::vector<IdType>& ids,
                   std::string_view field, std::string_view thing) const {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      bool is_there = false;
      TRY(connection.query(statement, {organisation, ids[i]},
                           [&](const db::Row&) { is_there = true; }));
      if (is_there || problems.size() >= kProblemsMax) continue;
      problems.push_back({fmt::format("{}/{}", field, i), fmt::format("audience.unknown_{}", thing),
                          fmt::format("There is no such {}.", thing)});
    }
    return {};
  }
};

}  // namespace

std::string_view to_string(EarlierOutcome outcome) {
  return kOutcomes[static_cast<std::size_t>(outcome)];
}
std::string_view to_string(Recipients recipients) {
  return kRecipients[static_cast<std::size_t>(recipients)];
}
std::optional<EarlierOutcome> parse_earlier_outcome(std::string_view word) {
  return enumerator<EarlierOutcome>(kOutcomes, word);
}
std::optional<Recipients> parse_recipients(std::string_view word) {
  return enumerator<Recipients>(kRecipients, word);
}

ReadAudience read_audience(const json::value& value, Channel channel) {
  return Reader(channel).read(value);
}

json::value to_json(const Audience& audience) {
  json::object object;
  object["everybody"] = audience.everybody;
  put_selection(object, audience.include);
  json::object exclude;
  put_selection(exclude, audience.exclude);
  object["exclude"] = std::move(exclude);
  object["recipients"] = to_string(audience.recipients);
  object["alternative_addresses"] = audience.alternative_addresses;
  object["freeze"] = audience.freeze;
  return object;
}

std::string stored_text(const Audience& audience) { return json::serialize(to_json(audience)); }

Result<Audience> read_stored_audience(std::string_view text) {
  const json::value value = parse_json(text);
  const json::object* object = value.if_object();
  if (object == nullptr) return corrupt();
  if (object->empty()) return Audience::all();
  if (const json::value* group = object->if_contains("group")) {
    const json::string* id = group->if_string();
    const auto number = id == nullptr ? std::nullopt : parse_id(std::string_view(*id));
    if (!number || object->size() != 1) return corrupt();
    return Audience::of_group(GroupId{*number});
  }
  ReadAudience read = Reader(std::nullopt).read(value);
  if (!read.problems.empty()) return corrupt();
  return std::move(read.audience);
}

Result<std::vector<AudienceProblem>> check_audience(db::Connection& connection,
                                                    OrganisationId organisation,
                                                    const Audience& audience) {
  std::vector<AudienceProblem> problems;
  const Lookup lookup{connection, organisation, problems};
  const auto check = [&](const Selection& selection, std::string_view prefix) -> Result<void> {
    const auto field = [&](std::string_view name) { return fmt::format("{}/{}", prefix, name); };
    TRY(lookup.all(kGroupThere, selection.groups, field("groups"), "group"));
    TRY(lookup.all(kSegmentThere, selection.segments, field("segments"), "segment"));
    TRY(lookup.all(kContactThere, selection.contacts, field("contacts"), "contact"));
    std::vector<CampaignId> campaigns;
    for (const EarlierCampaign& campaign : selection.campaigns) campaigns.push_back(campaign.id);
    TRY(lookup.all(kCampaignThere, campaigns, field("campaigns"), "campaign"));
    return {};
  };
  TRY(check(audience.include, ""));
  TRY(check(audience.exclude, "/exclude"));
  if (audience.empty()) {
    problems.push_back({"", "audience.empty", "Nobody is chosen yet. Choose who gets this."});
  }
  return problems;
}

}  // namespace tidings::audience
