# ./dev chaos: tests/chaos kills senders at random moments and accounts for every message.

dev_chaos() {
  [ -x tests/chaos/run ] || die "tests/chaos/run is not there"
  . tools/dev/setup.sh
  setup_for test
  install_peers
  configure release
  compile release
  exec tests/chaos/run "$@"
}
