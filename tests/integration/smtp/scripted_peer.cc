#include "scripted_peer.h"

#include <array>
#include <cctype>
#include <map>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"

namespace tidings::delivery {

PeerSession::PeerSession(int fd, const std::function<bool()>& stopping)
    : fd_(fd), stopping_(stopping) {}

PeerSession::~PeerSession() {
  if (ssl_ != nullptr) {
    SSL_shutdown(ssl_);
    SSL_free(ssl_);
  }
  ::close(fd_);
}

bool PeerSession::fill() {
  while (!stopping_()) {
    if (ssl_ == nullptr || SSL_pending(ssl_) == 0) {
      pollfd waited{fd_, POLLIN, 0};
      if (::poll(&waited, 1, 20) == 0) continue;
    }
    std::array<char, 65536> bytes;
    const auto got = ssl_ != nullptr ? SSL_read(ssl_, bytes.data(), bytes.size())
                                     : ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (got <= 0) return false;
    buffer_.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
  }
  return false;
}

bool PeerSession::read_line(std::string& line) {
  std::size_t end;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!fill()) return false;
  }
  line = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 2);
  return true;
}

bool PeerSession::write(const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto sent =
        ssl_ != nullptr
            ? SSL_write(ssl_, bytes.data() + done, static_cast<int>(bytes.size() - done))
            : ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    done += static_cast<std::size_t>(sent);
  }
  return true;
}

void PeerSession::reset_connection() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

bool PeerSession::start_tls(ssl_ctx_st* context) {
  buffer_.clear();
  ssl_ = SSL_new(context);
  SSL_set_fd(ssl_, fd_);
  if (SSL_accept(ssl_) == 1) return true;
  SSL_free(ssl_);
  ssl_ = nullptr;
  return false;
}

ScriptedPeer::ScriptedPeer(PeerScript script) : script_(std::move(script)) {
  if (!script_.certificate.empty()) {
    context_ = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(context_, script_.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context_, script_.key.c_str(), SSL_FILETYPE_PEM) != 1) {
      throw std::runtime_error("the peer's certificate cannot be read");
    }
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, script_.address.c_str(), &address.sin_addr);
  address.sin_port = htons(script_.port);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t length = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(listener_, 64) != 0) {
    throw std::runtime_error("the peer cannot listen");
  }
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

ScriptedPeer::~ScriptedPeer() {
  stopping_ = true;
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
  SSL_CTX_free(context_);
}

void ScriptedPeer::accept_loop() {
  while (!stopping_) {
    pollfd waited{listener_, POLLIN, 0};
    if (::poll(&waited, 1, 20) <= 0) continue;
    const int fd = ::accept(listener_, nullptr, nullptr);
    if (fd < 0) continue;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++sessions_;
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

bool ScriptedPeer::say(PeerSession& session, const std::string& text) {
  if (!script_.byte_by_byte) return session.write(text);
  for (const char c : text) {
    if (!session.write(std::string(1, c))) return false;
  }
  return true;
}

bool ScriptedPeer::authenticate(PeerSession& session, std::string line) {
  const auto ask = [&](const std::string& challenge) {
    say(session, "334 " + to_base64(challenge) + "\r\n");
    std::string answer;
    if (!session.read_line(answer)) return std::string();
    answer.resize(answer.size() - 2);
    return from_base64(answer).value_or("");
  };
  line.resize(line.size() - 2);
  bool known = false;
  if (line.starts_with("AUTH PLAIN ")) {
    known = from_base64(line.substr(11)).value_or("") ==
            std::string(1, '\0') + script_.user + std::string(1, '\0') + script_.password;
  } else if (line == "AUTH LOGIN") {
    const std::string user = ask("Username:");
    known = user == script_.user && ask("Password:") == script_.password;
  } else if (line == "AUTH CRAM-MD5") {
    const std::string challenge = "<17.42@peer.example>";
    std::array<unsigned char, 16> digest{};
    HMAC(EVP_md5(), script_.password.data(), static_cast<int>(script_.password.size()),
         reinterpret_cast<const unsigned char*>(challenge.data()), challenge.size(), digest.data(),
         nullptr);
    known =
        ask(challenge) ==
        script_.user + " " + to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
  } else if (line.starts_with("AUTH XOAUTH2 ")) {
    known = from_base64(line.substr(13)).value_or("") == "user=" + script_.user +
                                                             "\x01"
                                                             "auth=Bearer " +
                                                             script_.password + "\x01\x01";
    if (!known) ask("{\"status\":\"401\"}");
  }
  return say(session, known ? "235 2.7.0 welcome\r\n" : "535 5.7.8 bad credentials\r\n");
}

void ScriptedPeer::serve(int fd) {
  // OpenSSL writes without MSG_NOSIGNAL; only here, so that the client is seen to do better.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  PeerSession session(fd, [this] { return stopping_.load(); });
  if (script_.tls_from_start && !session.start_tls(context_)) return;
  bool encrypted = script_.tls_from_start;
  const auto stall = [&] {
    std::string ignored;
    while (session.read_line(ignored)) {
    }
  };
  if (script_.greeting == "CLOSE") return;
  if (script_.greeting == "STALL") return stall();
  if (!say(session, script_.greeting)) return;
  std::string line;
  std::string recipient;
  std::map<std::string, int> counts;
  while (session.read_line(line)) {
    std::string verb = line.substr(0, line.find_first_of(" \r"));
    for (char& c : verb) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    std::string octets;
    {
      const std::lock_guard lock(mutex_);
      commands_.push_back(line.substr(0, line.size() - 2));
    }
    const auto answer = [&](const std::string& what, const std::string& usual) -> int {
      std::string text = script_.reply ? script_.reply(what, line, ++counts[what]) : "USUAL";
      if (text == "USUAL") text = usual;
      if (what == "." && text.starts_with('2')) {
        // Before it is said, so that who hears it finds the message.
        const std::lock_guard lock(mutex_);
        messages_.push_back(recipient + "\n" + octets);
      }
      if (text == "STALL") stall();
      if (text == "RESET") session.reset_connection();
      if (text == "CLOSE" || text == "STALL" || text == "RESET" || !say(session, text)) return -1;
      return text.empty() ? 0 : text[0] - '0';
    };
    int digit = 0;
    if (verb == "EHLO") {
      std::string text = "250-peer.example\r\n";
      for (const std::string& word : script_.extensions) text += "250-" + word + "\r\n";
      if (context_ != nullptr && !encrypted) text += "250-STARTTLS\r\n";
      if (!script_.user.empty()) text += "250-AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2\r\n";
      digit = answer(verb, text + "250 HELP\r\n");
    } else if (verb == "STARTTLS") {
      digit = answer(verb, "220 2.0.0 go\r\n" + script_.injected);
      if (digit == 2 && !session.start_tls(context_)) return;
      encrypted = encrypted || digit == 2;
    } else if (verb == "AUTH") {
      if (!authenticate(session, line)) return;
    } else if (verb == "QUIT") {
      answer(verb, "221 2.0.0 bye\r\n");
      return;
    } else if (verb == "DATA") {
      digit = answer(verb, recipient.empty() ? "554 5.5.1 no valid recipients\r\n" : "354 go\r\n");
      if (digit == 3) {
        while (session.read_line(line) && line != ".\r\n") {
          octets += line[0] == '.' ? line.substr(1) : line;
        }
        if (line != ".\r\n") return;
        digit = answer(".", "250 2.0.0 taken\r\n");
        recipient.clear();
      }
    } else if (verb == "RCPT") {
      digit = answer(verb, "250 2.1.5 ok\r\n");
      if (digit == 2) recipient = line.substr(9, line.find('>') - 9);
    } else {
      digit = answer(verb, "250 2.0.0 ok\r\n");
    }
    if (digit < 0) return;
  }
}

std::vector<std::string> ScriptedPeer::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

std::vector<std::string> ScriptedPeer::commands() const {
  const std::lock_guard lock(mutex_);
  return commands_;
}

}  // namespace tidings::delivery
