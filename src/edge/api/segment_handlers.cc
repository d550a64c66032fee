#include "edge/api/segment_handlers.h"

#include <boost/json.hpp>
#include <optional>
#include <utility>

#include "audience/address_list.h"
#include "audience/audience_json.h"
#include "audience/breakdown.h"
#include "audience/consent/topics.h"
#include "audience/segments.h"
#include "base/bytes.h"
#include "compose/draft_content.h"
#include "delivery/content_store.h"
#include "delivery/email_builder.h"
#include "edge/api/json_values.h"
#include "identity/organisations.h"
#include "wire/email_address.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

using audience::Segment;

constexpr int kExamples = 5;

std::string_view text_from(const json::value& value) {
  const json::string& text = value.as_string();
  return {text.data(), text.size()};
}

// What is wrong with a part of the body, under the name of that part.
template <typename Problem>
Answer refused(std::string_view part, const std::vector<Problem>& problems, std::string code,
               std::string sentence) {
  constexpr std::size_t kShown = 100;
  std::vector<FieldError> fields;
  for (const Problem& problem : problems) {
    if (fields.size() == kShown) break;
    fields.push_back({std::string(part) + problem.field, problem.code, problem.message});
  }
  return Answer::problem(422, {ErrorKind::invalid, std::move(code), std::move(sentence)},
                         std::move(fields));
}

Answer bad_rule(const std::vector<audience::RuleProblem>& problems) {
  return refused("/rule", problems, "segment.bad_rule",
                 "The rule can not be used as it is: see what is said of each part.");
}

json::value segment_json(const Segment& segment) {
  return json::object{{"id", to_text(segment.id)},
                      {"name", segment.name},
                      {"description", segment.description},
                      {"rule", audience::to_json(segment.rule)},
                      {"created_at", instant_text(segment.created_at)},
                      {"changed_at", instant_text(segment.changed_at)}};
}

Answer segment_answer(const Segment& segment, int status = 200) {
  Answer answer = Answer::ok(segment_json(segment));
  answer.status = status;
  return std::move(answer).with("ETag", etag_of(segment.changed_at));
}

json::value contact_json(const audience::MatchingContact& contact) {
  return json::object{
      {"id", to_text(contact.id)}, {"name", contact.name}, {"email", contact.email}};
}

std::unexpected<Error> bad_cursor() {
  return fail(ErrorKind::invalid, "list.bad_cursor",
              "This cursor is not one of ours; begin again with the first page.");
}

Result<Answer> list_segments(const Call& call) {
  const Page page = call.page();
  const auto after = from_base64url(page.cursor);
  if (!after) return bad_cursor();
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    auto segments =
        TRY(audience::page_segments(connection, call.organisation(), *after, page.limit + 1));
    std::string next;
    if (std::ssize(segments) > page.limit) {
      segments.pop_back();
      next = to_base64url(segments.back().name);
    }
    json::array items;
    for (const Segment& segment : segments) items.push_back(segment_json(segment));
    return Answer::ok(list_answer(std::move(items), next));
  });
}

Result<Answer> get_segment(const Call& call) {
  const auto id = TRY(call.id<SegmentId>("segment_id"));
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    return segment_answer(TRY(audience::find_segment(connection, call.organisation(), id)));
  });
}

Result<Answer> create_segment(const Call& call) {
  const json::object& body = call.body.as_object();
  auto read = audience::read_rule(body.at("rule"));
  if (!read.problems.empty()) return bad_rule(read.problems);
  Segment segment;
  segment.name = text_from(body.at("name"));
  segment.description = text_of(body, "description");
  segment.rule = std::move(read.rule);
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto problems =
        TRY(audience::check_rule(connection, call.organisation(), segment.rule, std::nullopt));
    if (!problems.empty()) return bad_rule(problems);
    return segment_answer(TRY(audience::create_segment(connection, call.services.ids,
                                                       call.organisation(), segment, call.now())),
                          201);
  });
}

Result<Answer> change_segment(const Call& call) {
  const auto id = TRY(call.id<SegmentId>("segment_id"));
  const json::object& body = call.body.as_object();
  std::optional<Rule> rule;
  if (const json::value* given = body.if_contains("rule")) {
    auto read = audience::read_rule(*given);
    if (!read.problems.empty()) return bad_rule(read.problems);
    rule = std::move(read.rule);
  }
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    Segment segment = TRY(audience::find_segment(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(segment.changed_at)));
    if (const json::value* name = body.if_contains("name")) segment.name = text_from(*name);
    if (const json::value* words = body.if_contains("description")) {
      segment.description = text_from(*words);
    }
    if (rule) {
      const auto problems = TRY(audience::check_rule(connection, call.organisation(), *rule, id));
      if (!problems.empty()) return bad_rule(problems);
      segment.rule = *rule;
    }
    return segment_answer(
        TRY(audience::change_segment(connection, call.organisation(), segment, call.now())));
  });
}

Result<Answer> delete_segment(const Call& call) {
  const auto id = TRY(call.id<SegmentId>("segment_id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Segment segment = TRY(audience::find_segment(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(segment.changed_at)));
    TRY(audience::delete_segment(connection, call.organisation(), id));
    return Answer::no_content();
  });
}

Result<Answer> preview_segment(const Call& call) {
  auto read = audience::read_rule(call.body.as_object().at("rule"));
  if (!read.problems.empty()) return bad_rule(read.problems);
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const auto problems =
        TRY(audience::check_rule(connection, call.organisation(), read.rule, std::nullopt));
    if (!problems.empty()) return bad_rule(problems);
    const auto count =
        TRY(audience::count_matching(connection, call.organisation(), read.rule, call.now()));
    json::array examples;
    for (const auto& contact : TRY(audience::matching_contacts(
             connection, call.organisation(), read.rule, call.now(), ContactId{}, kExamples))) {
      examples.push_back(contact_json(contact));
    }
    return Answer::ok(json::object{{"count", count}, {"examples", std::move(examples)}});
  });
}

Result<Answer> list_segment_contacts(const Call& call) {
  const auto id = TRY(call.id<SegmentId>("segment_id"));
  const Page page = call.page();
  ContactId after;
  if (!page.cursor.empty()) {
    const auto cursor = parse_id(page.cursor);
    if (!cursor) return bad_cursor();
    after = ContactId{*cursor};
  }
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const Segment segment = TRY(audience::find_segment(connection, call.organisation(), id));
    auto contacts = TRY(audience::matching_contacts(connection, call.organisation(), segment.rule,
                                                    call.now(), after, page.limit + 1));
    std::string next;
    if (std::ssize(contacts) > page.limit) {
      contacts.pop_back();
      next = to_text(contacts.back().id);
    }
    json::array items;
    for (const auto& contact : contacts) items.push_back(contact_json(contact));
    return Answer::ok(list_answer(std::move(items), next));
  });
}

json::value recipient_json(const audience::NamedRecipient& recipient) {
  return json::object{{"contact_id", id_or_null(recipient.contact_id.value)},
                      {"about_id", id_or_null(recipient.about_id.value)},
                      {"name", recipient.name},
                      {"about_name", recipient.about_name},
                      {"address", recipient.address}};
}

std::string_view kind_word(audience::AudienceItem::Kind kind) {
  using enum audience::AudienceItem::Kind;
  switch (kind) {
    case everybody:
      return "everybody";
    case group:
      return "group";
    case segment:
      return "segment";
    case contacts:
      return "contacts";
    case addresses:
      return "addresses";
    case campaign:
      return "campaign";
  }
  return "everybody";
}

json::array items_json(const std::vector<audience::ItemCount>& counts) {
  json::array items;
  for (const audience::ItemCount& count : counts) {
    const bool is_campaign = count.item.kind == audience::AudienceItem::Kind::campaign;
    items.push_back(
        json::object{{"kind", kind_word(count.item.kind)},
                     {"id", id_or_null(count.item.id)},
                     {"outcome", is_campaign ? json::value(audience::to_string(count.item.outcome))
                                             : json::value(nullptr)},
                     {"name", count.name},
                     {"count", count.count}});
  }
  return items;
}

json::array recipients_json(const std::vector<audience::NamedRecipient>& recipients) {
  json::array list;
  for (const auto& recipient : recipients) list.push_back(recipient_json(recipient));
  return list;
}

json::value breakdown_json(const audience::Breakdown& breakdown) {
  json::array left_out;
  for (const audience::LeftOut& entry : breakdown.left_out) {
    left_out.push_back(
        json::object{{"status", entry.state == MessageState::dropped ? "dropped" : "skipped"},
                     {"reason", entry.reason},
                     {"count", entry.count},
                     {"examples", recipients_json(entry.examples)}});
  }
  json::array languages;
  for (const audience::LanguageCount& one : breakdown.languages) {
    languages.push_back(
        json::object{{"locale", one.locale}, {"is_own", one.is_own}, {"count", one.count}});
  }
  return json::object{
      {"languages", std::move(languages)},
      {"included", items_json(breakdown.included)},
      {"excluded", items_json(breakdown.excluded)},
      {"left_out", std::move(left_out)},
      {"repeated", breakdown.repeated},
      {"messages", breakdown.messages},
      {"first", recipients_json(breakdown.first)},
      {"recipient_limit",
       breakdown.recipient_limit ? json::value(*breakdown.recipient_limit) : json::value(nullptr)},
      {"is_over_limit", breakdown.is_over_limit()}};
}

// What one language of the content reads of people.
Result<audience::UsedFields> fields_in(const json::object& object,
                                       const compose::ContactNames& names) {
  delivery::EmailContent content;
  content.subject = text_of(object, "subject");
  content.html = text_of(object, "html");
  content.text = text_of(object, "text");
  content.from = TRY(wire::parse_mailbox("preview@example.org"));
  content.envelope_from = content.from.address.normalised;
  const auto email = TRY(delivery::CompiledEmail::compile(std::move(content)));
  return delivery::used_contact_fields(email, names);
}

// What the content reads of people, in each language: it decides who shares a copy.
struct ContentFields {
  audience::UsedFields used;
  std::optional<audience::ContentLanguages> languages;
};
Result<ContentFields> fields_read_by(db::Connection& connection, const Call& call,
                                     const json::object& body) {
  ContentFields read;
  const json::value* given = body.if_contains("content");
  if (given == nullptr) return read;
  const json::object& object = given->as_object();
  const auto names = TRY(compose::contact_names(connection, call.organisation()));
  read.used = TRY(fields_in(object, names));
  const json::value* variants = object.if_contains("variants");
  if (variants == nullptr || variants->as_array().empty()) return read;
  auto& languages = read.languages.emplace();
  languages.own = text_of(object, "locale");
  if (languages.own.empty()) {
    languages.own = TRY(identity::find_organisation(connection, call.organisation())).locale;
  }
  for (const json::value& one : variants->as_array()) {
    const json::object& variant = one.as_object();
    languages.locales.push_back(text_of(variant, "locale"));
    // One that is not written yet reads nothing.
    const bool is_written = !text_of(variant, "html").empty() || !text_of(variant, "text").empty();
    languages.used.push_back(is_written ? TRY(fields_in(variant, names)) : audience::UsedFields());
  }
  return read;
}

Channel channel_of(const json::object& body) {
  return text_of(body, "channel") == "sms" ? Channel::sms : Channel::email;
}

Result<Answer> preview_audience(const Call& call) {
  const json::object& body = call.body.as_object();
  const auto refuse = [](const std::vector<audience::AudienceProblem>& problems) {
    return refused("/audience", problems, "audience.bad",
                   "The audience can not be used as it is: see what is said of each part.");
  };
  const auto read = audience::read_audience(body.at("audience"), channel_of(body));
  if (!read.problems.empty()) return refuse(read.problems);
  const auto fields = TRY(call.services.database.read_value(
      [&](db::Connection& connection) { return fields_read_by(connection, call, body); }));
  audience::ExpandRequest request{call.organisation(), channel_of(body)};
  request.as_of = call.now();
  request.languages = fields.languages ? &*fields.languages : nullptr;
  return call.services.database.read_value([&](db::Connection& connection) -> Result<Answer> {
    const auto problems =
        TRY(audience::check_audience(connection, call.organisation(), read.audience));
    if (!problems.empty()) return refuse(problems);
    const json::value* content = body.if_contains("content");
    const TopicId topic{content ? TRY(id_of(content->get_object(), "topic_id")) : 0};
    const auto consent = consent::consent_of(connection, call.organisation(), topic);
    if (!consent && consent.error().code == "topic.not_found") {
      return Answer::problem(
          422, consent.error(),
          {{"/content/topic_id", consent.error().code, consent.error().message}});
    }
    const RecipientPolicy policy{.kind = MessageKind::campaign, .consent = TRY(consent)};
    return Answer::ok(breakdown_json(
        TRY(audience::break_down(connection, request, read.audience, fields.used, policy))));
  });
}

Result<Answer> read_addresses(const Call& call) {
  const json::object& body = call.body.as_object();
  const auto list = TRY(audience::read_address_list(text_in(call.body, "text"), channel_of(body)));
  json::array addresses;
  for (const auto& address : list.addresses) addresses.emplace_back(address.typed);
  json::array bad;
  for (const auto& each : list.bad) {
    bad.push_back(json::object{{"item", static_cast<std::int64_t>(each.item)},
                               {"typed", each.typed},
                               {"code", each.code},
                               {"message", each.message}});
  }
  return Answer::ok(json::object{{"addresses", std::move(addresses)},
                                 {"repeated", static_cast<std::int64_t>(list.repeated)},
                                 {"bad_count", static_cast<std::int64_t>(list.bad_count)},
                                 {"bad", std::move(bad)}});
}

}  // namespace

void add_segment_handlers(Registry& registry) {
  registry.answer("listSegments", list_segments);
  registry.answer("createSegment", create_segment);
  registry.answer("getSegment", get_segment);
  registry.answer("changeSegment", change_segment);
  registry.answer("deleteSegment", delete_segment);
  registry.answer("previewSegment", preview_segment);
  registry.answer("listSegmentContacts", list_segment_contacts);
  registry.answer("previewAudience", preview_audience);
  registry.answer("readAddresses", read_addresses);
}

}  // namespace tidings::api
