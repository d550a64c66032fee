// Spec: spec/openapi.yaml as the program knows it: which operations there are, who may call them,
// what they take and what they answer.
//
// The document is put together from spec/api by tools/collect-openapi at build time and embedded as
// JSON. What the collector would refuse is a CHECK here. Thread: const, any.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/api/schema.h"
#include "identity/permission.h"

namespace tidings::api {

struct Parameter {
  enum class In { path, query, header };
  std::string name;
  In in = In::query;
  bool is_required = false;
  const Schema* schema = nullptr;
};

// A form that a body or an answer may have. No schema: any octets.
struct Media {
  std::string type;  // "application/json", without parameters
  const Schema* schema = nullptr;
};

// Who may call: anybody, any principal of the organisation, or one with a permission.
enum class Access { anybody, signed_in, permitted };

struct Operation {
  std::string id;      // "listContacts"
  std::string method;  // "GET"
  std::string path;    // "/api/v1/contacts/{id}"
  std::string summary;
  Access access = Access::permitted;
  identity::Permission permission{};  // with Access::permitted
  std::vector<Parameter> parameters;
  std::vector<Media> body;  // empty: takes none
  bool is_body_required = false;
  std::size_t body_bytes = 1024 * 1024;  // x-body-bytes
  // x-body: file. The body is a file of people: its bound is the setting import_bytes_max, and over
  // the network it comes as Request::spool.
  bool is_body_file = false;
  std::map<int, std::vector<Media>> answers;  // by status; beside these a Problem
};

class Spec {
 public:
  explicit Spec(std::string_view json);
  Spec(Spec&&) noexcept = default;
  // The one this program was built with; made at the first call.
  static const Spec& embedded();

  const std::vector<Operation>& operations() const { return operations_; }
  // Null when there is none of that name.
  const Operation* find(std::string_view operation_id) const;
  // Of application/problem+json.
  const Schema& problem() const { return *problem_; }
  const Schemas& schemas() const { return schemas_; }
  // The document itself, as JSON.
  std::string_view text() const { return text_; }

 private:
  Spec(std::string_view text, const boost::json::object& document);
  void add(const boost::json::object& document, std::string_view path, std::string_view method,
           const boost::json::object& told);

  std::string text_;
  Schemas schemas_;
  std::vector<Operation> operations_;
  const Schema* problem_ = nullptr;
};

// The embedded document (cmake/embed.cmake).
std::string_view embedded_spec();

}  // namespace tidings::api
