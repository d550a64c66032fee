#include "delivery/smtp_transport.h"

#include <utility>

#include "delivery/smtp_pool.h"

namespace tidings::delivery {

RelayTargets::RelayTargets(SmtpConnection::Setup setup) : setup_(std::move(setup)) {}

Result<std::shared_ptr<RelayTargets>> RelayTargets::create(const SmtpTransportSettings& settings) {
  SmtpConnection::Setup setup =
      TRY(make_smtp_setup(settings.relay, settings.password, settings.hello_name));
  setup.connect_timeout = settings.connect_timeout;
  setup.client.timeouts = settings.timeouts;
  return std::shared_ptr<RelayTargets>(new RelayTargets(std::move(setup)));
}

class SmtpTransport::Owner final : public SmtpPoolOwner {
 public:
  Owner(net::EventLoop& loop, DeliveryPort& port, const SmtpTransportSettings& settings,
        std::shared_ptr<SmtpTargets> targets)
      : port_(port),
        pool_(std::make_shared<SmtpPool>(
            loop, port, *this, std::string(kOneSite), std::move(targets),
            SmtpPoolSettings{settings.connections_max, settings.messages_per_connection,
                             settings.idle_max})) {}
  ~Owner() { pool_->stop(); }

  std::unique_ptr<PreparedMessage> take_for(SmtpPool&) override { return port_.take(); }
  bool has_room() const override { return true; }
  void on_opened() override {}
  void on_closed() override {}
  SmtpPool& pool() { return *pool_; }

 private:
  DeliveryPort& port_;
  std::shared_ptr<SmtpPool> pool_;
};

Result<std::unique_ptr<SmtpTransport>> SmtpTransport::create(
    net::EventLoop& loop, DeliveryPort& port, const SmtpTransportSettings& settings) {
  auto targets = TRY(RelayTargets::create(settings));
  return std::unique_ptr<SmtpTransport>(
      new SmtpTransport(std::make_unique<Owner>(loop, port, settings, std::move(targets))));
}

SmtpTransport::SmtpTransport(std::unique_ptr<Owner> owner) : owner_(std::move(owner)) {}
SmtpTransport::~SmtpTransport() = default;

void SmtpTransport::wake() { owner_->pool().wake(); }
void SmtpTransport::drain(std::function<void()> drained) {
  owner_->pool().drain(std::move(drained));
}
void SmtpTransport::stop() { owner_->pool().stop(); }
std::size_t SmtpTransport::in_flight() const { return owner_->pool().in_flight(); }
std::size_t SmtpTransport::connections() const { return owner_->pool().connections(); }

}  // namespace tidings::delivery
