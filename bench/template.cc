// F5: rendering a real newsletter, beside liquidjs (npm) with the same template and values.
//
//   bench_template [--seconds 3] [--small] [--template FILE] [--alone]
//
// The newsletter is the inlined one of the corpora (${TIDINGS_CORPORA}/html/leemunroe), or one made
// here when that is not there; a dozen merge tags are put into it on the spot. Both parse once and
// render 200 different people in turn; the outputs of the two must be the same, byte for byte.
// Prints one JSON line. Exit: 0, or 1 if the outputs differ or the peer cannot be run.
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "liquid/program.h"
#include "liquid/value.h"
#include "usage.h"

namespace {

using namespace tidings;
namespace json = boost::json;

constexpr int kPeople = 200;

std::string newsletter(const std::string& file) {
  std::string path = file;
  if (path.empty()) {
    const char* const corpora = std::getenv("TIDINGS_CORPORA");
    path = corpora != nullptr ? corpora : TIDINGS_SOURCE_DIR "/../shared/corpora";
    path += "/html/leemunroe/email-inlined.html";
  }
  std::ifstream in(path, std::ios::binary);
  std::string html{std::istreambuf_iterator<char>(in), {}};
  if (!html.empty()) return html;
  html = "<!doctype html><html><body><p>Hello</p>";
  for (int i = 0; i < 60; ++i) {
    html +=
        "<table role=\"presentation\" style=\"border-collapse: separate; width: 100%\"><tr><td "
        "style=\"font-family: Helvetica, sans-serif; font-size: 16px\"><p>News of the month, with "
        "everything that happened.</p></td></tr></table>\n";
  }
  return html + "</body></html>";
}

// Spreads the tags over the ends of paragraphs and cells.
std::string with_tags(const std::string& html) {
  static constexpr std::string_view kTags[] = {
      "Dear {{ contact.first_name | default: 'reader' }},",
      "{{ contact.last_name }}",
      "<a href=\"{{ contact.link }}\">{{ contact.city }}</a>",
      "{% if contact.member %}Member since {{ contact.since }}{% else %}Join us{% endif %}",
      "{{ contact.company | upcase }}",
      "{{ organisation.name }}",
      "{% for item in contact.items %}<li>{{ item.title }}: {{ item.price }}</li>{% endfor %}",
      "{{ contact.email }}",
      "{{ contact.note }}",
      "<a href=\"{{ unsubscribe_url }}\">Unsubscribe</a>"};
  std::string out;
  std::size_t from = 0, tag = 0;
  while (true) {
    const std::size_t p = html.find("</p>", from), td = html.find("</td>", from);
    const std::size_t at = std::min(p, td);
    if (at == html.npos || tag == std::size(kTags)) break;
    out.append(html, from, at - from);
    out += kTags[tag++];
    out.append(html, at, 4);
    from = at + 4;
  }
  out.append(html, from);
  for (; tag < std::size(kTags); ++tag) out += kTags[tag];
  return out;
}

json::array people() {
  json::array all;
  for (int i = 0; i < kPeople; ++i) {
    all.push_back({{"contact",
                    {{"first_name", i % 7 == 0 ? "" : fmt::format("Zoë {}", i)},
                     {"last_name", i % 5 == 0 ? "O'Neill & Sons" : "Kowalski"},
                     {"link", fmt::format("https://example.test/?a={}&b=1", i)},
                     {"city", "Kraków"},
                     {"member", i % 2 == 0},
                     {"since", 1990 + i % 30},
                     {"company", "Acme <Ltd>"},
                     {"items", json::array{{{"title", "Tea"}, {"price", 3}},
                                           {{"title", "Cake"}, {"price", 4}}}},
                     {"email", fmt::format("person{}@example.test", i)},
                     {"note", "Nothing to \"note\" here, but a sentence."}}},
                   {"organisation", {{"name", "The Example Society"}}},
                   {"unsubscribe_url", fmt::format("https://example.test/u/{}", i)}});
  }
  return all;
}

struct Figures {
  std::uint64_t n = 0, bytes = 0;
  double per_s = 0, cpu_us_each = 0;
};

Figures measure(const liquid::Program& program, const std::vector<liquid::Value>& values,
                double seconds) {
  Figures figures;
  std::string out;
  for (int i = 0; i < 2000; ++i) {
    out.clear();
    (void)program.render_to(out, values[static_cast<std::size_t>(i) % values.size()]);
  }
  const double cpu_before = bench::cpu_us();
  const auto start = std::chrono::steady_clock::now();
  double took = 0;
  while (took < seconds) {
    for (int i = 0; i < 1000; ++i, ++figures.n) {
      out.clear();
      (void)program.render_to(out, values[figures.n % values.size()]);
      figures.bytes += out.size();
    }
    took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  figures.per_s = static_cast<double>(figures.n) / took;
  figures.cpu_us_each = (bench::cpu_us() - cpu_before) / static_cast<double>(figures.n);
  return figures;
}

// What the peer prints; empty if it cannot be run.
std::string run_peer(const json::value& request) {
  char name[] = "/tmp/bench_template_XXXXXX";
  const int file = mkstemp(name);
  if (file < 0) return {};
  std::FILE* const to = fdopen(file, "wb");
  const std::string text = json::serialize(request);
  std::fwrite(text.data(), 1, text.size(), to);
  std::fclose(to);
  const std::string command =
      fmt::format("node '{}/bench/template/liquidjs.mjs' < {}", TIDINGS_SOURCE_DIR, name);
  std::string out;
  if (std::FILE* const from = popen(command.c_str(), "r")) {
    char buffer[65536];
    for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, from)) > 0;)
      out.append(buffer, n);
    if (pclose(from) != 0) out.clear();
  }
  std::filesystem::remove(name);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 3;
  bool alone = false;
  std::string file;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--seconds" && i + 1 < argc) seconds = std::atof(argv[++i]);
    if (word == "--small") seconds = 0.2;
    if (word == "--alone") alone = true;
    if (word == "--template" && i + 1 < argc) file = argv[++i];
  }
  const std::string source = with_tags(newsletter(file));
  const json::array values = people();
  liquid::Arena arena;
  const auto list = liquid::value_from_json(json::serialize(values), arena);
  const auto program = liquid::Program::compile(source, liquid::Context::html);
  if (!list || !program) {
    std::cerr << (list ? program.error().message : list.error().message) << "\n";
    return 1;
  }
  const std::vector<liquid::Value> roots(list->as_array().begin(), list->as_array().end());
  const Figures ours = measure(*program, roots, seconds);
  json::object line{{"bench", "template"},
                    {"n", ours.n},
                    {"per_s", ours.per_s},
                    {"cpu_us_each", ours.cpu_us_each},
                    {"rss_mb", bench::rss_mb()},
                    {"template_bytes", source.size()},
                    {"output_bytes", ours.bytes / ours.n}};
  if (!alone) {
    const std::string answer =
        run_peer({{"template", source}, {"values", values}, {"seconds", seconds}});
    if (answer.empty()) {
      std::cerr << "liquidjs did not run: install tests/peers with npm ci, or give --alone\n";
      return 1;
    }
    json::object peer = json::parse(answer).as_object();
    for (std::size_t i = 0; i < roots.size(); ++i) {
      const auto text = program->render(roots[i]);
      // liquidjs writes &#34; for a quote; everything else is the same.
      std::string theirs(peer["outputs"].as_array()[i].as_string());
      for (std::size_t at = 0; (at = theirs.find("&#34;", at)) != theirs.npos; at += 6)
        theirs.replace(at, 5, "&quot;");
      if (text && *text == theirs) continue;
      std::cerr << "the two outputs differ for person " << i << "\n";
      return 1;
    }
    peer.erase("outputs");
    peer.erase("bytes");
    line["ratios"] = {
        {"per_s_vs_liquidjs", ours.per_s / peer["per_s"].to_number<double>()},
        {"cpu_vs_liquidjs", ours.cpu_us_each / peer["cpu_us_each"].to_number<double>()}};
    line["peers"] = {{"liquidjs", peer}};
  }
  std::cout << json::serialize(line) << "\n";
  return 0;
}
