#include "feedback/mailbox_poller.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

#include "base/text.h"
#include "feedback/returned_mail.h"
#include "net/mailbox_session.h"
#include "wire/mailbox_url.h"
#include "wire/return_path.h"

namespace tidings::feedback {

namespace {

constexpr auto kLookEvery = std::chrono::seconds(10);
constexpr Duration kVisitMax = std::chrono::minutes(15);
constexpr Duration kStepMax = std::chrono::seconds(60);

// With a refresh token that came in place of the old one, where one did, in `login`.
Result<net::MailboxAccess> access_of(const std::string& url, MailboxLogin& login,
                                     TokenOptions tokens) {
  const wire::MailboxUrl read = TRY(wire::parse_mailbox_url(url));
  net::MailboxAccess access;
  access.is_pop3 = read.is_pop3;
  access.host = read.host;
  access.port = read.port;
  access.folder = read.folder;
  access.user = read.user;
  access.password = login.password;
  access.ca_file = read.ca_file;
  if (login.oauth.is_given()) {
    tokens.ca_file = read.ca_file;
    AccessToken token = TRY(fetch_access_token(login.oauth, tokens));
    access.bearer = std::move(token.token);
    if (!token.refresh_token.empty()) login.oauth.refresh_token = std::move(token.refresh_token);
  }
  access.bytes_max = kReturnedMailMax;
  access.timeout = kStepMax;
  return access;
}

// The first line of that field in the header, without its name; folded lines are not joined: what
// is looked for is one address.
std::string_view header_line(std::string_view mail, std::string_view name) {
  while (!mail.empty()) {
    const std::size_t end = std::min(mail.find('\n'), mail.size());
    const std::string_view line = trimmed(mail.substr(0, end));
    if (line.empty()) return {};
    if (line.size() > name.size() && line[name.size()] == ':' &&
        lower(line.substr(0, name.size())) == name) {
      return trimmed(line.substr(name.size() + 1));
    }
    mail.remove_prefix(std::min(mail.size(), end + 1));
  }
  return {};
}

std::string_view without_brackets(std::string_view text) {
  const std::size_t open = text.rfind('<');
  const std::size_t close = text.find('>', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return trimmed(text);
  return text.substr(open + 1, close - open - 1);
}

// To whom it came: the return path, where one of the fields has one.
std::string_view receiver_of(std::string_view mail) {
  std::string_view first;
  for (const std::string_view name : {"delivered-to", "x-original-to", "envelope-to", "to"}) {
    const std::string_view value = without_brackets(header_line(mail, name));
    if (!wire::return_path_token(value).empty()) return value;
    if (first.empty()) first = value;
  }
  constexpr std::size_t kAddressMax = 320;
  return first.size() <= kAddressMax ? first : std::string_view();
}

bool is_text(std::string_view octets) {
  return std::ranges::all_of(octets, [](char c) { return c >= 0x20 && c < 0x7F; });
}

// One visit, batch by batch.
class Visit {
 public:
  Visit(const MailboxParts& parts, const Mailbox& mailbox, net::MailboxAccess access)
      : parts_(parts), mailbox_(mailbox), session_(std::move(access)) {}

  Result<void> run(MailboxVisit& told) {
    auto items = TRY(session_.list());
    const auto kept = std::ranges::remove_if(
        items, [](const net::MailboxItem& item) { return item.size > kReturnedMailMax; });
    told.left = static_cast<std::int64_t>(kept.size());
    items.erase(kept.begin(), kept.end());
    told.has_more = items.size() > kMailsPerVisit;
    if (told.has_more) items.resize(kMailsPerVisit);
    std::span<const net::MailboxItem> rest = items;
    while (!rest.empty()) {
      const std::size_t count = TRY(take(rest));
      told.taken += static_cast<std::int64_t>(count);
      rest = rest.subspan(count);
    }
    return session_.finish();
  }

 private:
  Result<std::size_t> take(std::span<const net::MailboxItem> items) {
    std::vector<std::string> mails;
    std::vector<std::string> ids;
    std::size_t octets = 0;
    for (const net::MailboxItem& item : items.first(std::min(items.size(), kMailsAtOnce))) {
      if (!mails.empty() && octets + item.size > kMailOctetsAtOnce) break;
      mails.push_back(TRY(session_.fetch(item)));
      ids.push_back(item.id);
      octets += mails.back().size();
    }
    TRY(parts_.database.write(db::Priority::ledger, [&](db::Connection& connection) {
      return store(connection, mails);
    }));
    if (mailbox_.move_to.empty()) {
      TRY(session_.remove(ids));
    } else {
      TRY(session_.move(ids, mailbox_.move_to));
    }
    return mails.size();
  }

  Result<void> store(db::Connection& connection, const std::vector<std::string>& mails) {
    for (const std::string& mail : mails) {
      if (mail.empty()) continue;
      const std::string_view to = receiver_of(mail);
      const std::string_view from = without_brackets(header_line(mail, "return-path"));
      TRY(store_returned(connection, parts_.ids,
                         {.source = "mailbox",
                          .organisation = mailbox_.organisation,
                          .envelope_from = is_text(from) ? from : std::string_view(),
                          .envelope_to = is_text(to) ? to : std::string_view(),
                          .octets = mail,
                          .received_at = parts_.clock.now()}));
    }
    return {};
  }

  const MailboxParts& parts_;
  const Mailbox& mailbox_;
  net::MailboxSession session_;
};

}  // namespace

namespace {

// How the mailbox is entered now; a new refresh token is kept.
Result<net::MailboxAccess> enter(const MailboxParts& parts, const Mailbox& mailbox) {
  MailboxLogin login = TRY(parts.database.read_value([&](db::Connection& connection) {
    return mailbox_login(connection, mailbox.organisation, mailbox.id, parts.secrets);
  }));
  const std::string before = login.oauth.refresh_token;
  auto access = TRY(access_of(mailbox.url, login, parts.tokens));
  if (login.oauth.refresh_token != before) {
    TRY(parts.database.write(db::Priority::web, [&](db::Connection& connection) {
      return store_login(connection, mailbox.organisation, mailbox.id, parts.secrets, login);
    }));
  }
  return access;
}

}  // namespace

Result<MailboxVisit> visit_mailbox(const MailboxParts& parts, const Mailbox& mailbox,
                                   const std::shared_ptr<const std::atomic<bool>>& stop) {
  MailboxVisit told;
  auto access = enter(parts, mailbox);
  if (access) {
    access->stop = stop;
    if (const auto done = Visit(parts, mailbox, *std::move(access)).run(told); !done) {
      told.trouble = done.error().message;
    }
  } else {
    told.trouble = access.error().message;
  }
  TRY(parts.database.write(db::Priority::web, [&](db::Connection& connection) {
    return note_visit(connection, mailbox, told, parts.clock.now());
  }));
  return told;
}

Result<std::size_t> look_into_mailbox(const std::string& url, const MailboxLogin& login,
                                      const TokenOptions& tokens) {
  MailboxLogin used = login;
  net::MailboxSession session(TRY(access_of(url, used, tokens)));
  const std::size_t count = TRY(session.list()).size();
  TRY(session.finish());
  return count;
}

void MailboxPoller::start() {
  thread_ = std::thread([this] { run(); });
}

void MailboxPoller::stop() {
  {
    const std::lock_guard lock(mutex_);
    *is_stopped_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void MailboxPoller::run() {
  while (!*is_stopped_) {
    const auto visited = visit_next();
    if (visited && *visited) continue;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kLookEvery, [this] { return is_stopped_->load(); });
  }
}

Result<bool> MailboxPoller::visit_next() {
  const Instant now = parts_.clock.now();
  const auto due = TRY(parts_.database.read_value(
      [&](db::Connection& connection) { return find_due_mailbox(connection, now); }));
  if (!due) return false;
  const bool is_ours =
      TRY(parts_.database.write_value(db::Priority::web, [&](db::Connection& connection) {
        return claim_mailbox(connection, *due, now + kVisitMax);
      }));
  if (is_ours) TRY(visit_mailbox(parts_, *due, is_stopped_));
  return true;
}

}  // namespace tidings::feedback
