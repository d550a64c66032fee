# ./dev bench NAME [FLAGS]: bench/NAME/run, or the program bench_NAME that bench/ builds.

benches() {
  {
    find bench -mindepth 2 -maxdepth 2 -name run -perm -u+x -printf '%h\n' 2>/dev/null | sed 's#^bench/##'
    find build/release/bench -maxdepth 2 -type f -name 'bench_*' -perm -u+x -printf '%f\n' 2>/dev/null |
      sed 's/^bench_//'
  } | sort -u
}

# bench_program NAME: how it is started, or nothing.
bench_program() {
  if [ -x "bench/$1/run" ]; then
    echo "bench/$1/run"
  else
    find build/release/bench -maxdepth 2 -type f -name "bench_$1" -perm -u+x 2>/dev/null | head -n 1
  fi
}

dev_bench() {
  . tools/dev/setup.sh
  setup_for test >&2
  install_peers >&2
  configure release
  compile release >&2
  if [ $# -eq 0 ]; then
    benches
    return
  fi
  local name=$1 program
  shift
  program=$(bench_program "$name")
  [ -n "$program" ] || die "there is no benchmark \"$name\"; there are: $(benches | tr '\n' ' ')"
  exec "$program" "$@"
}
