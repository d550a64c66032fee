#include "net/router.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "wire/url.h"

namespace tidings::net {

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> named;  // what any segment leads to
  std::vector<Route> routes;
};

namespace {

// More segments than any pattern has: such a path matches nothing, and costs nothing.
constexpr std::size_t kSegmentsMax = 16;

std::string allowed_methods(const std::vector<Route>& routes) {
  std::vector<std::string> methods{"OPTIONS"};
  for (const auto& route : routes) {
    methods.push_back(route.method);
    if (route.method == "GET") methods.push_back("HEAD");
  }
  std::ranges::sort(methods);
  std::string text;
  for (const auto& method : methods) text += (text.empty() ? "" : ", ") + method;
  return text;
}

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(std::string_view method, std::string_view pattern, Handler handler,
                 RouteOptions options) {
  CHECK(!pattern.empty() && pattern.front() == '/');
  CHECK(method != "HEAD" && method != "OPTIONS");
  Node* node = root_.get();
  std::vector<std::string> names;
  std::string_view rest = pattern.substr(1);
  for (;;) {
    const auto slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment.starts_with('{') && segment.ends_with('}')) {
      const std::string_view name = segment.substr(1, segment.size() - 2);
      CHECK(!name.empty());
      names.emplace_back(name);
      if (node->named == nullptr) node->named = std::make_unique<Node>();
      node = node->named.get();
    } else {
      auto& next = node->literals[std::string(segment)];
      if (next == nullptr) next = std::make_unique<Node>();
      node = next.get();
    }
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  CHECK(std::ranges::none_of(node->routes, [&](const Route& r) { return r.method == method; }));
  node->routes.push_back(
      {std::string(method), std::move(options), std::move(handler), std::move(names)});
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
  Match match;
  const auto segments = wire::split_path(path);
  if (!segments || segments->size() > kSegmentsMax) return match;
  std::vector<std::string> values;  // of the names on the way
  // Depth first, literals before names; the depth is bounded by kSegmentsMax, and a name tried
  // after a literal failed makes at most 2^depth steps over a tree that we wrote ourselves.
  const auto walk = [&](const auto& self, const Node& node, std::size_t i) -> const Node* {
    if (i == segments->size()) return node.routes.empty() ? nullptr : &node;
    const std::string& segment = (*segments)[i];
    if (const auto literal = node.literals.find(segment); literal != node.literals.end()) {
      if (const Node* found = self(self, *literal->second, i + 1)) return found;
    }
    if (node.named == nullptr || segment.empty()) return nullptr;
    values.push_back(segment);
    if (const Node* found = self(self, *node.named, i + 1)) return found;
    values.pop_back();
    return nullptr;
  };
  const Node* const found = walk(walk, *root_, 0);
  if (found == nullptr) return match;
  match.allow = allowed_methods(found->routes);
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  for (const auto& route : found->routes) {
    if (route.method == wanted) match.route = &route;
  }
  for (std::size_t i = 0; match.route != nullptr && i < values.size(); ++i) {
    match.params.emplace_back(match.route->names[i], std::move(values[i]));
  }
  return match;
}

}  // namespace tidings::net
