// Engine: decides which message is attempted next, and when a site is left alone.
//
// Pure: it holds the messages that are ready and answers questions about now. The dispatcher feeds
// it and asks it; the simulator may do the same under a virtual clock.
// Direct lanes (ledger.h) go first, whatever waits, in turn. Then organisations take turns, in each
// its campaigns, in each campaign the domains it has messages to; within those in the order of
// their ids. Whoever may not go now (rate, pause, a site without room) is stepped over and holds up
// nobody. Bound: the dispatcher claims about `prefetch` messages; of a site that is slow no more is
// kept than it takes in two seconds (shed()). Cost: constant, and one step for each domain that is
// stepped over. Thread: one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "delivery/rate_limit.h"
#include "delivery/sites.h"
#include "delivery/transport.h"
#include "domain/reply_rules.h"

namespace tidings::delivery {

class Engine {
 public:
  using Messages = std::vector<std::unique_ptr<PreparedMessage>>;

  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // A campaign may send; the pace applies from now on. Known ones keep what is ready.
  void allow(CampaignId campaign, Pace pace, OrganisationId organisation = {});
  // How fast an organisation's campaigns may go together; direct lanes are not counted.
  void set_organisation_rate(double per_second);
  // A campaign may not send (any more): returns what was ready, to be given back.
  Messages forbid(CampaignId campaign);
  bool allowed(CampaignId campaign) const { return lanes_.contains(campaign); }
  std::vector<CampaignId> campaigns() const;

  void add(std::unique_ptr<PreparedMessage> message);
  // The next one to attempt; nothing when none is ready, rates forbid, or the engine drains.
  // Without a gate all goes to kOneSite.
  std::unique_ptr<PreparedMessage> take(Instant now, const DomainGate* gate = nullptr);
  void give_back(std::unique_ptr<PreparedMessage> message);
  std::size_t ready(CampaignId campaign) const;
  std::size_t ready() const { return ready_; }

  // What became of one that was taken, whichever way it comes back.
  void returned(const PreparedMessage& message);
  // What an attempt's outcome says about its site.
  void learn(const PreparedMessage& message, const Outcome& outcome, const ReplyAdvice& advice,
             Instant now);
  Sites& sites() { return sites_; }
  const Sites& sites() const { return sites_; }
  // Where a message to this domain goes, as far as is known: null before the first.
  const Site* site_of(std::string_view domain) const;
  // Did a person suspend the domain, or the site that it is known to belong to?
  bool is_suspended(std::string_view domain) const;

  // One of a site that has enough in memory should come again later: when. Nothing: it is welcome.
  // `also_held`: ready soon, and not added yet.
  std::optional<Instant> comes_later(std::string_view domain, MessageId id, std::size_t also_held,
                                     Instant now);
  // What is ready for a slow site beyond its share, with when it should come again. Only of
  // transports with several sites: with one nobody else gains.
  struct Shed {
    std::unique_ptr<PreparedMessage> message;
    Instant due_at{};
  };
  std::vector<Shed> shed(Instant now);
  // Those ready for which `is_over` is true, taken out.
  Messages take_out(const std::function<bool(const PreparedMessage&)>& is_over);

  // Nothing is handed out any more; returns what was ready.
  Messages drain();

  // After a take() that gave nothing: when a rate or a pause allows the next; nothing when none of
  // those is in the way.
  std::optional<Instant> next_change() const { return next_change_; }

 private:
  // A domain that messages are ready for.
  struct Domain {
    std::string name;
    std::shared_ptr<Site> site;  // null: not known yet
    std::size_t held = 0;
    std::uint64_t refused_in = 0;  // the last take() that could not use it
  };
  // One campaign's messages to one domain, in order.
  struct Queue {
    Domain* domain = nullptr;
    Messages items;
    std::size_t head = 0;
    bool empty() const { return head == items.size(); }
    std::size_t size() const { return items.size() - head; }
    void push_back(std::unique_ptr<PreparedMessage> message);
    void push_front(std::unique_ptr<PreparedMessage> message);
    std::unique_ptr<PreparedMessage> pop_front();
    std::unique_ptr<PreparedMessage> pop_back();
  };
  struct Group;
  struct Lane {
    Group* group = nullptr;
    std::unordered_map<Domain*, Queue> queues;
    std::deque<Queue*> turns;  // those with something, the next one first
    RateLimit rate;
    std::size_t ready = 0;
  };
  // An organisation's campaigns; or all direct lanes.
  struct Group {
    std::deque<Lane*> turns;  // likewise
    RateLimit rate;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  void put(std::unique_ptr<PreparedMessage> message, bool is_first);
  std::unique_ptr<PreparedMessage> take_from(Group& group, Instant now, const DomainGate* gate);
  std::unique_ptr<PreparedMessage> take_from(Lane& lane, Instant now, const DomainGate* gate);
  // The site a message to this domain may go to now; null when it may not.
  Site* open_site(Domain& domain, Instant now, const DomainGate* gate);
  void move_domain(Domain& domain, std::shared_ptr<Site> site);
  void left(Lane& lane, Queue& queue, std::size_t count);
  void consider(Instant at);
  void unlist(Lane& lane);
  void tidy_up();

  std::map<CampaignId, Lane> lanes_;
  std::map<OrganisationId, Group> groups_;
  Group direct_;
  std::deque<Group*> turns_;  // of organisations
  std::unordered_map<std::string, std::unique_ptr<Domain>, Hash, std::equal_to<>> domains_;
  std::size_t idle_ = 0;  // queues without messages
  Sites sites_;
  double organisation_rate_ = 0;
  std::size_t ready_ = 0;
  std::uint64_t pass_ = 0;  // number of this take()
  std::optional<Instant> next_change_;
  bool has_gate_ = false;
  bool draining_ = false;
};

}  // namespace tidings::delivery
