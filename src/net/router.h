// Router: which handler answers a method and a path.
//
// Patterns are literal segments and {names}: "/u/{token}". A literal wins over a name at the same
// place; a name matches one whole, non-empty segment, percent-decoded on its own. Nothing is
// normalised: "/u//x", "/u/x/" and "/./u/x" are other paths. HEAD is answered by GET's handler.
// Ownership: filled before serving starts, const from then on. Thread: const functions from any.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http_message.h"

namespace tidings::net {

// Runs on a thread of the server's pool, several at a time; may block on the database; must not
// wait for another handler. What it throws becomes a 500 that shows nothing of it.
using Handler = std::function<Response(const Request&)>;

// Asked first, on the loop's own thread, of a request without a body: must not block, beyond a
// write to the page cache. Nothing: the handler answers.
using QuickHandler = std::function<std::optional<Response>(const Request&)>;

// What must be done before an answer of the quick handler leaves, such as writing down what it
// noted. Called before each of the answers that one turn of the loop gave, after all of them were
// given: the first call may do it for all. On the loop's own thread, as quick.
using Settle = std::function<void()>;

struct RouteOptions {
  std::size_t body_bytes = 1024 * 1024;  // 413 beyond
  // Content-Types taken, without parameters, in lower case; 415 for another. Empty takes any.
  std::vector<std::string> media_types;
  // 411 when a request announces no body at all.
  bool is_body_required = false;
  // Not empty: the body goes to a nameless file in this folder as it comes, and the handler gets
  // Request::spool instead of body. Such a body may take an hour, as long as something arrives
  // every 30 s.
  std::filesystem::path spool_folder = {};
  QuickHandler quick = {};
  Settle settle = {};
};

struct Route {
  std::string method;
  RouteOptions options;
  Handler handler;
  std::vector<std::string> names;  // of the pattern's {names}, in order
};

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // `method` in upper case. A pattern that was given before with this method is a CHECK; two
  // patterns may name one place differently.
  void add(std::string_view method, std::string_view pattern, Handler handler,
           RouteOptions options = {});

  struct Match {
    // Null with an empty `allow`: no such path. Null with `allow`: not by this method.
    const Route* route = nullptr;
    std::vector<std::pair<std::string, std::string>> params;
    std::string allow;  // "GET, HEAD, POST"
  };
  // `path` is still percent-encoded.
  Match match(std::string_view method, std::string_view path) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
};

}  // namespace tidings::net
