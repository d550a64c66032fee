#include "edge/example/load_example.h"

#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/json_text.h"
#include "domain/hit_judgement.h"

namespace tidings::example {

// Embedded by the build: tools/example-people, examples/*.html.
std::string_view people_json();
std::string_view newsletter_html();
std::string_view rehearsals_html();
std::string_view children_html();

namespace {

namespace json = boost::json;

constexpr std::size_t kChildren = 24;
constexpr std::size_t kUnsubscribing = 3;
constexpr int kScheduledDays = 20;
constexpr auto kLook = std::chrono::milliseconds(100);
constexpr auto kSendOutMax = std::chrono::minutes(2);
constexpr auto kCountedMax = std::chrono::seconds(30);
constexpr std::string_view kComputer =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Thunderbird/140.2";
constexpr std::string_view kPhone =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko)"
    " Mobile/15E148";
constexpr std::string_view kPrefetch = "Mozilla/5.0";  // names no program, as Apple's servers
constexpr std::array kSections = {"Soprano", "Alto", "Tenor", "Bass"};

std::string id_in(const json::value& answer) { return text_of(answer.as_object(), "id"); }

class Loader {
 public:
  explicit Loader(const Loading& loading) : loading_(loading) {}

  Result<void> run() {
    TRY(check_may_load(loading_.ask));
    using Step = Result<void> (Loader::*)();
    constexpr std::array<Step, kSteps> steps = {
        &Loader::prepare,    &Loader::add_people, &Loader::add_groups,  &Loader::add_relations,
        &Loader::save_texts, &Loader::newsletter, &Loader::unsubscribe, &Loader::rehearsals,
        &Loader::children,   &Loader::other_mail, &Loader::reading};
    int done = 0;
    for (const Step step : steps) {
      TRY((this->*step)());
      loading_.done(++done);
    }
    return {};
  }

 private:
  struct Person {
    std::string id;
    std::string section;
    std::string locale;
  };

  Result<json::value> ask(std::string_view method, std::string_view target,
                          const json::value& body = nullptr) {
    if (loading_.stop.stop_requested()) {
      return fail(ErrorKind::cancelled, "example.stopped", "Loading the example was stopped.");
    }
    return loading_.ask(method, target, body);
  }

  // The sandbox, a sender, topics and fields.
  Result<void> prepare() {
    if (TRY(ask("GET", "/transports")).at("items").as_array().empty()) {
      TRY(ask("POST", "/transports",
              json::object{{"name", "Sandbox"}, {"url", "sandbox:"}, {"is_default", true}}));
    }
    const auto organisation = TRY(ask("GET", "/organisation"));
    if (text_of(organisation.as_object(), "postal_address").empty()) {
      TRY(ask("PATCH", "/organisation",
              json::object{{"postal_address", "1 Quay Street, Havenstad"}}));
    }
    sender_ = id_in(TRY(ask("POST", "/senders",
                            json::object{{"name", text_of(organisation.as_object(), "name")},
                                         {"address", "news@quayside.example.org"}})));
    time_zone_ = text_of(organisation.as_object(), "time_zone");
    tracking_ = text_of(organisation.as_object(), "tracking");
    TRY(ask("PATCH", "/organisation", json::object{{"tracking", "individual"}}));
    topic_ = id_in(
        TRY(ask("POST", "/topics",
                json::object{{"name", "Concerts"}, {"description", "When and where we sing"}})));
    TRY(ask(
        "POST", "/topics",
        json::object{{"name", "Rehearsals"}, {"description", "Dates, places and what to bring"}}));
    for (const auto& [name, label] : std::to_array<std::pair<const char*, const char*>>(
             {{"section", "Section"},
              {"town", "Town"},
              {"fee_due", "Fee due"},
              {"member_number", "Member number"},
              {"concert_ticket", "Concert ticket"}})) {
      TRY(ask("POST", "/custom-fields", json::object{{"name", name}, {"label", label}}));
    }
    return {};
  }

  static json::object contact_of(const json::object& row) {
    json::array addresses;
    if (const auto email = text_of(row, "email"); !email.empty()) {
      addresses.push_back(json::object{{"channel", "email"}, {"address", email}});
    }
    if (const auto phone = text_of(row, "phone"); !phone.empty()) {
      addresses.push_back(json::object{{"channel", "sms"}, {"address", phone}});
    }
    json::object fields;
    for (const std::string_view name :
         {"section", "town", "fee_due", "member_number", "concert_ticket"}) {
      if (const auto value = text_of(row, name); !value.empty()) fields[name] = value;
    }
    return {{"external_id", text_of(row, "member_number")},
            {"first_name", text_of(row, "first_name")},
            {"last_name", text_of(row, "last_name")},
            {"locale", text_of(row, "locale")},
            {"addresses", std::move(addresses)},
            {"fields", std::move(fields)},
            {"allow_shared_addresses", true}};
  }

  // Those whose address is none are left out, as an import does.
  Result<void> add_people() {
    const json::value people = parse_json(people_json());
    for (const json::value& each : people.as_array()) {
      const json::object& row = each.as_object();
      const auto made = ask("POST", "/contacts", contact_of(row));
      if (!made && made.error().kind == ErrorKind::invalid) continue;
      if (!made) return std::unexpected(made.error());
      people_.push_back({id_in(*made), text_of(row, "section"), text_of(row, "locale")});
    }
    const auto lost =
        TRY(ask("POST", "/contacts",
                json::object{{"first_name", "Quentin"},
                             {"last_name", "Slack"},
                             {"locale", "en"},
                             {"addresses",
                              json::array{json::object{{"channel", "email"},
                                                       {"address", "uncertain@example.net"}}}}}));
    people_.push_back({id_in(lost), "Bass", "en"});
    return {};
  }

  Result<std::string> make_group(std::string_view name, json::array members) {
    std::string id = id_in(TRY(ask("POST", "/groups", json::object{{"name", name}})));
    TRY(ask("POST", fmt::format("/groups/{}/members", id),
            json::object{{"contact_ids", std::move(members)}}));
    return id;
  }

  Result<void> add_groups() {
    std::map<std::string, json::array> members;
    for (const Person& person : people_) members[person.section].emplace_back(person.id);
    for (const char* section : kSections) TRY(make_group(section, members[section]));
    json::array committee;
    for (std::size_t i = 3; i < people_.size(); i += 60) committee.emplace_back(people_[i].id);
    TRY(make_group("Committee", std::move(committee)));
    return {};
  }

  // Children, each with one guardian who gets the messages, some with a second one who does not.
  Result<void> add_relations() {
    json::array children;
    for (std::size_t i = 0; i < kChildren; ++i) {
      const Person& child = people_[i * 20 + 5];
      children.emplace_back(child.id);
      TRY(ask("POST", "/relations",
              json::object{{"from_id", people_[i * 20 + 6].id},
                           {"to_id", child.id},
                           {"name", "guardian of"},
                           {"receives_messages", true}}));
      if (i % 3 == 0) {
        TRY(ask("POST", "/relations",
                json::object{{"from_id", people_[i * 20 + 7].id},
                             {"to_id", child.id},
                             {"name", "guardian of"}}));
      }
    }
    children_ = TRY(make_group("Children’s choir", std::move(children)));
    return {};
  }

  json::object draft(std::string_view subject, std::string_view html) const {
    return {{"sender_id", sender_}, {"subject", subject}, {"html", html}, {"topic_id", topic_}};
  }

  Result<void> save_texts() {
    TRY(ask("POST", "/templates",
            json::object{{"name", "Newsletter"},
                         {"kind", "campaign"},
                         {"draft", draft("Light over the water", newsletter_html())}}));
    TRY(ask("POST", "/templates",
            json::object{{"name", "Rehearsals"},
                         {"kind", "campaign"},
                         {"draft", draft("Rehearsals move", rehearsals_html())}}));
    return {};
  }

  Result<std::string> make_campaign(std::string_view name, json::object audience,
                                    json::object content) {
    return id_in(TRY(ask(
        "POST", "/campaigns",
        json::object{
            {"name", name}, {"audience", std::move(audience)}, {"draft", std::move(content)}})));
  }

  // Sends it, and waits until each message has ended.
  Result<void> send_out(std::string_view name, json::object audience, json::object content) {
    const auto id = TRY(make_campaign(name, std::move(audience), std::move(content)));
    TRY(ask("POST", fmt::format("/campaigns/{}/start", id),
            json::object{{"override_sender", true}, {"override_findings", true}}));
    const auto until = std::chrono::steady_clock::now() + kSendOutMax;
    while (std::chrono::steady_clock::now() < until) {
      const auto progress = TRY(ask("GET", fmt::format("/campaigns/{}/progress", id)));
      if (text_of(progress.as_object(), "state").starts_with("finished")) {
        sent_.push_back(id);
        return {};
      }
      std::this_thread::sleep_for(kLook);
    }
    return fail(ErrorKind::timeout, "example.slow",
                fmt::format("The send-out “{}” has not ended yet.", name));
  }

  Result<void> newsletter() {
    return send_out("Winter newsletter", {{"everybody", true}},
                    draft(R"(Light over the water, {{ contact.first_name | default: "friend" }})",
                          newsletter_html()));
  }

  Result<void> unsubscribe() {
    for (std::size_t i = 0; i < kUnsubscribing; ++i) {
      TRY(ask("POST", fmt::format("/contacts/{}/unsubscribe", people_[i * 100 + 30].id),
              json::object{{"note", "by telephone"}}));
    }
    TRY(ask("POST", "/suppressions",
            json::object{{"address", "suppressionlist@example.org"},
                         {"note", "Asked never to be written to again"}}));
    return {};
  }

  Result<void> rehearsals() {
    return send_out("Rehearsals", {{"everybody", true}},
                    draft("Rehearsals move to the sail loft", rehearsals_html()));
  }

  Result<void> children() {
    return send_out("Children’s choir on Saturday",
                    {{"groups", json::array{children_}}, {"recipients", "guardians"}},
                    draft("Saturday with the children’s choir", children_html()));
  }

  // One that is planned, one that is being written, and messages to single people.
  Result<void> other_mail() {
    const auto planned = TRY(make_campaign("Tickets for the winter concert", {{"everybody", true}},
                                           draft("Your seat in the sail loft", newsletter_html())));
    const std::string day =
        to_rfc3339(loading_.now + std::chrono::days(kScheduledDays)).substr(0, 10);
    TRY(ask("POST", fmt::format("/campaigns/{}/schedule", planned),
            json::object{{"at", day + "T09:00"},
                         {"time_zone", time_zone_},
                         {"override_sender", true},
                         {"override_findings", true}}));
    TRY(make_campaign("Season’s greetings", {{"everybody", true}},
                      draft("A calm sea and a good new year", "")));
    TRY(ask("POST", "/messages",
            json::object{{"contact_id", people_[12].id},
                         {"sender", sender_},
                         {"override_sender", true},
                         {"subject", "Your ticket A-17 for Saturday"},
                         {"text", "See you on Saturday. Your ticket is attached.\n"},
                         {"attachments",
                          json::array{json::object{{"file_name", "ticket-A-17.txt"},
                                                   {"content", to_base64("Admit one.\n")}}}}}));
    TRY(ask("POST", "/messages",
            json::object{{"contact_id", people_[44].id},
                         {"kind", "individual"},
                         {"sender", sender_},
                         {"override_sender", true},
                         {"subject", "About the rehearsal on Tuesday"},
                         {"text", "Could you bring the folders? Thank you!\n"}}));
    TRY(ask("POST", "/messages",
            json::object{{"to", "Greta Yellow <deferred@example.org>"},
                         {"sender", sender_},
                         {"override_sender", true},
                         {"subject", "Your seat"},
                         {"text", "Row 4, seat 12.\n"}}));
    return {};
  }

  // What the readers do; then the organisation counts again as it did.
  Result<void> reading() {
    const auto until = std::chrono::steady_clock::now() + kReadAtOnce + kLook;
    while (std::chrono::steady_clock::now() < until && !loading_.stop.stop_requested()) {
      std::this_thread::sleep_for(kLook);  // sooner it would be a machine
    }
    int reader = 0;
    for (const std::string& campaign : sent_) {
      std::string cursor;
      do {
        const auto page =
            TRY(ask("GET", fmt::format("/campaigns/{}/recipients?status=sent&limit=200{}", campaign,
                                       cursor)));
        for (const json::value& each : page.at("items").as_array()) {
          TRY(read(text_of(each.as_object(), "message_id"), ++reader));
        }
        cursor = text_of(page.as_object(), "next_cursor");
        if (!cursor.empty()) cursor.insert(0, "&cursor=");
      } while (!cursor.empty());
    }
    TRY(wait_counted());
    TRY(ask("PATCH", "/organisation", json::object{{"tracking", tracking_}}));
    return {};
  }

  // What is asked while nothing is counted is never counted.
  Result<void> wait_counted() {
    const auto until = std::chrono::steady_clock::now() + kCountedMax;
    while (std::chrono::steady_clock::now() < until) {
      std::int64_t counted = 0;
      for (const std::string& campaign : sent_) {
        const auto links = TRY(ask("GET", fmt::format("/campaigns/{}/links", campaign)));
        counted += links.at("image_hits").as_int64();
      }
      if (counted >= shown_) return {};
      std::this_thread::sleep_for(kLook);
    }
    return {};
  }

  // Of ten readers six open what they got, two of them by telephone, and one or two follow its
  // first link; Apple's servers load the picture for one who does not.
  Result<void> read(std::string_view message, int reader) {
    const int kind = reader * 7 % 10;
    if (kind > 6) return {};
    const auto content = TRY(ask("GET", fmt::format("/messages/{}/content", message)));
    const std::string html = text_of(content.as_object(), "html");
    const std::string_view program = kind == 6 ? kPrefetch : kind < 2 ? kPhone : kComputer;
    if (const auto picture = path_in(html, "/o/"); !picture.empty()) {
      loading_.visit(picture, program);
      ++shown_;
    }
    if (kind != 1 && (kind != 2 || reader % 2 == 0)) return {};
    if (const auto link = path_in(html, "/c/"); !link.empty()) loading_.visit(link, program);
    return {};
  }

  // The path of the first address in the HTML that has one beginning so.
  static std::string path_in(std::string_view html, std::string_view begin) {
    const std::size_t at = html.find(begin);
    if (at == std::string_view::npos) return "";
    return std::string(html.substr(at, html.find_first_of("\"'", at) - at));
  }

  const Loading& loading_;
  std::vector<Person> people_;
  std::string sender_;
  std::string topic_;
  std::string children_;
  std::string time_zone_;
  std::string tracking_;           // as it was found
  std::vector<std::string> sent_;  // campaigns
  std::int64_t shown_ = 0;         // pictures that were asked for
};

}  // namespace

Result<void> check_may_load(const Ask& ask) {
  const auto servers = TRY(ask("GET", "/transports", nullptr));
  for (const json::value& each : servers.at("items").as_array()) {
    if (each.at("is_default").as_bool() && !each.at("is_sandbox").as_bool()) {
      return fail(ErrorKind::conflict, "example.real_server",
                  "Mail leaves by a real server here. The example goes to the sandbox only: "
                  "use the sandbox as a rule first.");
    }
  }
  const auto contacts = TRY(ask("GET", "/contacts?limit=1", nullptr));
  if (contacts.at("items").as_array().empty()) return {};
  return fail(ErrorKind::conflict, "example.not_empty",
              "There are contacts here already. The example would stand among them.");
}

Result<void> load_example(const Loading& loading) { return Loader(loading).run(); }

}  // namespace tidings::example
