// Collects returned mail from mailboxes: each mail is stored (returned_mail.h) and the commit
// awaited before the mailbox loses it. A process that dies in between finds the mail again, and
// stores it once: by its digest.
//
// Bounds: kMailsPerVisit mails a visit, the rest follows at once; mail of more than
// kReturnedMailMax stays where it is and is counted. One mailbox is visited at a time; two
// processes on one database take turns.
// Thread: start() and stop() on one; a thread of its own waits and works.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "feedback/mailboxes.h"
#include "identity/secret_box.h"

namespace tidings::feedback {

inline constexpr std::size_t kMailsPerVisit = 500;
inline constexpr std::size_t kMailsAtOnce = 20;
inline constexpr std::size_t kMailOctetsAtOnce = std::size_t{4} << 20;

// Borrowed for as long as mailboxes are visited.
struct MailboxParts {
  db::Database& database;
  IdSource& ids;
  const identity::SecretBox& secrets;
  const Clock& clock;
  TokenOptions tokens;
};

// Visits `mailbox` now. What goes wrong is in the visit's trouble, together with what was taken
// before. `stop` set: gives up within a second. Errors: those of the database.
Result<MailboxVisit> visit_mailbox(const MailboxParts& parts, const Mailbox& mailbox,
                                   const std::shared_ptr<const std::atomic<bool>>& stop = nullptr);
// Logs in and looks, and changes nothing. Returns how many mails there are. Errors: those of
// net/mailbox_session.h, mailbox.token.
Result<std::size_t> look_into_mailbox(const std::string& url, const MailboxLogin& login,
                                      const TokenOptions& tokens);

class MailboxPoller {
 public:
  explicit MailboxPoller(MailboxParts parts) : parts_(parts) {}
  ~MailboxPoller() { stop(); }

  void start();
  void stop();

 private:
  void run();
  // Whether there was one.
  Result<bool> visit_next();

  const MailboxParts parts_;
  const std::shared_ptr<std::atomic<bool>> is_stopped_ = std::make_shared<std::atomic<bool>>(false);
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace tidings::feedback
