// A mail server on a thread of its own with blocking sockets: behaves well unless told to misbehave
// at a certain command. It shares no code with the client.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;

namespace tidings::delivery {

class PeerSession {
 public:
  PeerSession(int fd, const std::function<bool()>& stopping);
  ~PeerSession();
  // False: the connection or the test is over.
  bool read_line(std::string& line);
  bool write(const std::string& bytes);
  void reset_connection();  // RST instead of FIN
  bool start_tls(ssl_ctx_st* context);
  bool has_buffered() const { return !buffer_.empty(); }

 private:
  bool fill();
  int fd_;
  std::function<bool()> stopping_;
  ssl_st* ssl_ = nullptr;
  std::string buffer_;
};

struct PeerScript {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any that is free
  // "CLOSE" and "STALL" as in `reply`.
  std::string greeting = "220 peer.example ESMTP\r\n";
  // Lines of EHLO behind the first, such as "PIPELINING".
  std::vector<std::string> extensions = {"PIPELINING", "SIZE 1000000", "8BITMIME",
                                         "ENHANCEDSTATUSCODES"};
  // The reply to a command line (upper-case verb) or to "." for a message; empty: nothing is sent
  // and the peer goes on; "CLOSE" and "RESET" end the connection, "STALL" never answers again. Not
  // set: the usual reply.
  std::function<std::string(const std::string& verb, const std::string& line, int nth)> reply;
  // One octet a time.
  bool byte_by_byte = false;
  std::string certificate;  // PEM files: offers STARTTLS
  std::string key;
  bool tls_from_start = false;
  std::string user;  // AUTH wanted when not empty
  std::string password;
  // What is said right behind the reply to STARTTLS, in the clear.
  std::string injected;
};

class ScriptedPeer {
 public:
  explicit ScriptedPeer(PeerScript script);
  ~ScriptedPeer();
  std::uint16_t port() const { return port_; }
  std::vector<std::string> messages() const;  // accepted, dot-unstuffed, with their recipient first
  std::vector<std::string> commands() const;
  int sessions() const { return sessions_; }

 private:
  void accept_loop();
  void serve(int fd);
  bool say(PeerSession& session, const std::string& text);
  bool authenticate(PeerSession& session, std::string line);

  PeerScript script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> sessions_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> messages_;
  std::vector<std::string> commands_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
  ssl_ctx_st* context_ = nullptr;
};

}  // namespace tidings::delivery
