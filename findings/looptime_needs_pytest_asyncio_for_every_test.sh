#!/usr/bin/env bash
# looptime (virtual time for asyncio loops): its pytest plugin looks up what pytest-asyncio keeps in the session, for every
# test and whether or not a test uses a loop. It does not depend on pytest-asyncio, so that in an environment with pytest
# and looptime alone the plainest test is an error. It meets whoever tests bots on virtual time with another async plugin.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check looptime==0.9 pytest==9.2.0
echo 'def test_nothing(): pass' > "$folder/test_plain.py"
"$folder/venv/bin/pip" list --disable-pip-version-check 2>/dev/null | grep -iE '^(looptime|pytest|pytest-asyncio) '
status=0; said=$(cd "$folder" && venv/bin/python -m pytest -q test_plain.py 2>&1) || status=$?
echo "$said" | grep -E 'Error|error|passed|failed' | sort -u | tail -5
[ "$status" -ne 0 ] && echo "$said" | grep -q 'AttributeError'
said=$(cd "$folder" && venv/bin/python -m pytest -q -p no:looptime test_plain.py 2>&1)
echo "$said" | tail -1
echo "$said" | grep -q '1 passed'
