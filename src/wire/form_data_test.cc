#include "wire/form_data.h"

#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

TEST(FormData, urlencoded_pairs_are_decoded) {
  const auto fields =
      parse_form_urlencoded("List-Unsubscribe=One-Click&&a+b=%C3%A9%2&empty&=x&p=1=2");
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 5u);
  EXPECT_EQ(find_field(*fields, "List-Unsubscribe"), "One-Click");
  EXPECT_EQ(find_field(*fields, "a b"), "é%2");
  EXPECT_EQ(find_field(*fields, "empty"), "");
  EXPECT_EQ(find_field(*fields, ""), "x");
  EXPECT_EQ(find_field(*fields, "p"), "1=2");
  EXPECT_FALSE(find_field(*fields, "none"));
  EXPECT_TRUE(parse_form_urlencoded("")->empty());
}

TEST(FormData, multipart_as_mail_programs_send_one_click) {
  const std::string body =
      "--XX\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n"
      "--XX--\r\n";
  const auto fields = parse_form("multipart/form-data; boundary=XX", body);
  ASSERT_TRUE(fields);
  EXPECT_EQ(find_field(*fields, "List-Unsubscribe"), "One-Click");
}

TEST(FormData, multipart_with_preamble_files_empty_values_and_odd_content) {
  const std::string body =
      "preamble\r\n--a b\r\nContent-Type: text/plain\r\ncontent-disposition: FORM-DATA; "
      "name=\"f\\\"ile\"; filename=\"x;y.txt\"\r\n\r\nline\r\n--a c\r\n\r\n--a b \r\n"
      "Content-Disposition: form-data; name=e\r\n\r\n\r\n--a b\r\n"
      "Content-Disposition: form-data; name=t\r\n\r\n--a b--epilogue";
  const auto fields = parse_form("Multipart/Form-Data; Boundary=\"a b\"", body);
  ASSERT_TRUE(fields) << fields.error().message;
  ASSERT_EQ(fields->size(), 3u);
  EXPECT_EQ((*fields)[0].name, "f\"ile");
  EXPECT_EQ((*fields)[0].file_name, "x;y.txt");
  EXPECT_EQ((*fields)[0].value, "line\r\n--a c\r\n");
  EXPECT_EQ((*fields)[1].value, "");
  EXPECT_EQ((*fields)[2].value, "");
}

TEST(FormData, a_torn_multipart_body_is_refused_at_every_length) {
  const std::string body = "--X\r\nContent-Disposition: form-data; name=a\r\n\r\nvalue\r\n--X--";
  for (std::size_t length = 0; length < body.size(); ++length) {
    EXPECT_FALSE(parse_form_multipart(body.substr(0, length), "X")) << length;
  }
  EXPECT_TRUE(parse_form_multipart(body, "X"));
}

TEST(FormData, wrong_parts_are_refused) {
  for (const std::string head :
       {"", "x", "Content-Disposition: form-data", "Content-Disposition: attachment; name=a",
        "Content-Disposition: form-data; name=\"a", "Content-Disposition: form-data; name"}) {
    EXPECT_FALSE(parse_form_multipart("--X\r\n" + head + "\r\n\r\nv\r\n--X--", "X")) << head;
  }
  EXPECT_FALSE(parse_form_multipart("--X\r\n\r\nv\r\n--X--", "X"));
  EXPECT_FALSE(parse_form_multipart("--\r\n\r\n--", ""));
}

TEST(FormData, the_bounds_hold) {
  std::string many;
  for (int i = 0; i < 257; ++i) many += "a=1&";
  EXPECT_EQ(parse_form_urlencoded(many).error().code, "form.too_large");
  EXPECT_EQ(parse_form_urlencoded(std::string(1025, 'n')).error().code, "form.too_large");
  std::string parts;
  for (int i = 0; i < 257; ++i) {
    parts += "--X\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n";
  }
  EXPECT_EQ(parse_form_multipart(parts + "--X--", "X").error().code, "form.too_large");
  const std::string long_header = "--X\r\nA: " + std::string(5000, 'x') +
                                  "\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--X--";
  EXPECT_FALSE(parse_form_multipart(long_header, "X"));
}

TEST(FormData, media_types_are_read_strictly) {
  const auto media = parse_media_type("Text/HTML ; Charset=\"UTF-8\";");
  ASSERT_TRUE(media);
  EXPECT_EQ(media->type, "text/html");
  EXPECT_EQ(media->parameter("charset"), "UTF-8");
  for (const auto* bad :
       {"", "text", "text/", "/html", "a/b c", "a/b; c", "a/b; c=\"", "a/b, c/d", "a/b; =x"}) {
    EXPECT_FALSE(parse_media_type(bad)) << bad;
  }
}

TEST(FormData, another_content_type_says_what_to_send) {
  EXPECT_EQ(parse_form("application/json", "{}").error().code, "form.media_type");
  EXPECT_EQ(parse_form("", "").error().code, "form.media_type");
}

}  // namespace
}  // namespace tidings::wire
