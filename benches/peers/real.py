"""Measures the table of the real model: every client extracts short texts with known answers from the
embedded model, through a proxy that counts and that equalises the settings.

The proxy sets the temperature to 0, the seed, and the reply's token limit where the client set none or a
higher one, because not every client can send these.
"""

import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import setup
from scripted import command, same

REASKS = 1
MOST_TOKENS = 96
SEED = 7
# Seconds. A client that takes longer for all prompts is stopped.
SECONDS = 1500

CLIENTS = [
    ("ours-local", "rust", "extract-llm, `Client::local()`"),
    ("ours-json_schema", "rust", "extract-llm, json_schema"),
    ("ours-asked", "rust", "extract-llm, json_schema, `.system(\"Extract what is asked for from the text.\")`"),
    ("ours-tools", "rust", "extract-llm, tools"),
    ("ours-json_object", "rust", "extract-llm, json_object"),
    ("ours-text", "rust", "extract-llm, text"),
    ("plain", "rust", "plain prompt and serde_json"),
    ("rstructor", "rust", "rstructor 0.6.0, json_schema"),
    ("rig-extractor", "rust", "rig 0.44.0 `Extractor`, tool"),
    ("rig-prompt_typed", "rust", "rig 0.44.0 `prompt_typed`, json_schema"),
    ("instructors", "rust", "instructors 1.4.1, json_schema"),
    ("instructor-tools", "python", "instructor 1.17.0, tools"),
    ("instructor-json_schema", "python", "instructor 1.17.0, json_schema"),
    ("instructor-json", "python", "instructor 1.17.0, json"),
    ("instructor-md_json", "python", "instructor 1.17.0, md_json"),
]


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        _, _, client, prompt, *rest = self.path.split("/")
        self.forward("/".join(rest[1:]), None)

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["content-length"]))
        _, _, client, prompt, *rest = self.path.split("/")
        body = json.loads(raw)
        body |= {"temperature": 0, "seed": SEED}
        limit = body.pop("max_completion_tokens", None) or body.get("max_tokens") or MOST_TOKENS
        body["max_tokens"] = min(limit, MOST_TOKENS)
        answer = self.forward("/".join(rest[1:]), json.dumps(body).encode())
        usage = (answer.get("usage") or {}) if isinstance(answer, dict) else {}
        with self.server.lock:
            self.server.log.setdefault((client, prompt), []).append({
                "bytes": len(raw), "input": usage.get("prompt_tokens", 0), "output": usage.get("completion_tokens", 0),
                "request": json.loads(raw), "reply": answer,
            })

    def forward(self, path, body):
        request = urllib.request.Request(f"{self.server.upstream}/{path}", data=body)
        request.add_header("content-type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=300) as reply:
                status, data = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            status, data = error.code, error.read()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        try:
            return json.loads(data)
        except ValueError:
            return data.decode(errors="replace")

    def log_message(self, *_):
        pass


def proxy(upstream):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    server.upstream, server.log, server.lock = upstream, {}, threading.Lock()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Embedded:
    """Runs the embedded model's server while this context is open."""

    def __enter__(self):
        command = ["cargo", "run", "--quiet", "-p", "extract-local", "--example", "serve"]
        self.process = subprocess.Popen(
            command, cwd=setup.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        if " at " not in line:
            raise SystemExit(f"no embedded model: {line}")
        return line.rsplit(" at ", 1)[1].strip()

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(60)


def leaves(value, place=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from leaves(inner, f"{place}/{n}")
    else:
        yield place, value


def fields_right(value, right):
    found = dict(leaves(value))
    return sum(place in found and same(found[place], leaf) for place, leaf in leaves(right))


def measure(names=None):
    prompts = [json.loads(line) for line in (setup.HERE / "prompts.jsonl").read_text().splitlines()]
    rights = {prompt["name"]: prompt["right"] for prompt in prompts}
    file = setup.TARGET / "prompts.jsonl"
    public = [{key: prompt[key] for key in ("name", "type", "prompt")} for prompt in prompts]
    file.write_text("".join(json.dumps(prompt) + "\n" for prompt in public))
    kept = setup.TARGET / "real.json"
    rows = json.loads(kept.read_text()) if names and kept.exists() else {}
    with Embedded() as upstream:
        server = proxy(upstream)
        for name, kind, _ in CLIENTS:
            if names and name not in names:
                continue
            url = f"http://127.0.0.1:{server.server_port}/p/{name}/{{id}}/v1"
            clock = time.monotonic()
            done = subprocess.run(
                [*command(kind), "ask", name, url, str(file), str(REASKS), str(MOST_TOKENS)],
                capture_output=True, text=True, timeout=SECONDS,
            )
            if done.returncode != 0:
                raise SystemExit(f"{name} ended with {done.returncode}:\n{done.stderr[-4000:]}")
            rows[name] = count(name, done.stdout, rights, server.log) | {"seconds": time.monotonic() - clock}
            kept.write_text(json.dumps(rows))
            print(name, {k: v for k, v in rows[name].items() if k != "answers"}, flush=True)
        log = [{"client": c, "prompt": p, "exchanges": e} for (c, p), e in server.log.items()]
        with open(setup.TARGET / "real-log.jsonl", "a" if names else "w", encoding="utf-8") as out:
            out.writelines(json.dumps(one) + "\n" for one in log)
    return rows


def count(name, output, rights, log):
    answers = [json.loads(line) for line in output.splitlines()]
    exchanges = [one for (client, _), asked in log.items() if client == name for one in asked]
    values = [(answer["value"], rights[answer["name"]]) for answer in answers if "value" in answer]
    errors = {}
    for answer in answers:
        if "error" in answer:
            errors[answer["error"]] = errors.get(answer["error"], 0) + 1
    return {
        "prompts": len(answers),
        "right": sum(same(value, right) for value, right in values),
        "wrong": sum(not same(value, right) for value, right in values),
        "fields": sum(fields_right(value, right) for value, right in values),
        "all_fields": sum(len(list(leaves(right))) for right in rights.values()),
        "requests": len(exchanges),
        "sent": sum(one["bytes"] for one in exchanges),
        "input": sum(one["input"] for one in exchanges),
        "output": sum(one["output"] for one in exchanges),
        "errors": errors,
        "answers": answers,
    }


def table(rows):
    lines = [
        "| client | right | wrong value | no value | fields right | requests | tokens in / out | requests per right value | tokens per right value | seconds |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, _, head in CLIENTS:
        if name not in rows:
            continue
        row = rows[name]
        each = row["right"] or None
        errors = ", ".join(f"{n} `{error}`" for error, n in sorted(row["errors"].items())) or "0"
        cells = [
            head, f"{row['right']} of {row['prompts']}", row["wrong"], errors,
            f"{row['fields']} of {row['all_fields']}", row["requests"], f"{row['input']:,} / {row['output']:,}",
            f"{row['requests'] / each:.1f}" if each else "–",
            f"{(row['input'] + row['output']) / each:,.0f}" if each else "–", f"{row['seconds']:.0f}",
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    setup.everything()
    print(table(measure(set(sys.argv[1:]))))
