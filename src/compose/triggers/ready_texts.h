// The texts that come with the program for the four events that every organisation knows, in
// English, Dutch, Polish and French.
// Thread: any; constants.
#pragma once

#include <optional>
#include <string_view>

#include "compose/templates.h"

namespace tidings::triggers {

// Without a sender; nothing for any other event. What they read of `data`, `?` where it may be
// left out:
//   event_signup      event_name, event_date, location?, details_url?
//   webshop_purchase  order_number, items (each name, quantity, price), total, order_url?
//   invoice           invoice_number, amount, due_date, invoice_url?
//   new_member        member_number?, login_url?
std::optional<compose::TemplateContent> ready_text(std::string_view event);

}  // namespace tidings::triggers
