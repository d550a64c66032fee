// tidings domain: the domains that mail is written from, their keys and DNS records.
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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

constexpr std::size_t kKeyFileMax = 16u << 10;

struct DomainFlags {
  WorkplaceOptions place;
  std::string domain;
  std::vector<std::string> algorithms;
  std::string selector;
  std::string key_file;
  std::string return_path;
  bool is_json = false;
};

// By id or by name.
Result<json::object> find(const DomainFlags& flags) {
  const auto all = TRY(call_api(flags.place, "GET", "/domains"));
  std::string name = lower(flags.domain);
  while (name.ends_with('.')) name.pop_back();
  for (const json::value& item : all.body.at("items").as_array()) {
    const json::object& domain = item.get_object();
    if (text_member(domain, "id") == flags.domain || text_member(domain, "name") == name) {
      return domain;
    }
  }
  return fail(ErrorKind::not_found, "domain.not_found",
              fmt::format("{} is no sending domain. Add it with: tidings domain add {}",
                          harmless(flags.domain), harmless(flags.domain)));
}

Result<json::object> key_wish(const DomainFlags& flags) {
  json::object wish;
  if (!flags.algorithms.empty()) {
    json::array algorithms;
    for (const std::string& word : flags.algorithms) algorithms.emplace_back(word + "-sha256");
    wish["algorithms"] = std::move(algorithms);
  }
  if (!flags.selector.empty()) wish["selector"] = flags.selector;
  if (!flags.key_file.empty()) wish["private_key"] = TRY(read_file(flags.key_file, kKeyFileMax));
  return wish;
}

void print_records(const json::object& domain) {
  for (const json::value& item : domain.at("records").as_array()) {
    const json::object& record = item.get_object();
    fmt::print("\n{}{}\n", harmless(text_member(record, "note")),
               record.at("is_required").as_bool() ? "" : " (Not required.)");
    fmt::print("  {}\n", harmless(text_member(record, "zone_line")));
  }
}

bool has_waiting_key(const json::object& domain) {
  for (const json::value& key : domain.at("keys").as_array()) {
    if (text_member(key.get_object(), "state") == "waiting") return true;
  }
  return false;
}

int show_answer(const DomainFlags& flags, const ApiAnswer& answer, std::string_view sentence) {
  const json::object& domain = answer.body.as_object();
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(domain));
    return kDone;
  }
  const std::string name = harmless(text_member(domain, "name"));
  fmt::print("{} {}\n", name, sentence);
  print_records(domain);
  if (has_waiting_key(domain)) {
    fmt::print("\nWhen DNS has them: tidings domain check {}\n", name);
  }
  return kDone;
}

int add(const DomainFlags& flags) {
  const auto wish = key_wish(flags);
  if (!wish) return report(wish.error());
  json::object body{{"name", flags.domain}, {"keys", *wish}};
  if (!flags.return_path.empty()) body["return_path_domain"] = flags.return_path;
  const auto made = call_api(flags.place, "POST", "/domains", body);
  if (!made) return report(made.error());
  return show_answer(flags, *made, "is a sending domain now. Publish these records in its DNS:");
}

int list(const DomainFlags& flags) {
  const auto all = call_api(flags.place, "GET", "/domains");
  if (!all) return report(all.error());
  for (const json::value& item : all->body.at("items").as_array()) {
    const json::object& domain = item.get_object();
    if (flags.is_json) {
      fmt::print("{}\n", json::serialize(domain));
      continue;
    }
    fmt::print("{}  {}\n", harmless(text_member(domain, "name")),
               domain.at("is_verified").as_bool() ? "verified" : "not verified");
    for (const json::value& each : domain.at("keys").as_array()) {
      const json::object& key = each.get_object();
      if (text_member(key, "state") == "retired") continue;
      fmt::print("  {:<8} {:<15} {}\n", text_member(key, "state"), text_member(key, "algorithm"),
                 harmless(text_member(key, "selector")));
    }
  }
  return kDone;
}

int show(const DomainFlags& flags) {
  const auto domain = find(flags);
  if (!domain) return report(domain.error());
  return show_answer(flags, {200, *domain, {}}, "has these records in its DNS, or should have:");
}

// What is asked about one domain: `path` stands behind its own.
int act(const DomainFlags& flags, std::string_view path, const json::value& body,
        std::string_view sentence) {
  const auto domain = find(flags);
  if (!domain) return report(domain.error());
  const auto answer = call_api(
      flags.place, "POST", fmt::format("/domains/{}{}", text_member(*domain, "id"), path), body);
  if (!answer) return report(answer.error());
  return show_answer(flags, *answer, sentence);
}

int rotate(const DomainFlags& flags) {
  const auto wish = key_wish(flags);
  if (!wish) return report(wish.error());
  return act(flags, "/keys", *wish,
             "has new keys, which wait while the old ones sign. Publish these records:");
}

// `none` is written for no domain at all.
int set_return_path(const DomainFlags& flags) {
  const auto domain = find(flags);
  if (!domain) return report(domain.error());
  const bool is_none = flags.return_path == "none";
  const auto answer =
      call_api(flags.place, "PATCH", fmt::format("/domains/{}", text_member(*domain, "id")),
               json::object{{"return_path_domain", is_none ? "" : flags.return_path}});
  if (!answer) return report(answer.error());
  return show_answer(flags, *answer,
                     is_none ? "has reports about its mail come to the sender again. Its records:"
                             : "has reports about its mail come back here from now on. Its "
                               "records:");
}

int activate(const DomainFlags& flags) {
  return act(flags, "/activation", nullptr, "signs with its newest keys from now on. Its records:");
}

// Ends with 1 while something required is not as it should be.
int check(const DomainFlags& flags) {
  const auto domain = find(flags);
  if (!domain) return report(domain.error());
  const auto answer =
      call_api(flags.place, "POST", fmt::format("/domains/{}/check", text_member(*domain, "id")));
  if (!answer) return report(answer.error());
  const json::object& checked = answer->body.as_object();
  const bool is_verified = checked.at("is_verified").as_bool();
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(checked));
    return is_verified ? kDone : kSomeFailed;
  }
  for (const json::value& item : checked.at("findings").as_array()) {
    const json::object& finding = item.get_object();
    std::string status(text_member(finding, "status"));
    if (status == "not_needed") status = "-";
    fmt::print("{:<8} {:<8} {}\n", status, text_member(finding, "check"),
               harmless(text_member(finding, "sentence")));
    for (const json::value& found : finding.at("found").as_array()) {
      fmt::print("{:18}{}\n", "", harmless(found.as_string()));
    }
  }
  const std::string name = harmless(text_member(checked, "name"));
  if (is_verified) {
    fmt::print("{} is verified, and so are the senders at it.\n", name);
    return kDone;
  }
  fmt::print("{} is not verified. What to publish: tidings domain show {}\n", name, name);
  return kSomeFailed;
}

int remove(const DomainFlags& flags) {
  const auto domain = find(flags);
  if (!domain) return report(domain.error());
  const auto answer =
      call_api(flags.place, "DELETE", fmt::format("/domains/{}", text_member(*domain, "id")));
  if (!answer) return report(answer.error());
  fmt::print(
      "{} is no sending domain any more, and its keys are gone. Leave their records in DNS "
      "for a week, for what is still under way.\n",
      harmless(text_member(*domain, "name")));
  return kDone;
}

}  // namespace

void add_domain_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<DomainFlags>();
  auto* command = app.add_subcommand("domain", "Domains you write from: keys and DNS records");
  command->require_subcommand(1);
  const auto sub = [&](const char* name, const char* help, int (*run)(const DomainFlags&)) {
    auto* made = command->add_subcommand(name, help);
    add_place(*made, flags->place);
    made->add_flag("--json", flags->is_json, "As JSON");
    made->callback([&line, flags, run] { line.run = [flags, run] { return run(*flags); }; });
    return made;
  };
  const auto of_domain = [&](const char* name, const char* help, int (*run)(const DomainFlags&)) {
    auto* made = sub(name, help, run);
    made->add_option("domain", flags->domain, "Its name, such as example.org").required();
    return made;
  };
  const auto with_keys = [&](Parser* made) {
    made->add_option("--algorithm", flags->algorithms,
                     "rsa, ed25519 or both; not given, those there are")
        .split_at(',')
        .one_of({"rsa", "ed25519"});
    made->add_option("--selector", flags->selector, "The name of the key in DNS");
    made->add_option("--key", flags->key_file, "A private key that you have, in PEM form");
  };
  auto* adding = of_domain("add", "Add a domain, and print what to put into its DNS", add);
  with_keys(adding);
  constexpr auto kReturnPath = "--return-path";
  adding->add_option(kReturnPath, flags->return_path,
                     "Where reports about its mail come back to, such as bounces.example.org");
  sub("list", "All domains and their keys", list);
  of_domain("show", "Print the DNS records of a domain", show);
  of_domain("check", "Look whether DNS has the records; verifies the senders of a domain", check);
  with_keys(of_domain("rotate", "Make new keys beside those that sign", rotate));
  of_domain("activate", "Sign with the newest keys, whatever DNS has", activate);
  of_domain("return-path", "Choose where reports about its mail come back to", set_return_path)
      ->add_option("to", flags->return_path, "Such as bounces.example.org; none: to the sender")
      .required();
  of_domain("remove", "Forget a domain and its keys", remove);
  command->footer(
      "Examples:\n"
      "  tidings domain add school.example\n"
      "  tidings domain check school.example\n"
      "  tidings domain add school.example --selector mail --key dkim.pem\n"
      "  tidings domain rotate school.example");
}

}  // namespace tidings::cli
