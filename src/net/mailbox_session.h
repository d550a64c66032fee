// MailboxSession: one visit of a mailbox over IMAP or POP3, by libcurl, always under TLS with a
// verified certificate.
//
// Everything happens on one connection: what a mail is called holds no longer than that. When the
// connection is lost the visit is over; nothing is removed over another one. Bounds: kListMax
// octets of a list, `bytes_max` of a mail, `timeout` for each step. Spec: RFC 3501 and 4315 (IMAP,
// UIDPLUS), 6851 (MOVE), 1939 (POP3), 8314 (TLS from the start). Thread: one; blocks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tidings::net {

struct MailboxAccess {
  bool is_pop3 = false;
  std::string host;
  std::uint16_t port = 993;
  std::string folder;  // IMAP
  std::string user;
  std::string password;
  std::string bearer;   // an access token (XOAUTH2, RFC 7628) instead of a password, unless empty
  std::string ca_file;  // instead of the system's authorities, unless empty
  std::size_t bytes_max = std::size_t{10} << 20;
  Duration timeout = std::chrono::seconds(60);
  std::shared_ptr<const std::atomic<bool>> stop;  // set: gives up within a second; null: never is
};

struct MailboxItem {
  std::string id;  // IMAP: the UID; POP3: the number
  std::uint64_t size = 0;
};

class MailboxSession {
 public:
  static constexpr std::size_t kListMax = std::size_t{16} << 20;

  explicit MailboxSession(MailboxAccess access);
  ~MailboxSession();
  MailboxSession(const MailboxSession&) = delete;

  // Errors of all: mailbox.login, mailbox.certificate, mailbox.folder (denied);
  // mailbox.unreachable, mailbox.lost (unavailable); mailbox.too_large (limit).

  // Logs in; oldest first.
  Result<std::vector<MailboxItem>> list();
  Result<std::string> fetch(const MailboxItem& item);
  // IMAP: at once. POP3: when finish() succeeds.
  Result<void> remove(std::span<const std::string> ids);
  // IMAP only.
  Result<void> move(std::span<const std::string> ids, std::string_view folder);
  Result<void> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidings::net
