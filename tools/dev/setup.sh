# ./dev setup: brings a Debian 12 to where it can build and test. Changes nothing when all is there.

# packages GROUP: the lines of one group of tools/packages.txt.
packages() {
  sed -e 's/#.*//' tools/packages.txt |
    awk -v group="[$1]" '/^\[/ {inside = ($1 == group); next} inside && NF'
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_packages() {
  local group name command
  for group in "$@"; do
    while read -r name command; do
      [ -n "$command" ] && command -v "${command#\?}" >/dev/null && continue
      installed "$name" || echo "$name"
    done < <(packages "$group")
  done
}

# Installs without starting any service: a package that brings a daemon must not open a port on a
# developer's machine, and the tests start their own on free ports.
apt_install() {
  local policy=/usr/sbin/policy-rc.d ours=0 status=0
  if [ ! -e $policy ]; then
    ours=1
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" >>build/apt.log 2>&1 || status=$?
  [ $ours = 0 ] || as_root rm -f $policy
  return $status
}

apt_update() {
  say "apt-get update"
  as_root apt-get update -o DPkg::Lock::Timeout=300 >>build/apt.log 2>&1 ||
    echo "dev: apt-get update had trouble; the lists that are there are used" >&2
}

install_packages() {
  local missing name unavailable=()
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086
  set -- $missing
  if ! command -v apt-get >/dev/null; then
    die "this needs Debian 12 (there is no apt-get here). It would install: $*"
  fi
  if [ "$(id -u)" != 0 ] && ! { command -v sudo >/dev/null && as_root true; }; then
    die "packages are missing and this is neither root nor sudo. Ask somebody who may to run:
  apt-get install --no-install-recommends $*"
  fi
  apt_update
  say "installing $# packages: $*"
  apt_install "$@" && return 0
  for name in "$@"; do
    apt-cache policy "$name" 2>/dev/null | grep -q 'Candidate: [^(]' || unavailable+=("$name")
  done
  tail -n 5 build/apt.log >&2
  if [ ${#unavailable[@]} -gt 0 ]; then
    die "these packages cannot be had from this machine's sources: ${unavailable[*]}
  Debian 12 (bookworm) main and bookworm-security have them all; see /etc/apt/sources.list"
  fi
  die "apt-get could not install the packages; its words are above, all of them in build/apt.log"
}

# Unpacks a package below build/ without installing it.
unpack_package() {
  local name=$1 target=build/$2 work
  [ -d "$target/usr" ] && return 0
  say "unpacking $name into $target"
  work=$(mktemp -d "$root/build/unpack.XXXXXX")
  if ! (cd -- "$work" && apt-get -o APT::Sandbox::User=root download "$name" >>../apt.log 2>&1) &&
    ! { apt_update && (cd -- "$work" && apt-get -o APT::Sandbox::User=root download "$name" >>../apt.log 2>&1); }; then
    tail -n 3 build/apt.log >&2
    rm -rf "$work"
    die "the package $name cannot be had from this machine's sources (see /etc/apt/sources.list)"
  fi
  dpkg -x "$work"/*.deb "$work/out"
  rm -rf "$target"
  mv "$work/out" "$target"
  rm -rf "$work"
}

# Node packages that tests use as independent peers (mail server, parser, Liquid) and as clients of
# the API: exactly those of the lockfiles, installed only when they changed.
install_peers() {
  install_packages_of tests/peers
  install_packages_of tests/api
}

install_packages_of() {
  local folder=$1 stamp=$1/node_modules/.installed
  [ -f $folder/package-lock.json ] || return 0
  cmp -s $folder/package-lock.json $stamp && return 0
  say "npm ci in $folder"
  if ! (cd $folder && npm ci --no-audit --no-fund >"$root/build/npm.log" 2>&1); then
    tail -n 8 build/npm.log >&2
    die "npm could not install the test peers; its words are above and in build/npm.log"
  fi
  cp $folder/package-lock.json $stamp
}

# setup_for build|test: what that purpose needs.
setup_for() {
  local name folder
  mkdir -p build
  case $1 in
    build) install_packages build ;;
    test) install_packages build test ;;
  esac
  while read -r name folder; do
    if [ "$1" = test ] || [ "$folder" = phonenumber ]; then unpack_package "$name" "$folder"; fi
  done < <(packages unpack)
}

dev_setup() {
  setup_for test
  install_peers
  say "everything is there: ./dev run, ./dev test"
}
