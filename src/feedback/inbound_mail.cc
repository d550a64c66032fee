#include "feedback/inbound_mail.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "delivery/domains/return_paths.h"
#include "feedback/returned_mail.h"
#include "net/event_loop.h"
#include "net/smtp_listener.h"
#include "net/tls.h"
#include "wire/return_path.h"

namespace tidings::feedback {

namespace {

constexpr std::array<std::string_view, 3> kNames = {"postmaster", "abuse", "complaints"};
constexpr std::string_view kSource = "smtp";

// After a failed look nobody waits for the next one for that long.
constexpr auto kAway = std::chrono::seconds(1);

using Domains = std::map<std::string, OrganisationId, std::less<>>;
using SteadyClock = std::chrono::steady_clock;

}  // namespace

struct InboundMail::Impl final : net::MailKeeper, std::enable_shared_from_this<Impl> {
  Impl(db::Database& given_database, IdSource& given_ids, const Clock& given_clock,
       InboundOptions given, std::function<void()> told)
      : database(given_database),
        ids(given_ids),
        clock(given_clock),
        options(std::move(given)),
        stored(std::move(told)) {}

  // Whose address it is; not valid(): nobody's.
  OrganisationId owner(std::string_view address) const;
  wire::SmtpRecipientAnswer answer(std::string_view address) const override;
  void keep(wire::SmtpIncoming message, Kept kept) override;
  Result<void> look_up_domains() const;
  bool look_again() const;
  void keep_fresh();

  db::Database& database;
  IdSource& ids;
  const Clock& clock;
  const InboundOptions options;
  const std::function<void()> stored;
  net::EventLoop loop;
  mutable std::mutex mutex;  // guards what follows
  mutable Domains domains;
  mutable SteadyClock::time_point away_until;  // while the database did not answer
  std::condition_variable changed;
  bool is_stopping = false;
  std::unique_ptr<net::SmtpListener> listener;
  std::thread loop_thread;
  std::thread domains_thread;
};

OrganisationId InboundMail::Impl::owner(std::string_view address) const {
  const auto at = address.rfind('@');
  const std::lock_guard lock(mutex);
  if (at == std::string_view::npos) {
    const bool is_ours = lower(address) == kNames.front() && !domains.empty();
    return is_ours ? domains.begin()->second : OrganisationId();
  }
  std::string domain = lower(address.substr(at + 1));
  while (domain.ends_with('.')) domain.pop_back();
  const auto found = domains.find(domain);
  return found == domains.end() ? OrganisationId() : found->second;
}

wire::SmtpRecipientAnswer InboundMail::Impl::answer(std::string_view address) const {
  if (!owner(address).valid()) {
    if (!look_again()) return wire::SmtpRecipientAnswer::later;
    if (!owner(address).valid()) return wire::SmtpRecipientAnswer::elsewhere;
  }
  const std::string local = lower(address.substr(0, address.rfind('@')));
  const bool is_known =
      std::ranges::find(kNames, local) != kNames.end() || !wire::return_path_token(address).empty();
  return is_known ? wire::SmtpRecipientAnswer::accepted : wire::SmtpRecipientAnswer::unknown;
}

void InboundMail::Impl::keep(wire::SmtpIncoming message, Kept kept) {
  struct Work {
    wire::SmtpIncoming message;
    Instant received_at{};
    std::vector<OrganisationId> owners;
    ReturnedMailId first;
  };
  const auto work = std::make_shared<Work>();
  work->message = std::move(message);
  work->received_at = clock.now();
  for (const std::string& recipient : work->message.recipients) {
    work->owners.push_back(owner(recipient));
    // Its domain went while the mail came in.
    if (!work->owners.back().valid()) return kept(wire::SmtpStored::unavailable, {});
  }
  database.write_async(
      db::Priority::web,
      [self = shared_from_this(), work](db::Connection& connection) -> Result<void> {
        const wire::SmtpIncoming& mail = work->message;
        for (std::size_t i = 0; i < mail.recipients.size(); ++i) {
          const auto made = TRY(store_returned(connection, self->ids,
                                               {.source = kSource,
                                                .organisation = work->owners[i],
                                                .envelope_from = mail.reverse_path,
                                                .envelope_to = mail.recipients[i],
                                                .octets = mail.octets,
                                                .received_at = work->received_at}));
          if (i == 0) work->first = made.id;
        }
        return {};
      },
      [work, kept = std::move(kept), told = stored, figures = options.figures](Result<void> done) {
        if (done) {
          if (figures != nullptr) figures->accepted();
          kept(wire::SmtpStored::stored, to_text(work->first));
          if (told) told();
        } else {
          kept(done.error().code == "returned_mail.too_large" ? wire::SmtpStored::too_large
                                                              : wire::SmtpStored::unavailable,
               {});
        }
      });
}

Result<void> InboundMail::Impl::look_up_domains() const {
  auto found = database.read_value(domains::all_return_path_domains);
  const std::lock_guard lock(mutex);
  if (!found) {
    away_until = SteadyClock::now() + kAway;
    return std::unexpected(found.error());
  }
  domains = *std::move(found);
  return {};
}

bool InboundMail::Impl::look_again() const {
  {
    const std::lock_guard lock(mutex);
    if (SteadyClock::now() < away_until) return false;
  }
  return look_up_domains().has_value();
}

// While the database is away, the domains stay as they were.
void InboundMail::Impl::keep_fresh() {
  for (;;) {
    {
      std::unique_lock lock(mutex);
      if (changed.wait_for(lock, kDomainsFresh, [this] { return is_stopping; })) return;
    }
    [[maybe_unused]] const auto looked = look_up_domains();
  }
}

InboundMail::InboundMail(db::Database& database, IdSource& ids, const Clock& clock,
                         InboundOptions options, std::function<void()> stored)
    : impl_(std::make_shared<Impl>(database, ids, clock, std::move(options), std::move(stored))) {}

InboundMail::~InboundMail() { stop(); }

Result<std::string> InboundMail::start() {
  net::SmtpListenerOptions options;
  options.server.host_name = impl_->options.host_name;
  options.server.limits.message_max = std::min(impl_->options.message_max, kReturnedMailMax);
  if (!impl_->options.certificate_file.empty()) {
    options.tls =
        TRY(net::TlsContext::server(impl_->options.certificate_file, impl_->options.key_file));
  }
  if (ReturnedFigures* const figures = impl_->options.figures) {
    options.events = {.connected = [figures] { figures->connected(); },
                      .refused = [figures](std::string_view reply) { figures->refused(reply); }};
  }
  TRY(impl_->look_up_domains());
  impl_->listener = std::make_unique<net::SmtpListener>(impl_->loop, *impl_, std::move(options));
  std::string address = TRY(impl_->listener->listen(impl_->options.listen));
  impl_->loop_thread = std::thread([this] { impl_->loop.run(); });
  impl_->domains_thread = std::thread([this] { impl_->keep_fresh(); });
  return address;
}

void InboundMail::stop(Duration at_most) {
  if (!impl_->loop_thread.joinable()) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopping = true;
  }
  impl_->changed.notify_all();
  impl_->domains_thread.join();
  const auto drained = std::make_shared<std::promise<void>>();
  auto done = drained->get_future();
  impl_->loop.post([this, at_most, drained] {
    impl_->listener->drain(at_most, [drained] { drained->set_value(); });
  });
  done.wait();
  impl_->loop.stop();
  impl_->loop_thread.join();
  impl_->listener.reset();
}

}  // namespace tidings::feedback
