#!/bin/bash
# Unpacks Asterisk 22 from the Debian archive into a cache folder: nothing is installed, nothing runs as another user.
# suar runs it from there with the folder's own loader and libraries, on any distribution with mmdebstrap.
#
# usage: asterisk-root.sh           make it if it is not there
#        asterisk-root.sh --where   print the folder; exit code 1 when there is none
#
# Your own Asterisk tree: SUAR_ASTERISK_ROOT. Cache: SUAR_CACHE (~/.cache/suar). Suites tried: SUAR_ASTERISK_SUITES.
set -euo pipefail
cache=${SUAR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/suar}
wanted=22
recipe=1 # raise it when what is unpacked or pruned below changes

say() { echo "asterisk: $*" >&2; }

where() {
    if [ -n "${SUAR_ASTERISK_ROOT:-}" ]; then echo "$SUAR_ASTERISK_ROOT"; return; fi
    local found
    found=$(find "$cache" -mindepth 2 -maxdepth 2 -name ".recipe-$recipe" -path "*/asterisk-$wanted.*" 2>/dev/null | sort -V | tail -1)
    [ -n "$found" ] && dirname "$found"
}

if [ "${1:-}" = --where ]; then where; exit; fi
if root=$(where); then say "ready in $root"; exit 0; fi

otherwise="Use containers instead: deploy/compose.yaml."
if ! command -v mmdebstrap >/dev/null; then
    say "mmdebstrap is needed (apt-get install mmdebstrap). $otherwise"
    exit 1
fi

# The archive is the one this machine already uses; no address stands in this file.
mirror() {
    local lists=(/etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list)
    cat "${lists[@]}" 2>/dev/null | awk '
        $1 == "URIs:" { for (i = 2; i <= NF; i++) print $i }
        $1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]+:\/\//) { print $i; break } }' |
        grep -E '/debian/?$' | head -1 || true
}
archive=$(mirror)
if [ -z "$archive" ]; then
    say "this machine has no Debian archive among its apt sources. $otherwise"
    exit 1
fi

# Root needs no help; others need user namespaces, or the package fakechroot.
mode=auto
[ "$(id -u)" = 0 ] && mode=root
mkdir -p "$cache"
exec 9>"$cache/.asterisk-lock"
flock 9 # two checkouts at once: the second finds the first one's work
if root=$(where); then say "ready in $root"; exit 0; fi
work=$(mktemp -d "$cache/.unpacking-XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

unpack() {
    mmdebstrap --quiet --mode="$mode" --variant=extract --format=directory \
        --include=asterisk,asterisk-core-sounds-en-gsm,asterisk-core-sounds-en-wav,libc6 \
        --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
        --aptopt='Acquire::Retries "3"' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        "$1" "$work/root" "$archive" 2>"$work/errors"
}

# What the unpacked program says of itself: this also proves that it runs here.
says_version() {
    local loader libraries
    loader=$(find "$1"/usr/lib* -maxdepth 2 -name 'ld-linux-*.so.?' | head -1)
    libraries=$(dirname "$(find "$1"/usr/lib -maxdepth 2 -type d -name asterisk -path '*-linux-gnu*' | head -1)")
    "$loader" --library-path "$libraries:$libraries/asterisk" "$1/usr/sbin/asterisk" -V 2>/dev/null |
        sed -n 's/^Asterisk \([0-9.]*\).*/\1/p'
}

say "unpacking Asterisk $wanted (about 50 MB to fetch, 270 MB on disk, one to two minutes)"
for suite in ${SUAR_ASTERISK_SUITES:-forky sid}; do
    rm -rf "$work/root"
    if ! unpack "$suite"; then
        say "not from $suite: $(tail -1 "$work/errors")"
        continue
    fi
    version=$(says_version "$work/root")
    case $version in
        "$wanted".*) ;;
        '') say "the Asterisk of $suite does not run on this machine"; continue ;;
        *) say "$suite has Asterisk $version, not $wanted"; continue ;;
    esac
    root=$work/root
    # Not needed to run; some of it names the archive.
    rm -rf "$root"/etc/apt "$root"/var/lib/apt "$root"/var/cache "$root"/var/lib/dpkg "$root"/boot "$root"/dev "$root"/proc \
        "$root"/usr/share/{info,lintian,bash-completion,zsh,perl5} "$root"/usr/lib/*-linux-gnu/perl* "$root"/usr/share/perl*
    touch "$root/.recipe-$recipe"
    rm -rf "$cache/asterisk-$version"
    mv "$root" "$cache/asterisk-$version"
    say "ready in $cache/asterisk-$version"
    exit 0
done
if [ "$(id -u)" != 0 ]; then
    say "without root, mmdebstrap needs unprivileged user namespaces or the package fakechroot."
fi
say "could not be unpacked. $otherwise"
exit 1
