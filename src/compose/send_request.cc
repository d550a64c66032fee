#include "compose/send_request.h"

#include <array>
#include <boost/json.hpp>

#include "base/bytes.h"
#include "base/json_text.h"

namespace tidings::compose {

namespace {

namespace json = boost::json;

struct TextField {
  std::string_view name;
  std::string SendRequest::* member;
};

constexpr std::array kTextFields = {
    TextField{"csv_path", &SendRequest::csv_path},
    TextField{"csv_name", &SendRequest::csv_name},
    TextField{"group", &SendRequest::group},
    TextField{"subject", &SendRequest::subject},
    TextField{"html", &SendRequest::html},
    TextField{"text", &SendRequest::text},
    TextField{"from", &SendRequest::from},
    TextField{"reply_to", &SendRequest::reply_to},
    TextField{"envelope_from", &SendRequest::envelope_from},
    TextField{"transport_url", &SendRequest::transport_url},
    TextField{"password", &SendRequest::password},
    TextField{"at", &SendRequest::at},
    TextField{"zone", &SendRequest::zone},
    TextField{"fold", &SendRequest::fold},
};

std::unexpected<Error> malformed() {
  return fail(ErrorKind::invalid, "send_request.malformed",
              "The request to send is not one this program writes. Are both programs of the same "
              "version?");
}

}  // namespace

std::string to_json(const SendRequest& request) {
  json::object object;
  for (const TextField& field : kTextFields) object[field.name] = request.*field.member;
  object["rate_per_second"] = request.rate_per_second;
  json::array mappings;
  for (const std::string& mapping : request.mappings) mappings.emplace_back(mapping);
  object["mappings"] = std::move(mappings);
  json::array attachments;
  for (const AttachedFile& file : request.attachments) {
    json::object attachment;
    attachment["file_name"] = file.file_name;
    attachment["content"] = to_base64(file.content);
    attachments.emplace_back(std::move(attachment));
  }
  object["attachments"] = std::move(attachments);
  object["tracking"] = tracking_json(request.tracking);
  return json::serialize(object);
}

Result<SendRequest> send_request_from_json(std::string_view text) {
  const json::value value = parse_json(text);
  const json::object* object = value.if_object();
  if (object == nullptr) return malformed();
  SendRequest request;
  for (const TextField& field : kTextFields) {
    const json::value* found = object->if_contains(field.name);
    if (found == nullptr || !found->is_string()) return malformed();
    request.*field.member = found->get_string();
  }
  const json::value* rate = object->if_contains("rate_per_second");
  if (rate == nullptr || !rate->is_number()) return malformed();
  request.rate_per_second = rate->to_number<double>();
  auto tracking = tracking_from_json(*object);
  if (!tracking) return malformed();
  request.tracking = *std::move(tracking);
  const json::value* mappings = object->if_contains("mappings");
  const json::value* attachments = object->if_contains("attachments");
  if (mappings == nullptr || !mappings->is_array() || attachments == nullptr ||
      !attachments->is_array()) {
    return malformed();
  }
  for (const json::value& mapping : mappings->get_array()) {
    if (!mapping.is_string()) return malformed();
    request.mappings.emplace_back(mapping.get_string());
  }
  for (const json::value& entry : attachments->get_array()) {
    const json::object* attachment = entry.if_object();
    const json::value* name = attachment ? attachment->if_contains("file_name") : nullptr;
    const json::value* content = attachment ? attachment->if_contains("content") : nullptr;
    if (name == nullptr || !name->is_string() || content == nullptr || !content->is_string()) {
      return malformed();
    }
    auto bytes = from_base64(std::string_view(content->get_string()));
    if (!bytes) return malformed();
    request.attachments.push_back({std::string(name->get_string()), *std::move(bytes)});
  }
  return request;
}

}  // namespace tidings::compose
