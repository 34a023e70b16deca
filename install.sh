#!/bin/sh
# Bedplate's one-shot entry. Everything is in functions and the last line calls them, so that a download that
# was cut short runs nothing. No decision about the installation is made here: that is `bedplate`'s.
set -eu

usage() {
    cat <<'TEXT'
usage: ./install.sh [--check] [--diff] [--yes] [--json] [--profile FILE] [--set KEY=VALUE]...
       ./install.sh --trial [--root DIR] [--set KEY=VALUE]...
       ./install.sh --help

Without --trial this host is made to run the platform, as root: what is missing is built, then 'bedplate install' is
given all of these options (bedplate install --help says what they mean). It asks before it changes anything.

  --trial           Build what is missing and run the whole stack from this checkout under one folder, without
                    systemd: nothing outside that folder, the apt packages and the build folder is touched.
  --root DIR        The folder of the trial (default: .trial beside this script).
  --set KEY=VALUE   Override a value of the profile, as in --set front_door.listen=127.0.0.1:9080.

Needs Debian 12 or Ubuntu 24.04, a Swift 6.2 toolchain or later, and root when apt packages are missing.
Exit codes: 0 done, 1 it failed, 64 you asked wrongly, 75 try again.
TEXT
}

# cannot DOING BECAUSE NEXT EXIT: says what we cannot do, why, and what to do next.
cannot() {
    printf 'cannot %s: %s\n  next: %s\n' "$1" "$2" "$3" >&2
    exit "$4"
}

say() { printf '%s\n' "$*" >&2; }

# What the build links against, and the front door.
packages="libssl-dev libsystemd-dev libmongoc-dev libhiredis-dev libcurl4-openssl-dev libsqlite3-dev libarchive-dev libyaml-dev pkg-config nginx"

missing_packages() {
    for package in $packages; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=absent
        [ "$status" = installed ] || printf '%s ' "$package"
    done
}

# Runs in a subshell, which undoes the first lines when it ends: without them, nginx's package would start a
# server on port 80 that nobody asked for.
apt_install() (
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        trap 'exit 1' HUP INT TERM
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
    fi
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
    apt-get -qq -o DPkg::Lock::Timeout=300 update </dev/null >&2 &&
        apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 --no-install-recommends install "$@" </dev/null >&2
)

install_packages() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || cannot "install $missing" "this host has no apt" "use Debian 12 or Ubuntu 24.04" 64
    [ "$(id -u)" -eq 0 ] ||
        cannot "install the missing packages" "this needs root" "sudo apt-get install -y --no-install-recommends $missing" 64
    say "Installing by apt: $missing"
    # shellcheck disable=SC2086 # one word a package
    apt_install $missing ||
        cannot "install $missing" "apt-get failed as it says above" "mend it, then run this again: it goes on where it stopped" 1
}

build() {
    command -v swift >/dev/null ||
        cannot "build bedplate" "there is no Swift toolchain" "install Swift 6.2 or later from https://www.swift.org/install/linux/" 64
    if [ -x .build/release/bedplate ]; then
        say "Building what changed …"
    else
        say "Building (the first time takes several minutes) …"
    fi
    scripts/build-release || exit 1
}

trial() {
    checkout=$(cd "$(dirname "$0")" && pwd)
    root=$checkout/.trial
    settings=
    while [ $# -gt 0 ]; do
        case $1 in
        --root | --set) [ $# -ge 2 ] || cannot "start a trial" "$1 needs a value" "./install.sh --help" 64 ;;
        *) cannot "start a trial" "'$1' is not an option" "./install.sh --help" 64 ;;
        esac
        case $1 in
        --root)
            case $2 in /*) root=$2 ;; *) root=$PWD/$2 ;; esac
            ;;
        --set)
            case $2 in *[!A-Za-z0-9._:=/@,+-]*) cannot "start a trial" "'$2' has characters no setting needs" "KEY=VALUE" 64 ;; esac
            settings="$settings --set $2"
            ;;
        esac
        shift 2
    done
    cd "$checkout"
    packages="$packages nginx"
    install_packages
    build
    # shellcheck disable=SC2086 # settings hold no blanks: checked above
    .build/release/bedplate trial start --root "$root" --checkout "$checkout" $settings
}

host() {
    checkout=$(cd "$(dirname "$0")" && pwd)
    [ "$(id -u)" -eq 0 ] || cannot "install on this host" "this needs root" "sudo ./install.sh" 64
    cd "$checkout"
    # A package has brought the programs where there is no checkout to build them from.
    [ -e Package.swift ] || exec bedplate install "$@"
    install_packages
    build
    exec .build/release/bedplate install --checkout "$checkout" "$@"
}

main() {
    case ${1-} in
    --trial)
        shift
        trial "$@"
        ;;
    --help | -h) usage ;;
    *) host "$@" ;;
    esac
}

main "$@"
