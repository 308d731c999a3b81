#!/bin/sh
# bootstrap.sh run|dev: find a Python and let setup_env.py bring .venv up to date.
# PYTHON names one; otherwise the first that starts and is new enough, or any, which then says what is missing.
cd "$(dirname "$0")/.." || exit 1

starts() { "$1" -c "$2" >/dev/null 2>&1; }

if [ -n "$PYTHON" ]; then
    starts "$PYTHON" "" || { echo "PYTHON=$PYTHON does not start: name a Python 3.11 or newer." >&2; exit 1; }
    exec "$PYTHON" scripts/setup_env.py "$@"
fi
for candidate in python3.14 python3.13 python3.12 python3.11 python3 python; do
    if starts "$candidate" "import sys; sys.exit(sys.version_info < (3, 11))"; then
        exec "$candidate" scripts/setup_env.py "$@"
    fi
    if [ -z "$old" ] && starts "$candidate" ""; then old=$candidate; fi
done
[ -n "$old" ] && exec "$old" scripts/setup_env.py "$@"
echo "Triptyque needs Python 3.11 or newer, and none was found: install it, or name one: make PYTHON=/path/to/python3.11 <target>." >&2
exit 1
