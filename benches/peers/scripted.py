"""Measures the scripted table: the cost of each fault for each client until it has a value or gives up."""

import json
import subprocess

import cases
import model
import setup

REASKS = 3

# Name, driver, column heading.
CLIENTS = [
    ("ours-json_schema", "rust", "extract-llm, json_schema"),
    ("ours-tools", "rust", "extract-llm, tools"),
    ("rstructor", "rust", "rstructor 0.6.0, json_schema"),
    ("rig-extractor", "rust", "rig 0.44.0 `Extractor`, tool"),
    ("rig-prompt_typed", "rust", "rig 0.44.0 `prompt_typed`, json_schema"),
    ("instructors", "rust", "instructors 1.4.1, json_schema"),
    ("instructor-tools", "python", "instructor 1.17.0, tools"),
    ("instructor-json_schema", "python", "instructor 1.17.0, json_schema"),
]


def command(kind):
    if kind == "rust":
        return [str(setup.RUST)]
    return [str(setup.PYTHON), str(setup.HERE / "instructor_peer.py")]


def same(a, b):
    """Returns whether two values are equal as JSON: 3 equals 3.0, but true does not equal 1."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b or isinstance(a, (int, float)) and isinstance(b, (int, float)) and a == b


def outcome(answer, right):
    if "error" in answer:
        return f"`{answer['error']}`"
    return "right" if same(answer["value"], right) else "**wrong value accepted**"


def measure():
    server = model.serve()
    file = setup.TARGET / "cases.jsonl"
    file.write_text("".join(json.dumps(case.public(name)) + "\n" for name, case in cases.CASES.items()))
    rows, log = {}, []
    for name, kind, _ in CLIENTS:
        url = f"http://127.0.0.1:{server.server_port}/s/{name}/{{id}}/v1"
        done = subprocess.run(
            [*command(kind), "ask", name, url, str(file), str(REASKS)], capture_output=True, text=True, timeout=600
        )
        if done.returncode != 0:
            raise SystemExit(f"{name} ended with {done.returncode}:\n{done.stderr[-4000:]}")
        if server.broken:
            raise SystemExit(server.broken)
        for line in done.stdout.splitlines():
            answer = json.loads(line)
            case = answer["name"]
            talk = server.talks.get((name, case))
            asked = talk.log if talk else []
            rows[name, case] = {
                "requests": len(asked),
                "sent": sum(one["bytes"] for one in asked),
                "tokens": sum(one["tokens"] for one in asked),
                "outcome": outcome(answer, cases.CASES[case].right),
            }
            log.append({"client": name, "case": case, "answer": answer, "talk": asked})
    (setup.TARGET / "scripted.json").write_text(json.dumps(log, indent=1, ensure_ascii=False))
    return rows


def table(rows):
    lines = ["| fault | " + " | ".join(head for *_, head in CLIENTS) + " |", "|---" * (len(CLIENTS) + 1) + "|"]
    for case, what in cases.CASES.items():
        cells = []
        for name, *_ in CLIENTS:
            row = rows[name, case]
            cells.append(f"{row['requests']} · {row['sent']:,} · {row['tokens']:,}<br>{row['outcome']}")
        lines.append(f"| {what.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    setup.everything()
    print(table(measure()))
