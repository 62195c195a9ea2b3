#!/bin/bash
# What the tests use besides Python packages. Says first what it will install and why; installs only what is missing.
# Without root and without sudo it names what is missing and goes on: those tests are skipped (and fail when CI is set).
set -euo pipefail
cd "$(dirname "$0")/.."

# program-or-file | Debian package | what for
needs='
chromium|chromium|the browser tests
/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf|fonts-noto-core|their screenshots
libatomic.so.1|libatomic1|the driver of the browser tests
postgres|postgresql|every database test runs on SQLite and on PostgreSQL
baresip|baresip-core|a telephone with sound
espeak-ng|espeak-ng|spoken prompts
curl|curl|the commands of docs/api.md are run as they stand there
mmdebstrap|mmdebstrap|unpacking Asterisk without installing it
redis-benchmark|redis-tools|the peer of the bench
sipp|sip-tester|the telephones of the bench beside app_queue
'
there() {
    case $1 in
        /*) [ -e "$1" ] ;;
        *.so.*) PATH=$PATH:/sbin:/usr/sbin ldconfig -p | grep -F "$1" >/dev/null ;;
        postgres) compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null ;;
        *) command -v "$1" >/dev/null ;;
    esac
}
missing=()
while IFS='|' read -r program package why; do
    [ -n "$program" ] || continue
    there "$program" && continue
    missing+=("$package")
    echo "test: $package is missing ($why)"
done <<<"$needs"
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "test: this machine has no apt; install them yourself. The tests that need them are skipped."
    exit 0
fi
become=()
if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then become=(sudo -n)
    elif [ -t 0 ] && command -v sudo >/dev/null; then become=(sudo)
    else
        echo "test: neither root nor sudo; the tests that need them are skipped. To install them:"
        echo "      apt-get install --no-install-recommends ${missing[*]}"
        exit 0
    fi
fi
echo "test: installing with apt: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# A package list from yesterday may name files that the archive no longer has.
"${become[@]}" apt-get update -qq </dev/null || true
"${become[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/tmp/suar-apt.log 2>&1 || {
    tail -20 /tmp/suar-apt.log
    echo "test: apt did not install them; the tests that need them are skipped." >&2
}
