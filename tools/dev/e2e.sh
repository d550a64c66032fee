# ./dev e2e: a browser does what a person does, against the release build; --screenshots [FOLDER]
# makes every screen as a picture instead.

dev_e2e() {
  local flags=()
  case ${1:-} in
    "") ;;
    --screenshots) flags=(--screenshots "${2:-$root/build/screenshots}") ;;
    *) die "e2e takes --screenshots [FOLDER] or nothing, not \"$1\"" ;;
  esac
  . tools/dev/setup.sh
  setup_for test
  install_peers
  configure release
  compile release tidings
  tests/e2e/run --tidings "$release/tidings" "${flags[@]}"
  [ ${#flags[@]} = 0 ] || echo "The pictures are in ${flags[1]}"
}
