"""Measures the forms of asking: our own modes extract texts of `asking.jsonl` from the embedded model.

Forms are chosen on the half `choose` and reported on the half `report`, which nothing was chosen on:
`python3 asking.py [choose|report] [client …]`
"""

import json
import subprocess
import sys

import real
import setup
from scripted import command

CLIENTS = {
    "ours-json_schema": "json_schema",
    "ours-tools": "tools",
    "ours-json_object": "json_object",
    "ours-text": "text",
}


def prompts(half):
    types = json.loads((setup.HERE / "asking_types.json").read_text())
    for line in (setup.HERE / "asking.jsonl").read_text().splitlines():
        prompt = json.loads(line)
        if prompt["half"] == half:
            yield prompt | {"schema": types[prompt["type"]]}


def named_values(answers, asked):
    """Returns how many values hold the name of their type, which is also the name of the function."""
    titles = {one["name"]: one["schema"]["title"].lower() for one in asked}
    values = [answer for answer in answers if "value" in answer]
    return sum(
        titles[answer["name"]] in [str(leaf).lower() for _, leaf in real.leaves(answer["value"])]
        for answer in values
    )


def measure(half, names):
    asked = list(prompts(half))
    rights = {prompt["name"]: prompt["right"] for prompt in asked}
    file = setup.TARGET / "asking.jsonl"
    sent = ("name", "type", "prompt", "schema")
    file.write_text("".join(json.dumps({key: one[key] for key in sent}) + "\n" for one in asked))
    print("| mode | right | wrong value | of them a type's name | no value | tokens in / out |\n|---|---|---|---|---|---|")
    with real.Embedded() as upstream:
        server = real.proxy(upstream)
        for name in names:
            url = f"http://127.0.0.1:{server.server_port}/p/{name}/{{id}}/v1"
            done = subprocess.run(
                [*command("rust"), "ask", name, url, str(file), str(real.REASKS), str(real.MOST_TOKENS)],
                capture_output=True, text=True, timeout=real.SECONDS, check=True,
            )
            row = real.count(name, done.stdout, rights, server.log)
            cells = [
                CLIENTS[name], f"{row['right']} of {row['prompts']}", row["wrong"],
                named_values(row["answers"], asked), sum(row["errors"].values()),
                f"{row['input']:,} / {row['output']:,}",
            ]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    setup.rust()
    half, *names = sys.argv[1:] or ["report"]
    measure(half, names or CLIENTS)
