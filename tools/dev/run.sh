# ./dev run: builds, loads the example organisation in the sandbox, serves it.

dev_run() {
  local port=${PORT:-8080}
  [[ $port =~ ^[0-9]+$ ]] && [ "$port" -ge 1 ] && [ "$port" -le 65535 ] ||
    die "PORT is a number from 1 to 65535, not \"$port\""
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    die "port $port is taken by another program. End it, or choose another: PORT=9000 ./dev run"
  fi
  . tools/dev/setup.sh
  setup_for build
  configure release
  say "building (the first time takes some minutes)"
  compile release tidings
  echo "The example lies in data/example (remove the folder to begin anew)."
  exec "$release/tidings" demo --data "$root/data/example" --listen "127.0.0.1:$port"
}
