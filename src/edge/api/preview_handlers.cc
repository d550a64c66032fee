#include "edge/api/preview_handlers.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

#include "audience/audience_json.h"
#include "audience/contacts.h"
#include "compose/campaigns.h"
#include "compose/preflight.h"
#include "compose/preview.h"
#include "compose/tags.h"
#include "compose/test_send.h"
#include "domain/locale_choice.h"
#include "edge/api/direct_sending.h"
#include "edge/api/draft_json.h"
#include "edge/api/framed_html.h"
#include "edge/api/json_values.h"
#include "identity/organisations.h"
#include "wire/email_address.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

Result<Answer> list_tags(const Call& call) {
  const auto kind = parse_message_kind(call.query("kind")).value_or(MessageKind::campaign);
  const auto groups = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<std::vector<compose::TagGroup>> {
        const auto organisation = TRY(identity::find_organisation(connection, call.organisation()));
        return compose::list_tags(connection, organisation, kind);
      }));
  json::array list;
  for (const auto& group : groups) {
    json::array tags;
    for (const auto& tag : group.tags) {
      tags.push_back(json::object{
          {"name", tag.name}, {"tag", tag.tag}, {"label", tag.label}, {"sample", tag.sample}});
    }
    list.push_back(
        json::object{{"name", group.name}, {"label", group.label}, {"tags", std::move(tags)}});
  }
  return Answer::ok(json::object{{"groups", std::move(list)}});
}

// The message of a request, and what is wrong with it, at its place there.
struct Asked {
  compose::LocalisedDraft content;
  std::vector<compose::FieldProblem> problems;
};
Result<Asked> read_draft(const Call& call) {
  Asked asked;
  asked.content = TRY(localised_draft(call.body.as_object()));
  asked.problems = compose::check_draft(asked.content.draft);
  for (auto& problem : asked.problems) problem.field = "/draft" + problem.field;
  std::ranges::move(compose::check_variants(asked.content), std::back_inserter(asked.problems));
  return asked;
}

// A reply-to or a name that is not finished is no reason to show nothing; broken text is.
std::vector<compose::FieldProblem> fatal(const std::vector<compose::FieldProblem>& problems) {
  std::vector<compose::FieldProblem> kept;
  for (const auto& problem : problems) {
    const bool is_text =
        problem.code.starts_with("draft.") || problem.code.starts_with("template.");
    if (is_text && problem.code != "draft.no_file_name") {
      kept.push_back(problem);
    }
  }
  return kept;
}

// Nothing for no `id`. Error: contact.not_found for one who is not there.
Result<std::optional<audience::Contact>> find_reader(db::Connection& connection, const Call& call,
                                                     ContactId id) {
  if (!id.valid()) return std::optional<audience::Contact>();
  auto contact = TRY(audience::find_contact(connection, call.organisation(), id));
  if (contact) return contact;
  return fail(ErrorKind::not_found, "contact.not_found",
              "There is no such contact. They may have been deleted.");
}

Result<std::optional<audience::Contact>> find_reader(db::Connection& connection, const Call& call) {
  return find_reader(connection, call, ContactId{TRY(id_of(call.body.as_object(), "contact_id"))});
}

// Which language is asked for, or the reader's own; nothing: the draft.
std::optional<std::size_t> language_of(const Call& call, const compose::LocalisedDraft& content,
                                       const identity::Organisation& organisation,
                                       const std::optional<audience::Contact>& reader) {
  std::string locale = text_of(call.body.as_object(), "locale");
  if (locale.empty() && reader) locale = reader->locale;
  return compose::variant_for(content, locale, organisation.locale);
}

struct Shown {
  compose::Preview preview;
  std::optional<std::size_t> variant;
  std::string locale;
};

json::object preview_json(const Shown& shown) {
  const compose::Preview& preview = shown.preview;

  json::array headers;
  for (const auto& [name, value] : preview.headers) {
    headers.push_back(json::object{{"name", name.substr(0, 200)}, {"value", value}});
  }
  json::array empty;
  for (const std::string& tag : preview.empty_tags) empty.emplace_back(tag);
  return {{"locale", shown.locale},
          {"variant", shown.variant ? json::value(static_cast<std::int64_t>(*shown.variant))
                                    : json::value(nullptr)},
          {"subject", preview.subject},
          {"html", preview.html},
          {"text", preview.text},
          {"headers", std::move(headers)},
          {"size", preview.size},
          {"empty_tags", std::move(empty)},
          {"findings", to_json(preview.findings)}};
}

Result<Answer> preview(const Call& call) {
  const Asked asked = TRY(read_draft(call));
  if (const auto problems = fatal(asked.problems); !problems.empty()) {
    return unfit(problems);
  }
  const auto kind = kind_of(call.body.as_object());
  const auto shown =
      TRY(call.services.database.read_value([&](db::Connection& connection) -> Result<Shown> {
        const auto organisation = TRY(identity::find_organisation(connection, call.organisation()));
        const auto reader = TRY(find_reader(connection, call));
        const compose::PreviewContext context{organisation, call.services.public_url, call.now()};
        Shown made;
        made.variant = language_of(call, asked.content, organisation, reader);
        const compose::Draft draft = compose::draft_of(asked.content, made.variant);
        made.locale = draft.locale;
        made.preview = TRY(compose::preview_draft(connection, context, draft, kind, reader));
        for (compose::Finding& finding : made.preview.findings) {
          if (!made.variant) break;
          finding.variant = static_cast<int>(*made.variant);
          finding.locale = draft.locale;
        }
        return made;
      }));
  // What it says is the author's: even where the answer itself is opened, nothing of it runs.
  return Answer::ok(preview_json(shown))
      .with("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
}

Result<Answer> show_campaign(const Call& call) {
  const auto id = TRY(call.id<CampaignId>("id"));
  const ContactId reader_id{parse_id(call.query("contact_id")).value_or(0)};
  const auto preview = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<compose::Preview> {
        const auto organisation = TRY(identity::find_organisation(connection, call.organisation()));
        const auto content = TRY(compose::load_campaign_draft(connection, call.organisation(), id));
        const auto reader = TRY(find_reader(connection, call, reader_id));
        const compose::PreviewContext context{organisation, call.services.public_url, call.now()};
        const auto language = compose::variant_for(content, reader ? reader->locale : std::string(),
                                                   organisation.locale);
        return compose::preview_draft(connection, context, compose::draft_of(content, language),
                                      MessageKind::campaign, reader);
      }));
  return framed_html(preview.html, preview.text,
                     call.flag("remote_images") ? FrameImages::own_and_remote : FrameImages::own);
}

Result<Answer> preflight(const Call& call) {
  const Asked asked = TRY(read_draft(call));
  if (const auto problems = fatal(asked.problems); !problems.empty()) {
    return unfit(problems);
  }
  const json::object& body = call.body.as_object();
  std::optional<audience::Audience> people;
  if (const auto* given = body.if_contains("audience"); given != nullptr && given->is_object()) {
    auto read = audience::read_audience(*given, Channel::email);
    if (auto problems = audience_problems(read.problems); !problems.empty()) {
      return unfit(problems);
    }
    people = std::move(read.audience);
  }
  auto found = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<compose::Preflight> {
        const auto organisation = TRY(identity::find_organisation(connection, call.organisation()));
        const compose::PreflightContext context{
            organisation, call.services.public_url, call.services.settings.attachment_bytes_max,
            identity::allows(call.who, identity::Permission::senders_override), call.now()};
        return compose::check_before_sending(connection, context, asked.content, kind_of(body));
      }));
  if (people) {
    TRY(compose::check_people(call.services.database, call.organisation(), asked.content, *people,
                              {.kind = kind_of(body), .now = call.now()}, found));
  }
  return Answer::ok(json::object{{"is_blocked", found.is_blocked()},
                                 {"recipients", found.recipients},
                                 {"size", found.size},
                                 {"findings", to_json(found.findings)}});
}

// The addresses of a test, each as good as it must be.
Result<std::vector<std::string>> read_addresses(const Call& call,
                                                std::vector<compose::FieldProblem>& problems) {
  std::vector<std::string> addresses;
  for (const json::value& one : call.body.as_object().at("addresses").as_array()) {
    const std::string address(one.as_string());
    if (const auto parsed = wire::parse_email_address(address); !parsed) {
      problems.push_back({"/addresses/" + std::to_string(addresses.size()), parsed.error().code,
                          parsed.error().message});
    }
    addresses.push_back(address);
  }
  return addresses;
}

// In which languages tests are asked for: each in `locales`, else the one that the reader gets.
std::vector<std::optional<std::size_t>> asked_languages(
    const Call& call, const compose::LocalisedDraft& content,
    const identity::Organisation& organisation, const std::optional<audience::Contact>& reader,
    std::vector<compose::FieldProblem>& problems) {
  const auto* locales = call.body.as_object().if_contains("locales");
  if (locales == nullptr) return {language_of(call, content, organisation, reader)};
  const std::string& said = content.draft.locale;
  const std::string& own = said.empty() ? organisation.locale : said;
  std::vector<std::optional<std::size_t>> languages;
  for (const json::value& one : locales->as_array()) {
    const std::string_view locale = one.as_string();
    const auto at = std::ranges::find_if(content.variants, [&](const compose::Variant& variant) {
      return is_same_locale(variant.locale, locale);
    });
    if (at != content.variants.end()) {
      languages.emplace_back(static_cast<std::size_t>(at - content.variants.begin()));
    } else if (locale.empty() || is_same_locale(locale, own)) {
      languages.emplace_back(std::nullopt);
    } else {
      problems.push_back({"/locales/" + std::to_string(languages.size() + problems.size()),
                          "draft.no_such_language",
                          fmt::format("The message is not written in \"{}\".", locale)});
    }
  }
  return languages;
}

Result<Answer> send_test(const Call& call) {
  Asked asked = TRY(read_draft(call));
  const auto addresses = TRY(read_addresses(call, asked.problems));
  if (!asked.problems.empty()) return unfit(asked.problems);
  TransportId transport;
  auto answer = commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto organisation = TRY(identity::find_organisation(connection, call.organisation()));
    const auto reader = TRY(find_reader(connection, call));
    transport = TRY(direct_transport(connection, call));
    std::vector<compose::FieldProblem> unknown;
    const auto languages = asked_languages(call, asked.content, organisation, reader, unknown);
    if (!unknown.empty()) return unfit(unknown);
    json::array list;
    for (const auto& language : languages) {
      const compose::Draft draft = compose::draft_of(asked.content, language);
      const auto messages = TRY(compose::send_test(
          connection, direct_context(call, organisation, transport), draft, addresses, reader));
      for (const auto& message : messages) {
        list.push_back(json::object{{"id", to_text(message.id)},
                                    {"address", message.address},
                                    {"locale", draft.locale},
                                    {"status", message.dropped.empty() ? "queued" : "dropped"},
                                    {"reason", message.dropped}});
      }
    }
    return Answer::accepted(json::object{{"messages", std::move(list)}});
  });
  wake_direct(call, transport);
  return answer;
}

}  // namespace

void add_preview_handlers(Registry& registry) {
  registry.answer("listTags", list_tags);
  registry.answer("previewDraft", preview);
  registry.answer("showCampaignPreview", show_campaign);
  registry.answer("preflightDraft", preflight);
  registry.answer("sendTest", send_test);
}

}  // namespace tidings::api
