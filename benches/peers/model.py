"""Stands in for a model over HTTP. It corrects exactly the defects that feedback names, and nothing else.

It serves Chat Completions. Every client and case has its own base URL, `/s/<client>/<case>/v1`, and so
its own conversation. The first reply has the case's fault, in the mode that the client asks for: in the
arguments of the tool call, or in the text. Afterwards the model reads the text that the client added to
its first request, without the model's own earlier replies:

- Nothing added: it sends the same reply again.
- The addition names a defect's field, wrong value or message: that defect is corrected, the others stay.
- A fault of the surface (fence, comma) is corrected after any complaint.
- A case may never be corrected. A refusal stays. A cut reply is cut again, unless the client now
  allows more tokens than before.

A verbatim quote of 20 characters or more from the reply (ignoring white space) does not count as naming
the defects in it: a client that only repeats the reply has not said what is wrong.
"""

import json
import re
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cases

QUOTE = 20
REFUSAL = "I'm sorry, but I can't help with that."


def tokens(text):
    """Returns the token count by this table's rule: one token per four bytes of UTF-8, rounded up."""
    return -(-len(text.encode()) // 4)


def words_of(content):
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content or [] if isinstance(part, dict))


def said(body):
    """Returns the text of every message in the request that is not the model's."""
    return [words_of(m.get("content")) for m in body["messages"] if m.get("role") != "assistant"]


def added(first, now):
    """Returns the text added since the first request: new messages, and the growth of older ones."""
    rest = []
    for n, text in enumerate(now):
        if n < len(first) and text.startswith(first[n]):
            text = text[len(first[n]):]
        rest.append(text)
    return "\n".join(text for text in rest if text)


def squeeze(text):
    return "".join(text.split())


def without_quotes(text, reply):
    """Returns the lines of the text without long verbatim quotes of the reply."""
    kept, whole = [], squeeze(reply)
    for line in text.split("\n"):
        n, out = 0, []
        bare = squeeze(line)
        while n < len(bare):
            end = n
            while end < len(bare) and bare[n:end + 1] in whole:
                end += 1
            if end - n < QUOTE:
                end = max(end, n + 1)
                out.append(bare[n:end])
            n = end
        kept.append("".join(out))
    return "\n".join(kept)


def tool_of(body):
    """Returns the tool to call: the one that `tool_choice` names, else the first."""
    choice = body.get("tool_choice")
    named = choice.get("function", choice).get("name") if isinstance(choice, dict) else None
    functions = [tool["function"] for tool in body["tools"]]
    return next((function for function in functions if function["name"] == named), functions[0])


def schema_of(body):
    if body.get("tools"):
        return tool_of(body).get("parameters") or {}
    form = body.get("response_format") or {}
    return (form.get("json_schema") or {}).get("schema") or {}


class Talk:
    """Holds one conversation of one client about one case."""

    def __init__(self, case):
        self.case = case
        self.left = list(case.defects)
        self.surface = case.surface
        self.first = None
        self.limit = None
        self.reply = None
        self.log = []

    def hear(self, body):
        now = said(body)
        if self.first is None:
            self.first = now
            self.limit = limit_of(body)
        told = without_quotes(added(self.first, now), self.reply or "")
        if told and self.surface != "stubborn":
            self.left = [d for d in self.left if not any(squeeze(w) in told for w in d.words)]
            if self.surface in ("fence", "comma"):
                self.surface = None
        raised = limit_of(body)
        if self.surface == "cut" and raised and (self.limit or 0) < raised and self.reply:
            self.surface = None
        return told

    def say(self, body):
        """Returns the reply's text and its finish reason."""
        whole = cases.spoil(self.case.right, self.left)
        text = cases.written(asked_for(body, whole, self.case.right))
        match self.surface:
            case "fence":
                text = f"```json\n{text}\n```"
            case "comma":
                text = text[:-1] + ",}"
            case "cut":
                return text[: len(text) * 3 // 5], "length"
            case "refusal":
                return REFUSAL, "stop"
        return text, "stop"

    def answer(self, raw):
        body = json.loads(raw)
        told = self.hear(body)
        text, finish = self.say(body)
        self.reply = text
        refused = self.surface == "refusal"
        message = {"role": "assistant", "content": None if refused else text, "refusal": text if refused else None}
        if body.get("tools") and not refused:
            name = tool_of(body)["name"]
            call = {"id": f"call_{len(self.log)}", "type": "function", "function": {"name": name, "arguments": text}}
            message |= {"content": None, "tool_calls": [call]}
            finish = "tool_calls" if finish == "stop" else finish
        usage = {"prompt_tokens": tokens(raw.decode()), "completion_tokens": tokens(text)}
        usage["total_tokens"] = sum(usage.values())
        self.log.append({
            "bytes": len(raw), "tokens": tokens(text), "request": body, "reply": text, "told": told,
            "left": [d.pointer for d in self.left],
        })
        return {
            "id": f"chatcmpl-{len(self.log)}", "object": "chat.completion", "created": 1763000000,
            "model": body.get("model", "scripted"), "usage": usage,
            "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        }


def limit_of(body):
    return body.get("max_completion_tokens") or body.get("max_tokens")


def asked_for(body, whole, right):
    """Returns the whole value. If the schema's members name parts by JSON pointers in their descriptions,
    returns these parts."""
    properties = schema_of(body).get("properties") or {}
    if not properties or properties.keys() <= right.keys():
        return whole
    return {name: part(whole, schema) for name, schema in properties.items()}


def part(whole, schema):
    pointer = re.search(r"(?:/[^\s/:.,]+)+", schema.get("description", ""))
    parent, step = cases.at(whole, pointer[0])
    return parent[step]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["content-length"]))
        _, _, client, case, *rest = self.path.split("/")
        if rest != ["v1", "chat", "completions"]:
            return self.send(404, {"error": {"message": f"no such path: {self.path}", "type": "not_found"}})
        with self.server.lock:
            talk = self.server.talks.setdefault((client, case), Talk(cases.CASES[case]))
            try:
                answer = talk.answer(raw)
            except Exception:
                self.server.broken = self.server.broken or f"{client}, {case}: {traceback.format_exc()}"
                return self.send(400, {"error": {"message": "this stand-in is broken", "type": "broken"}})
        self.send(200, answer)

    def send(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def serve():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.talks, server.lock, server.broken = {}, threading.Lock(), None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
