"""Measures the table of streams: the CPU time of a client's process to consume a whole stream with partial
values, from 1 KB to 1 MB, in deltas of 4, 16 and 64 bytes.

The server sends as fast as the loopback accepts. A cell that takes more than 60 s of CPU is stopped, and
the larger cells of its row are skipped.
"""

import json
import math
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import setup
from scripted import command

KB = 1024
SIZES = [1 * KB, 4 * KB, 16 * KB, 64 * KB, 256 * KB, 1024 * KB]
PIECES = [4, 16, 64]
MOST_CPU = 60

CLIENTS = [
    ("baseline", "rust", "none (deltas joined, read once), Rust"),
    ("ours", "rust", "extract-llm `stream`, typed, updated in place"),
    ("rstructor", "rust", "rstructor 0.6.0 `materialize_stream`, untyped"),
    ("baseline-python", "python", "none (deltas joined, read once), Python"),
    ("instructor", "python", "instructor 1.17.0 `create_partial`, async"),
    ("baml", "python", "BAML 0.226.3 `b.stream`, Python"),
    ("baml-every", "python", "BAML 0.226.3 `b.parse_stream` at every delta, no transport"),
]


def reply(size):
    """Returns a log of at most `size` bytes, short of it by less than one entry."""
    log = {"heading": "What happened in the warehouse", "entries": []}
    length, n = len(json.dumps(log)), 0
    while True:
        entry = {
            "name": f"Entry {n}", "note": f"Shelf {n % 17} was counted twice, and article A-{n:05} is short.",
            "amount": n * 1.25, "tags": ["counted", f"row-{n % 9}"],
        }
        length += len(json.dumps(entry)) + 2
        if length > size and n:
            return json.dumps(log)
        log["entries"].append(entry)
        n += 1


class Stream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        size, piece = map(int, self.path.split("/")[2].split("-"))
        text = reply(size)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            self.event({"role": "assistant", "content": ""})
            for n in range(0, len(text), piece):
                self.event({"content": text[n:n + piece]})
            self.event({}, "stop")
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            pass  # the client was ended

    def event(self, delta, finish=None):
        chunk = {
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1763000000, "model": "scripted",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        self.wfile.write(b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n")

    def log_message(self, *_):
        pass


def serve():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stream)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def generated():
    """Generates the BAML client and returns its folder."""
    home = setup.TARGET / "baml"
    (home / "baml_src").mkdir(parents=True, exist_ok=True)
    shutil.copy(setup.HERE / "log.baml", home / "baml_src" / "log.baml")
    subprocess.run([setup.PYTHON.parent / "baml-cli", "generate"], cwd=home, check=True, stdout=subprocess.DEVNULL)
    return home


class Client:
    """Runs a process that consumes one stream after the other."""

    def __init__(self, name, kind, url, home):
        env = os.environ | {"PYTHONPATH": str(home), "BAML_LOG": "off"}
        self.process = subprocess.Popen(
            [*command(kind), "stream", name, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )

    def consume(self, case):
        """Returns the stream's times, or `None` if it exceeded the limit. Ends the process in that case."""
        over = threading.Event()
        watch = threading.Thread(target=self.watch, args=(over, self.cpu()), daemon=True)
        watch.start()
        self.process.stdin.write(case + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        over.set()
        watch.join()
        if line:
            return json.loads(line)
        if self.process.wait() >= 0:
            raise SystemExit(f"{self.process.args} ended with {self.process.returncode}")
        return None

    def watch(self, over, start):
        while not over.wait(0.25):
            if self.cpu() - start > MOST_CPU:
                self.process.kill()
                return

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def measure(names=None):
    server, home = serve(), generated()
    kept = setup.TARGET / "streams.json"
    rows = json.loads(kept.read_text()) if names and kept.exists() else {}
    url = f"http://127.0.0.1:{server.server_port}/t/{{id}}/v1"
    for name, kind, _ in CLIENTS:
        if names and name not in names:
            continue
        rows[name] = {}
        for piece in PIECES:
            client = Client(name, kind, url, home)
            client.consume(f"{KB}-64")  # what is only done once in a process
            for size in SIZES:
                took = client.consume(f"{size}-{piece}")
                rows[name][f"{size}-{piece}"] = took
                if took is None:
                    break
                print(name, size, piece, took, flush=True)
            else:
                client.end()
        kept.write_text(json.dumps(rows))
    return rows


def growth(row, piece):
    """Returns the exponent of the time's growth with the size, over the two largest sizes of the row."""
    done = [(size, row[f"{size}-{piece}"]["cpu"]) for size in SIZES if row.get(f"{size}-{piece}")]
    (small, fast), (large, slow) = done[-2:]
    return f"size^{math.log(slow / fast) / math.log(large / small):.2f}"


def table(rows):
    heads = " | ".join(f"{size // KB} KB" for size in SIZES)
    lines = [f"| client | bytes per delta | {heads} | growth | partials at 16 KB |", "|---" * (len(SIZES) + 4) + "|"]
    for name, _, head in CLIENTS:
        for piece in PIECES if name in rows else []:
            cells, over = [], False
            for size in SIZES:
                took = rows[name].get(f"{size}-{piece}")
                cells.append("not started" if over else "> 60 s" if took is None else f"{took['cpu']:.3f} s")
                over = over or took is None
            seen = rows[name].get(f"{16 * KB}-{piece}")
            seen = f"{seen['partials']:,} of {-(-len(reply(16 * KB)) // piece):,}" if seen else "–"
            lines.append(f"| {head} | {piece} | " + " | ".join(cells) + f" | {growth(rows[name], piece)} | {seen} |")
    return "\n".join(lines)


if __name__ == "__main__":
    setup.everything()
    print(table(measure(set(sys.argv[1:]))))
