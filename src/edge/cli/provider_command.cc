// tidings provider: where mail services tell what became of messages.
#include <boost/json.hpp>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "edge/cli/api_client.h"
#include "edge/cli/api_pages.h"
#include "edge/cli/command.h"
#include "edge/cli/file_input.h"
#include "edge/cli/terminal_text.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kSecretMax = 2'000;

struct ProviderFlags {
  WorkplaceOptions place;
  std::string provider;
  std::string topic;
  std::string secret_file;
  std::string webhook;
  bool is_json = false;
};

// What to do with the address, at the service.
std::string_view advice(std::string_view provider) {
  if (provider == "ses") {
    return "In Amazon SNS, subscribe it to the topic (protocol HTTPS, raw message delivery off); "
           "the subscription confirms itself. In SES, publish bounces, complaints, deliveries and "
           "delays to the topic, with the original headers.";
  }
  if (provider == "sendgrid") {
    return "In SendGrid: Settings, Mail Settings, Event Webhook. Leave the signature on.";
  }
  if (provider == "postmark") {
    return "In Postmark: the server's message stream, Webhooks. Tick delivery, bounce, spam "
           "complaint and subscription change. The address has a password and is shown this once.";
  }
  return "In Mailgun: Sending, Webhooks. Add it for delivered, permanent and temporary failure, "
         "complained and unsubscribed.";
}

int add(const ProviderFlags& flags) {
  json::object wish{{"provider", flags.provider}};
  if (!flags.topic.empty()) wish["topic"] = flags.topic;
  if (!flags.secret_file.empty()) {
    const auto secret = read_file(flags.secret_file, kSecretMax);
    if (!secret) return report(secret.error());
    wish["secret"] = trimmed(*secret);
  }
  const auto made = call_api(flags.place, "POST", "/provider-webhooks", wish);
  if (!made) return report(made.error());
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(made->body));
    return kDone;
  }
  const std::string address = harmless(text_member(made->body.get_object(), "address"));
  fmt::print("{}\n\n{}\n", address, advice(flags.provider));
  if (!address.starts_with("https://")) {
    fmt::print("\nNo service reaches that address: set public_url = \"https://…\" first.\n");
  }
  return kDone;
}

std::string when(const json::object& webhook, std::string_view name) {
  const auto at = parse_rfc3339(text_member(webhook, name));
  return at ? local_time(*at) : "never";
}

int list(const ProviderFlags& flags) {
  const auto all = call_api(flags.place, "GET", "/provider-webhooks");
  if (!all) return report(all.error());
  for (const json::value& item : all->body.at("items").as_array()) {
    const json::object& webhook = item.get_object();
    if (flags.is_json) {
      fmt::print("{}\n", json::serialize(webhook));
      continue;
    }
    const std::string_view provider = text_member(webhook, "provider");
    fmt::print("{}  {:<8}  {}\n", text_member(webhook, "id"), provider,
               harmless(text_member(webhook, "url")));
    if (provider == "ses") {
      const bool is_confirmed = !webhook.at("confirmed_at").is_null();
      fmt::print("  {} {}\n", is_confirmed ? "subscribed to" : "waits for a subscription to",
                 harmless(text_member(webhook, "topic")));
    }
    fmt::print("  last call {}; {} applied, {} about no message of ours, {} ignored\n",
               when(webhook, "called_at"), webhook.at("applied").as_int64(),
               webhook.at("unknown").as_int64(), webhook.at("ignored").as_int64());
    if (!webhook.at("refusal").is_null()) {
      fmt::print("  refused {}: {}\n", when(webhook, "refused_at"),
                 harmless(text_member(webhook, "refusal")));
    }
  }
  return kDone;
}

int remove(const ProviderFlags& flags) {
  const auto gone = call_api(flags.place, "DELETE", "/provider-webhooks/" + flags.webhook);
  if (!gone) return report(gone.error());
  fmt::print("Removed. Take its address out of the service's settings too.\n");
  return kDone;
}

}  // namespace

void add_provider_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<ProviderFlags>();
  auto* command = app.add_subcommand(
      "provider", "Mail services (SES, SendGrid, Postmark, Mailgun) that tell what became of mail");
  command->require_subcommand(1);
  const auto sub = [&](const char* name, const char* help, int (*run)(const ProviderFlags&)) {
    auto* made = command->add_subcommand(name, help);
    add_place(*made, flags->place);
    made->add_flag("--json", flags->is_json, "As JSON");
    made->callback([&line, flags, run] { line.run = [flags, run] { return run(*flags); }; });
    return made;
  };
  auto* made = sub("add", "Make an address for a service to call, and print it", add);
  made->add_option("service", flags->provider, "ses, sendgrid, postmark or mailgun")
      .required()
      .one_of({"ses", "sendgrid", "postmark", "mailgun"});
  made->add_option("--topic", flags->topic, "Amazon SES: the ARN of the SNS topic");
  made->add_option("--secret-file", flags->secret_file,
                   "A file with SendGrid's verification key or Mailgun's webhook signing key");
  sub("list", "The addresses there are, and what came by them", list);
  sub("remove", "Forget an address and its secret", remove)
      ->add_option("webhook", flags->webhook, "Its id, as the list shows it")
      .required();
  command->footer(
      "Examples:\n"
      "  tidings provider add postmark\n"
      "  tidings provider add ses --topic arn:aws:sns:eu-west-1:123456789012:bounces\n"
      "  tidings provider add mailgun --secret-file signing-key.txt");
}

}  // namespace tidings::cli
