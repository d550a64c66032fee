#include "net/mailbox_session.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "net/curl_transfer.h"

namespace tidings::net {
namespace {

// Before anything is asked for: on the connection of this visit, or not at all.
int check_connection(void* argument, char*, char*, int, int local_port) {
  int& first = *static_cast<int*>(argument);
  if (first == 0) first = local_port;
  return first == local_port ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

std::uint64_t number_at(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The number behind `name` in a line; 0 without one.
std::uint64_t number_behind(std::string_view line, std::string_view name) {
  const std::size_t at = line.find(name);
  return at == std::string_view::npos ? 0 : number_at(line.substr(at + name.size()));
}

template <typename Take>
void each_line(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
}

}  // namespace

struct MailboxSession::Impl {
  explicit Impl(MailboxAccess given) : access(std::move(given)) {}

  const MailboxAccess access;
  std::unique_ptr<CURL, EndCurl> handle;
  int local_port = 0;
  bool is_lost = false;

  void set_up();
  std::string url(std::string_view path) const;
  // One step: `command` instead of what the URL alone means, unless empty.
  Result<std::string> ask(std::string_view path, std::string_view command, std::size_t most,
                          bool has_body = true);
  std::unexpected<Error> failed(CURLcode code) const;
};

void MailboxSession::Impl::set_up() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) return;
  handle.reset(curl_easy_init());
  CURL* const curl = handle.get();
  if (curl == nullptr) return;
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "imaps,pop3s");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_USERNAME, access.user.c_str());
  if (access.bearer.empty()) {
    curl_easy_setopt(curl, CURLOPT_PASSWORD, access.password.c_str());
  } else {
    curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, access.bearer.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
  curl_easy_setopt(
      curl, CURLOPT_TIMEOUT_MS,
      static_cast<long>(
          std::chrono::duration_cast<std::chrono::milliseconds>(access.timeout).count()));
  // One line of an answer must fit into it: the numbers of some 60,000 mails.
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 512L << 10);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect_octets);
  curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, check_connection);
  curl_easy_setopt(curl, CURLOPT_PREREQDATA, &local_port);
  if (access.stop != nullptr) {
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_for_stop);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, access.stop.get());
  }
  if (!access.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, access.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
}

std::string MailboxSession::Impl::url(std::string_view path) const {
  const bool is_v6 = access.host.contains(':');
  return fmt::format("{}://{}{}{}:{}/{}", access.is_pop3 ? "pop3s" : "imaps", is_v6 ? "[" : "",
                     access.host, is_v6 ? "]" : "", access.port, path);
}

std::unexpected<Error> MailboxSession::Impl::failed(CURLcode code) const {
  const std::string where = fmt::format("{}:{}", access.host, access.port);
  switch (code) {
    case CURLE_LOGIN_DENIED:
      return fail(ErrorKind::denied, "mailbox.login",
                  access.bearer.empty()
                      ? fmt::format("{} does not take this user and password. Check both; many "
                                    "providers want a password made for programs.",
                                    where)
                      : fmt::format("{} does not take this user with the access token it was "
                                    "given. Check whose consent it is.",
                                    where));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return fail(ErrorKind::denied, "mailbox.certificate",
                  fmt::format("The certificate of {} is not trusted, so nothing was said to it. "
                              "Check the host's name, or ask who runs it.",
                              where));
    case CURLE_COULDNT_RESOLVE_HOST:
      return fail(ErrorKind::unavailable, "mailbox.unreachable",
                  fmt::format("There is no mail server {}. Check its name.", access.host));
    case CURLE_COULDNT_CONNECT:
      return fail(ErrorKind::unavailable, "mailbox.unreachable",
                  fmt::format("{} does not answer. Check host and port.", where));
    case CURLE_OPERATION_TIMEDOUT:
      return fail(ErrorKind::unavailable, "mailbox.lost", fmt::format("{} takes too long.", where));
    case CURLE_REMOTE_ACCESS_DENIED:
    case CURLE_QUOTE_ERROR:
      return fail(ErrorKind::denied, "mailbox.folder",
                  fmt::format("{} refuses the folder {}, or what was asked of it.", where,
                              access.folder.empty() ? "of mail" : access.folder));
    default:
      return fail(
          ErrorKind::unavailable, "mailbox.lost",
          fmt::format("The connection to {} was lost: {}.", where, curl_easy_strerror(code)));
  }
}

Result<std::string> MailboxSession::Impl::ask(std::string_view path, std::string_view command,
                                              std::size_t most, bool has_body) {
  if (handle == nullptr && !is_lost) set_up();
  if (handle == nullptr) {
    return fail(ErrorKind::unavailable, "mailbox.lost", "The visit of the mailbox is over.");
  }
  CURL* const curl = handle.get();
  CollectedOctets collected{{}, most, false};
  const std::string whole = url(path);
  const std::string custom(command);
  curl_easy_setopt(curl, CURLOPT_URL, whole.c_str());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, custom.empty() ? nullptr : custom.c_str());
  curl_easy_setopt(curl, CURLOPT_NOBODY, has_body ? 0L : 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &collected);
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) return std::move(collected.body);
  is_lost = true;
  auto error = collected.is_over
                   ? fail(ErrorKind::limit, "mailbox.too_large",
                          fmt::format("What {} sends is larger than {} bytes.", access.host, most))
                   : failed(code);
  handle.reset();
  return error;
}

MailboxSession::MailboxSession(MailboxAccess access)
    : impl_(std::make_unique<Impl>(std::move(access))) {}
MailboxSession::~MailboxSession() = default;

namespace {

std::string folder_path(std::string_view folder) {
  char* const escaped = curl_easy_escape(nullptr, folder.data(), static_cast<int>(folder.size()));
  std::string path(escaped == nullptr ? "" : escaped);
  curl_free(escaped);
  return path;
}

// libcurl takes each line for a header, counts what is buffered behind it once more, and allows
// 300 KB: 50 lines make 45.
constexpr std::size_t kSizesAtOnce = 50;

// "* SEARCH 21 22 40".
std::vector<std::string> ids_found(std::string_view text) {
  constexpr std::string_view kFound = "* SEARCH";
  std::vector<std::string> ids;
  each_line(text, [&](std::string_view line) {
    if (!line.starts_with(kFound)) return;
    line.remove_prefix(kFound.size());
    constexpr std::string_view kDigits = "0123456789";
    for (auto at = line.find_first_of(kDigits); at != std::string_view::npos;
         at = line.find_first_of(kDigits)) {
      line.remove_prefix(at);
      const std::size_t end = std::min(line.find_first_not_of(kDigits), line.size());
      ids.emplace_back(line.substr(0, end));
      line.remove_prefix(end);
    }
  });
  return ids;
}

std::string id_set(std::span<const std::string> ids) {
  return fmt::format("{}", fmt::join(ids, ","));
}

}  // namespace

Result<std::vector<MailboxItem>> MailboxSession::list() {
  std::vector<MailboxItem> items;
  const auto take = [&](std::uint64_t id, std::uint64_t size) {
    if (id != 0) items.push_back({std::to_string(id), size});
  };
  if (impl_->access.is_pop3) {
    const std::string text = TRY(impl_->ask("", "", kListMax));
    // "7 1200".
    each_line(text,
              [&](std::string_view line) { take(number_at(line), number_behind(line, " ")); });
    return items;
  }
  const std::string folder = folder_path(impl_->access.folder);
  const std::vector<std::string> ids =
      ids_found(TRY(impl_->ask(folder, "UID SEARCH ALL", kListMax)));
  for (std::span<const std::string> rest = ids; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), kSizesAtOnce));
    const std::string text =
        TRY(impl_->ask(folder, fmt::format("UID FETCH {} (RFC822.SIZE)", id_set(some)), kListMax));
    // "* 7 FETCH (UID 21 RFC822.SIZE 1200)".
    each_line(text, [&](std::string_view line) {
      take(number_behind(line, "UID "), number_behind(line, "RFC822.SIZE "));
    });
    rest = rest.subspan(some.size());
  }
  return items;
}

Result<std::string> MailboxSession::fetch(const MailboxItem& item) {
  const MailboxAccess& access = impl_->access;
  return impl_->ask(
      access.is_pop3 ? item.id : fmt::format("{}/;UID={}", folder_path(access.folder), item.id), "",
      access.bytes_max);
}

Result<void> MailboxSession::remove(std::span<const std::string> ids) {
  if (ids.empty()) return {};
  const MailboxAccess& access = impl_->access;
  if (access.is_pop3) {
    for (const std::string& id : ids) TRY(impl_->ask(id, "DELE", kListMax, false));
    return {};
  }
  const std::string folder = folder_path(access.folder);
  const std::string set = id_set(ids);
  TRY(impl_->ask(folder, fmt::format("UID STORE {} +FLAGS.SILENT (\\Deleted)", set), kListMax));
  TRY(impl_->ask(folder, fmt::format("UID EXPUNGE {}", set), kListMax));
  return {};
}

Result<void> MailboxSession::move(std::span<const std::string> ids, std::string_view folder) {
  if (ids.empty()) return {};
  TRY(impl_->ask(folder_path(impl_->access.folder),
                 fmt::format("UID MOVE {} \"{}\"", id_set(ids), folder), kListMax));
  return {};
}

// libcurl says QUIT or LOGOUT when the connection is given up.
Result<void> MailboxSession::finish() {
  if (impl_->is_lost) {
    return fail(ErrorKind::unavailable, "mailbox.lost", "The visit of the mailbox is over.");
  }
  impl_->handle.reset();
  impl_->is_lost = true;
  return {};
}

}  // namespace tidings::net
