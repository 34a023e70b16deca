#!/bin/sh
# Bedplate's one-shot entry. Everything is in functions and the last line calls them, so that a download that
# was cut short runs nothing. No decision about the installation is made here: that is `bedplate`'s.
set -eu

usage() {
    cat <<'TEXT'
usage: ./install.sh [--deb FILE] [--check] [--diff] [--yes] [--json] [--profile FILE] [--set KEY=VALUE]...
       ./install.sh --trial [--root DIR] [--set KEY=VALUE]...
       ./install.sh --help

Without --trial this host is made to run the platform, as root: the package is installed by apt, then 'bedplate install'
is given all other options (bedplate install --help says what they mean). It asks before it changes anything else;
with --check it changes nothing else.

  --deb FILE        The package. Without it: one that lies beside this script, one built from this checkout, or the one
                    that packaging/release.env names by URL and SHA-256. FILE.sha256 is believed when it is there.
  --trial           Build what is missing and run the whole stack from this checkout under one folder, without
                    systemd: nothing outside that folder, the apt packages and the build folder is touched.
  --root DIR        The folder of the trial (default: .trial beside this script).
  --set KEY=VALUE   Override a value of the profile, as in --set front_door.listen=127.0.0.1:9080.

Needs Debian 12 or Ubuntu 24.04; a Swift 6.2 toolchain or later to build; and root, but for a trial that lacks no package.
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

apt() {
    DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}

apt_install() {
    apt update || say "Going on with the package lists that are here."
    apt -y -o Dpkg::Use-Pty=0 --no-install-recommends install "$@"
}

# Without the first lines, nginx's package would start a server on port 80 that nobody asked for; the subshell undoes them.
apt_install_unstarted() (
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        trap 'exit 1' HUP INT TERM
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
    fi
    apt_install "$@"
)

install_packages() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || cannot "install $missing" "this host has no apt" "use Debian 12 or Ubuntu 24.04" 64
    [ "$(id -u)" -eq 0 ] ||
        cannot "install the missing packages" "this needs root" "sudo apt-get install -y --no-install-recommends $missing" 64
    say "Installing by apt: $missing"
    # shellcheck disable=SC2086 # one word a package
    apt_install_unstarted $missing ||
        cannot "install $missing" "apt-get failed as it says above" "mend it, then run this again: it goes on where it stopped" 1
}

build() {
    command -v swift >/dev/null ||
        cannot "build bedplate" "there is no Swift toolchain" "install Swift 6.2 or later from https://www.swift.org/install/linux/" 64
    say "Building what is missing (the first time takes several minutes) …"
    "$here/scripts/build-release" >&2 || exit 1
}

trial() {
    root=$here/.trial settings=
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
    install_packages
    build
    # shellcheck disable=SC2086 # settings hold no blanks: checked above
    "$here/.build/release/bedplate" trial start --root "$root" --checkout "$here" $settings
}

# The package to install, in $deb: the one that was named, one that lies here, one built here, or the released one.
choose_package() {
    [ -z "$deb" ] || return 0
    for file in "$here"/bedplate_*_amd64.deb; do
        [ -f "$file" ] || continue
        [ -z "$deb" ] || cannot "choose a package" "there is more than one beside this script" "name one with --deb" 64
        deb=$file
    done
    [ -z "$deb" ] || return 0
    if [ -e "$here/Package.swift" ] && command -v swift >/dev/null; then
        packages="$packages binutils python3"
        install_packages
        build
        deb=$here/$("$here/packaging/build-deb" --programs .build/release) || exit 1
    else
        download
    fi
}

# What packaging/release.env names, in $deb. It is data, never run.
download() {
    named() { [ ! -f "$here/packaging/release.env" ] || sed -n "s/^$1=//p" "$here/packaging/release.env"; }
    url=$(named BEDPLATE_URL) sum=$(named BEDPLATE_SHA256)
    if [ -z "$url" ] || [ -z "$sum" ]; then
        cannot "find a package" "none was named, none lies beside this script, and there is no Swift toolchain to build one" \
            "name one with --deb FILE" 64
    fi
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    deb=$folder/bedplate.deb
    say "Fetching $url"
    /usr/lib/apt/apt-helper -qq download-file "$url" "$deb" "SHA256:$sum" >&2 ||
        cannot "fetch $url" "apt could not, or it is not the file of that SHA-256" "check the network, or name one with --deb FILE" 1
}

# That it is our package, whole, and the one its digest names when a digest lies beside it.
verify() {
    [ -f "$deb" ] || cannot "install $deb" "there is no such file" "name a package with --deb FILE" 64
    if [ -f "$deb.sha256" ]; then
        echo "$(cut -d ' ' -f 1 "$deb.sha256")  $deb" | sha256sum --quiet --check - >/dev/null 2>&1 ||
            cannot "install $deb" "it is not the file that its sha256 names" "fetch it again; nothing was changed" 1
    fi
    if [ "$(dpkg-deb --field "$deb" Package 2>/dev/null)" != bedplate ] || ! dpkg-deb --fsys-tarfile "$deb" >/dev/null 2>&1; then
        cannot "install $deb" "it is no whole package of bedplate" "fetch it again; nothing was changed" 1
    fi
}

# Whether this very package is installed already.
is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status} ${Version}' bedplate 2>/dev/null)" = "installed $(dpkg-deb --field "$deb" Version)" ] &&
        dpkg-deb --info "$deb" md5sums | cmp -s - /var/lib/dpkg/info/bedplate.md5sums
}

host() {
    deb='' left=$#
    while [ $left -gt 0 ]; do
        case $1 in
        --deb)
            [ $left -ge 2 ] || cannot "install on this host" "--deb needs a file" "./install.sh --help" 64
            case $2 in /*) deb=$2 ;; *) deb=$PWD/$2 ;; esac
            shift 2
            left=$((left - 2))
            ;;
        *)
            set -- "$@" "$1"
            shift
            left=$((left - 1))
            ;;
        esac
    done
    [ "$(id -u)" -eq 0 ] || cannot "install on this host" "this needs root" "sudo ./install.sh" 64
    choose_package
    verify
    is_installed || apt_install --reinstall "$deb" || cannot "install $deb" "apt-get failed as it says above" "mend it, then run this again" 1
    bedplate install "$@"
}

main() {
    here=$(cd "$(dirname "$0")" && pwd)
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
