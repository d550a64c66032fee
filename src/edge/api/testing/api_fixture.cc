#include "edge/api/testing/api_fixture.h"

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include <fmt/format.h>
#include <stdlib.h>

#include "base/check.h"
#include "compose/senders.h"
#include "delivery/transports.h"
#include "edge/api/dispatch.h"
#include "identity/secret_box.h"
#include "identity/token_keys.h"
#include "net/router.h"

namespace tidings::api::testing {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

// Lets in whoever the request's marker says: tests are not about credentials.
class MarkedGate final : public Gate {
 public:
  static constexpr std::string_view kMarker = "X-Test-Principal";

  std::expected<Caller, Answer> admit(const net::Request& request, const Operation&) override {
    const std::string text(request.header(kMarker));
    const auto* who = reinterpret_cast<const identity::Principal*>(std::stoull(text));
    return Caller{*who, {}};
  }
};

Settings default_settings() {
  auto resolved = resolve_settings({});
  CHECK(resolved.has_value());
  return std::move(resolved->settings);
}

std::string fresh_folder() {
  std::string folder = (fs::temp_directory_path() / "tidings-api-XXXXXX").string();
  CHECK(mkdtemp(folder.data()) != nullptr);
  return folder;
}

identity::SecretBox fixed_box() {
  auto box = identity::SecretBox::from_text(std::string(64, 'a'));
  CHECK(box.has_value());
  return *std::move(box);
}

}  // namespace

std::string Reply::header(std::string_view name) const {
  for (const auto& each : headers) {
    if (net::equal_ignoring_case(each.name, name)) return each.value;
  }
  return "";
}

std::string Reply::code() const {
  const auto* found = json.is_object() ? json.get_object().if_contains("code") : nullptr;
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

std::string Reply::fields() const {
  const auto* errors = json.is_object() ? json.get_object().if_contains("errors") : nullptr;
  std::string names;
  if (errors == nullptr) return names;
  for (const auto& each : errors->as_array()) {
    names += (names.empty() ? "" : ",") + std::string(each.at("field").as_string());
  }
  return names;
}

struct ApiFixture::Impl {
  Impl(db::Database& database, const Clock& clock)
      : folder(fresh_folder()),
        ids(clock, 1),
        settings(default_settings()),
        box(fixed_box()),
        keys(database, box, clock),
        imports(database, ids, clock, {.folder_key = "a folder", .report = {}}),
        services{.database = database,
                 .ids = ids,
                 .clock = clock,
                 .settings = settings,
                 .secrets = box,
                 .token_keys = keys,
                 .folder = folder,
                 .folder_key = "a folder",
                 .public_url = "https://tidings.example",
                 .imports = &imports},
        dispatcher(Spec::embedded(), services,
                   {.checks_answers = true, .report = [](std::string_view what) {
                      fmt::print(stderr, "api: {}\n", what);
                    }}) {
    add_all_handlers(dispatcher);
    dispatcher.add_routes(router, gate);
  }
  ~Impl() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  fs::path folder;
  IdSource ids;
  Settings settings;
  identity::SecretBox box;
  identity::TokenKeys keys;
  people::ImportQueue imports;
  Services services;
  Dispatcher dispatcher;
  MarkedGate gate;
  net::Router router;
};

ApiFixture::ApiFixture(db::testing::Kind kind)
    : database_(kind), impl_(std::make_unique<Impl>(*database_, clock_)) {
  organisation_ = make_organisation("School of the North");
}

ApiFixture::~ApiFixture() = default;

OrganisationId ApiFixture::make_organisation(std::string_view name) {
  identity::Organisation made;
  made.id = impl_->ids.next<OrganisationId>();
  made.name = name;
  made.locale = "en";
  made.time_zone = "Europe/Amsterdam";
  made.postal_address = "Church Street 1, Utrecht";
  const auto wrote = database_->write(db::Priority::web, [&](db::Connection& connection) {
    return identity::create_organisation(connection, made, clock_.now());
  });
  CHECK(wrote.has_value());
  return made.id;
}

SenderId ApiFixture::may_send(std::string_view name, std::string_view address,
                              std::string_view server) {
  const auto sender = database().write_value(
      db::Priority::web, [&](db::Connection& connection) -> Result<SenderId> {
        const SenderId made = TRY(
            compose::create_sender(connection, ids(), organisation_,
                                   {std::string(name), std::string(address), ""}, clock_.now()));
        TRY(connection.execute(
            {"test.verify", "UPDATE sender SET verified_at = 1 WHERE organisation_id = $1"},
            {organisation_}));
        TRY(delivery::store_transport(connection, ids(), organisation_, services().secrets, server,
                                      "", clock_.now()));
        return made;
      });
  CHECK(sender);
  return *sender;
}

OrganisationId ApiFixture::other_organisation() {
  if (!other_organisation_.valid()) other_organisation_ = make_organisation("Another school");
  return other_organisation_;
}

identity::Principal ApiFixture::everything(OrganisationId organisation) const {
  return identity::local_principal(organisation);
}

identity::Principal ApiFixture::with(identity::PermissionSet permissions) const {
  auto who = identity::local_principal(organisation_);
  who.permissions = permissions;
  return who;
}

Reply ApiFixture::call(std::string_view method, std::string_view target, std::string body,
                       std::vector<net::HttpHeader> headers) {
  return call_as(everything(organisation_), method, target, std::move(body), std::move(headers));
}

Reply ApiFixture::call_as(const identity::Principal& who, std::string_view method,
                          std::string_view target, std::string body,
                          std::vector<net::HttpHeader> headers) {
  bool says_type = false;
  for (const auto& each : headers) {
    says_type = says_type || net::equal_ignoring_case(each.name, "Content-Type");
  }
  if (!body.empty() && !says_type) headers.push_back({"Content-Type", "application/json"});
  headers.push_back({std::string(MarkedGate::kMarker),
                     fmt::format("{}", reinterpret_cast<std::uintptr_t>(&who))});
  auto request =
      make_request(method, "/api/v1" + std::string(target), std::move(headers), std::move(body));
  CHECK(request.has_value());
  net::Response response = respond(impl_->router, *std::move(request));
  Reply reply{.status = response.status,
              .json = nullptr,
              .text = std::move(response.body),
              .headers = std::move(response.headers)};
  boost::system::error_code error;
  reply.json = json::parse(reply.text, error);
  if (error) reply.json = nullptr;
  return reply;
}

IdSource& ApiFixture::ids() { return impl_->ids; }
Services& ApiFixture::services() { return impl_->services; }
std::vector<std::string> ApiFixture::missing() const { return impl_->dispatcher.missing(); }

}  // namespace tidings::api::testing
