#include "edge/http/page_frame.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "edge/http/html_text.h"

namespace tidings::http {

namespace {

// An 8-pixel grid, one accent, a humanist face from what the reader's system has.
constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--paper:#fff;--ground:#f4f3f0;--ink:#22211f;--quiet:#64615b;
--line:#dedbd4;--accent:#1f5f8b;--on-accent:#fff}
@media(prefers-color-scheme:dark){:root{--paper:#201f1d;--ground:#161514;--ink:#ebe9e4;
--quiet:#a8a49b;--line:#3a3834;--accent:#7fb8de;--on-accent:#10202c}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:var(--ground);color:var(--ink);
font:1.0625rem/1.6 Seravek,"Gill Sans Nova",Ubuntu,Calibri,"Noto Sans","DejaVu Sans",sans-serif;
display:flex;flex-direction:column;align-items:center;padding:clamp(16px,10vh,96px) 16px 48px}
main{width:100%;max-width:34rem;background:var(--paper);border:1px solid var(--line);
border-radius:8px;padding:40px;overflow-wrap:anywhere}
main.wide{max-width:46rem}
.from{margin:0 0 24px;color:var(--quiet);font-size:.9375rem}
h1{margin:0 0 16px;font-size:1.625rem;line-height:1.25;font-weight:600;letter-spacing:-.01em}
h2{margin:32px 0 8px;font-size:1rem;font-weight:600}
p{margin:0 0 16px}
strong{font-weight:600}
form{margin:24px 0 0}
button{font:inherit;font-weight:600;padding:10px 24px;border-radius:6px;cursor:pointer;
border:1px solid var(--accent);background:var(--accent);color:var(--on-accent)}
label{display:block;margin:0 0 16px;font-weight:600}
input[type=password]{display:block;width:100%;margin-top:4px;font:inherit;padding:8px 12px;
border:1px solid var(--line);border-radius:6px;background:var(--paper);color:var(--ink)}
input:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.trouble{border-left:4px solid var(--accent);padding-left:12px}
button.plain{background:none;color:var(--accent);border-color:var(--line)}
button:hover{filter:brightness(1.08)}
button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.note{margin:24px 0 0;padding-top:16px;border-top:1px solid var(--line);color:var(--quiet);
font-size:.9375rem}
.note+form{margin-top:8px}
code{font:.875rem ui-monospace,"DejaVu Sans Mono",monospace}
pre{margin:0;padding:12px 16px;background:var(--ground);border:1px solid var(--line);
border-radius:6px;overflow-x:auto;overflow-wrap:normal;
font:.875rem/1.6 ui-monospace,"DejaVu Sans Mono",monospace}
footer{margin-top:24px;color:var(--quiet);font-size:.8125rem}
.logo{display:block;max-width:100%;max-height:56px;margin:0 0 24px}
.buttons{display:flex;flex-wrap:wrap;gap:8px}
.choices{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
.choices li{display:flex;gap:16px;align-items:flex-start;justify-content:space-between;
padding:16px 0;border-bottom:1px solid var(--line)}
.choices .what{flex:1;min-width:0}
.choices b{display:block;font-weight:600;line-height:1.4}
.choices small{display:block;color:var(--quiet);font-size:.9375rem;line-height:1.45}
.choices label{margin:0;flex:none;display:flex;gap:8px;align-items:center;font-weight:400;
min-height:44px;padding:0 4px;margin-top:-10px;cursor:pointer}
.choices label.what{flex:1;display:flex;gap:16px;align-items:flex-start;margin:-8px 0;padding:8px 4px}
.choices .on{display:flex;gap:16px;flex:none}
.choices input{width:20px;height:20px;flex:none;margin:2px 0 0;accent-color:var(--accent)}
.choices .on input{margin:0}
.choices .always{flex:none;color:var(--quiet);font-size:.9375rem;padding-top:2px}
.choices .fixed .what{padding-left:40px}
.choices+.note{margin:16px 0;padding:0;border:0}
.buttons form{margin:8px 0 0}
.saved{border-left:4px solid var(--accent);background:var(--ground);padding:12px 16px;
margin:0 0 24px;display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;
justify-content:space-between}
.saved p{margin:0;font-weight:600}
.saved form{margin:0}
.more{margin:24px 0 0}
a{color:var(--accent)}
a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
@media(max-width:36rem){body{padding-top:16px}main{padding:24px}button{width:100%}
.buttons{flex-direction:column}.choices .two{flex-direction:column;gap:8px}
.choices .two label{margin:0}.saved button{width:auto}}
)";

}  // namespace

net::Response respond(int status, const Page& page) {
  static const std::string policy = fmt::format(
      "default-src 'none'; img-src 'self'; style-src 'sha256-{}'; form-action 'self'; base-uri "
      "'none'; "
      "frame-ancestors 'none'",
      to_base64(sha256(kStyle)));
  auto response = net::Response::html(
      status,
      fmt::format("<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width\">\n"
                  "<meta name=\"robots\" content=\"noindex\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n"
                  "<main{}>\n{}</main>\n<footer>Tidings</footer>\n</body>\n</html>\n",
                  page.language, escape_html(page.title), kStyle, page.main_class, page.body));
  response.set("Content-Security-Policy", policy);
  response.set("Content-Language", std::string(page.language));
  return response;
}

std::string button(std::string_view action, std::string_view label, std::string_view style,
                   std::string_view hidden) {
  // No address: the form goes to the page it stands on, whose token is in the address already.
  return fmt::format(
      "<form method=\"post\"><input type=\"hidden\" name=\"action\" value=\"{}\">{}"
      "<button type=\"submit\"{}>{}</button></form>\n",
      action, hidden, style, escape_html(label));
}

std::string heading(std::string_view title) {
  return fmt::format("<h1>{}</h1>\n", escape_html(title));
}

}  // namespace tidings::http
