# ./dev conformance NAME FILE: a file of cases through the program conformance_NAME.

dev_conformance() {
  [ $# -eq 2 ] || die "usage: ./dev conformance NAME FILE, for example ./dev conformance liquid cases.json"
  local name=$1 file
  file=$(cd -- "$caller" && readlink -e -- "$2") || die "there is no file \"$2\""
  [[ $name =~ ^[a-z0-9_]+$ ]] && [ -d "tests/conformance/$name" ] ||
    die "there are no conformance cases called \"$name\"; known: $(ls tests/conformance | grep -v '\.' | tr '\n' ' ')"
  . tools/dev/setup.sh
  setup_for build >&2
  configure release
  compile release "conformance_$name" >&2
  local program
  program=$(find build/release -type f -name "conformance_$name" -perm -u+x | head -n 1)
  exec "$program" "$file"
}
