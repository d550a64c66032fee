#include "net/static_content.h"

#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

#include "net/content_coding.h"

namespace tidings::net {
namespace {

Request get(std::vector<HttpHeader> headers = {}) {
  Request request;
  request.method = "GET";
  request.headers = std::move(headers);
  return request;
}

std::string gunzip(std::string_view coded) {
  std::string plain(1 << 20, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  stream.avail_in = static_cast<uInt>(coded.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  plain.resize(stream.total_out);
  inflateEnd(&stream);
  return plain;
}

const std::string& script() {
  static const std::string text = [] {
    std::string made;
    for (int i = 0; i < 1000; ++i) made += "var line" + std::to_string(i) + " = 'text';\n";
    return made;
  }();
  return text;
}

TEST(Gzip, what_was_coded_reads_the_same) {
  for (const std::string& text :
       {std::string(), std::string("x"), script(), std::string(70000, 'a')}) {
    for (const int level : {1, 5, 9}) EXPECT_EQ(gunzip(gzip(text, level)), text);
  }
}

TEST(Gzip, is_used_only_where_the_client_takes_it) {
  for (const auto* yes : {"gzip", "GZIP", "deflate, gzip", "gzip;q=0.5", "br;q=1.0, gzip;q=0.8",
                          "*", "identity;q=0, *;q=0.1", " gzip "}) {
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  }
  for (const auto* no : {"", "identity", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzipped",
                         "gzip;q=0, *", ",,;"}) {
    EXPECT_FALSE(accepts_gzip(no)) << no;
  }
}

TEST(Compress, makes_a_large_json_answer_small) {
  Response response = Response::json(200, script());
  compress(get({{"Accept-Encoding", "gzip, br"}}), response);
  EXPECT_EQ(response.header("Content-Encoding"), "gzip");
  EXPECT_EQ(response.header("Vary"), "Accept-Encoding");
  EXPECT_EQ(gunzip(response.body), script());
  Response plain = Response::json(200, script());
  compress(get(), plain);
  EXPECT_EQ(plain.body, script());
  EXPECT_EQ(plain.header("Vary"), "Accept-Encoding") << "a cache must know that it differs";
}

TEST(Compress, gives_the_coded_form_an_entity_tag_of_its_own) {
  const auto answer = [](std::vector<HttpHeader> headers, int status = 200) {
    Response response = Response::json(status, status == 304 ? "" : script());
    response.set("ETag", "\"7\"");
    compress(get(std::move(headers)), response);
    return std::string(response.header("ETag"));
  };
  EXPECT_EQ(answer({}), "\"7\"");
  EXPECT_EQ(answer({{"Accept-Encoding", "gzip"}}), "\"7-gzip\"");
  EXPECT_EQ(answer({{"If-None-Match", "\"7-gzip\""}}, 304), "\"7-gzip\"");
  EXPECT_EQ(answer({{"If-None-Match", "\"7\""}}, 304), "\"7\"");
  EXPECT_EQ(coded_etag("W/\"7\""), "W/\"7\"") << "a weak one may be shared";
  EXPECT_EQ(coded_etag(""), "");
  EXPECT_TRUE(is_etag_of("\"7\"", "\"7\"") && is_etag_of("\"7-gzip\"", "\"7\""));
  EXPECT_FALSE(is_etag_of("\"8-gzip\"", "\"7\"") || is_etag_of("\"7-gzi\"", "\"7\""));
  EXPECT_FALSE(is_etag_of("\"7\"", "\"7-gzip\"")) << "one way only";
  EXPECT_TRUE(names_etag("\"x\", W/\"7-gzip\"", "\"7\""));
}

TEST(Compress, leaves_alone_what_gains_nothing_or_must_not) {
  const auto request = get({{"Accept-Encoding", "gzip"}});
  const auto untouched = [&](Response response) {
    const std::string before = response.body;
    compress(request, response);
    return response.body == before;
  };
  EXPECT_TRUE(untouched(Response::json(200, "{}")));
  EXPECT_TRUE(untouched(Response::json(200, script()).set("Set-Cookie", "a=b")));
  EXPECT_TRUE(untouched(Response::json(200, script()).set("Content-Encoding", "identity")));
  EXPECT_TRUE(untouched(Response::json(206, script())));
  EXPECT_TRUE(untouched(Response::json(200, script()).set("Content-Type", "image/png")));
  EXPECT_FALSE(
      untouched(Response::json(422, script()).set("Content-Type", "application/problem+json")));
}

TEST(StaticContent, is_sent_once_and_then_known) {
  const StaticContent content("text/javascript; charset=utf-8", script());
  const auto first = content.answer(get());
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, script());
  EXPECT_EQ(first.header("Cache-Control"), "no-cache");
  const std::string etag(first.header("ETag"));
  for (const std::string& known : {etag, "W/" + etag, "\"x\", " + etag, std::string("*")}) {
    const auto again = content.answer(get({{"If-None-Match", known}, {"Accept-Encoding", "gzip"}}));
    EXPECT_EQ(again.status, 304) << known;
    EXPECT_TRUE(again.body.empty());
    EXPECT_EQ(again.header("ETag"), etag);
  }
  EXPECT_EQ(content.answer(get({{"If-None-Match", "\"other\""}})).status, 200);
}

TEST(StaticContent, is_prepared_in_gzip) {
  const StaticContent content("text/javascript", script());
  const auto coded = content.answer(get({{"Accept-Encoding", "gzip"}}));
  EXPECT_EQ(coded.header("Content-Encoding"), "gzip");
  EXPECT_EQ(coded.header("Vary"), "Accept-Encoding");
  EXPECT_LT(coded.body.size(), script().size() / 4);
  EXPECT_EQ(gunzip(coded.body), script());
  EXPECT_EQ(coded.header("ETag"), coded_etag(content.etag()));
  const auto known = content.answer(
      get({{"Accept-Encoding", "gzip"}, {"If-None-Match", coded_etag(content.etag())}}));
  EXPECT_EQ(known.status, 304);
  const StaticContent picture("image/png", script());
  EXPECT_EQ(picture.answer(get({{"Accept-Encoding", "gzip"}})).header("Content-Encoding"), "");
  const StaticContent tiny("text/css", "a{}");
  EXPECT_EQ(tiny.answer(get({{"Accept-Encoding", "gzip"}})).body, "a{}");
}

TEST(StaticContent, a_range_is_a_part) {
  const StaticContent content("text/plain", "0123456789");
  const auto part = [&](std::string range, std::vector<HttpHeader> more = {}) {
    more.push_back({"Range", std::move(range)});
    return content.answer(get(std::move(more)));
  };
  EXPECT_EQ(part("bytes=2-4").status, 206);
  EXPECT_EQ(part("bytes=2-4").body, "234");
  EXPECT_EQ(part("bytes=2-4").header("Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(part("bytes=7-").body, "789");
  EXPECT_EQ(part("bytes=-3").body, "789");
  EXPECT_EQ(part("bytes=-30").body, "0123456789");
  EXPECT_EQ(part("bytes=5-99").header("Content-Range"), "bytes 5-9/10");
  EXPECT_EQ(part("bytes=0-0").body, "0");
  for (const auto* beyond : {"bytes=10-", "bytes=10-12", "bytes=-0"}) {
    EXPECT_EQ(part(beyond).status, 416) << beyond;
    EXPECT_EQ(part(beyond).header("Content-Range"), "bytes */10") << beyond;
  }
  for (const auto* odd : {"bytes=", "bytes=-", "bytes=4-2", "bytes=a-b", "bytes=1-2,4-5",
                          "lines=1-2", "bytes=0x1-2", "bytes=1-99999999999999999999999999"}) {
    EXPECT_EQ(part(odd).status, 200) << odd;
    EXPECT_EQ(part(odd).body, "0123456789") << odd;
  }
  EXPECT_EQ(part("bytes=2-4", {{"If-Range", content.etag()}}).status, 206);
  EXPECT_EQ(part("bytes=2-4", {{"If-Range", "\"older\""}}).status, 200);
}

}  // namespace
}  // namespace tidings::net
