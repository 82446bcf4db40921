"""Runs the measurements and prints their tables: `python3 benches/peers/run.py [scripted] [real] [streams]`.

Without a name, it runs all three. With `UPDATE_DOCS=1` the tables also replace those in docs/, between the
lines `<!-- peers: NAME -->` and `<!-- end of NAME -->`.
"""

import datetime
import os
import platform
import subprocess
import sys

import real
import scripted
import setup
import streams

TABLES = {"scripted": scripted, "real": real, "streams": streams}


def machine():
    """Returns one line that names the machine, the system and the date."""
    model = "unknown processor"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            model = next(line.split(":", 1)[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return (
        f"{datetime.date.today():%-d %B %Y}, {os.cpu_count()} cores of {model}, {platform.system()}, "
        f"Rust {rustc}, Python {platform.python_version()}."
    )


def write(name, text):
    """Replaces the named table in every page of docs/ that has its markers."""
    begin, end = f"<!-- peers: {name} -->\n", f"<!-- end of {name} -->"
    for page in (setup.ROOT / "docs").glob("*.md"):
        old = page.read_text(encoding="utf-8")
        if begin in old:
            head, rest = old.split(begin, 1)
            page.write_text(head + begin + text + "\n" + end + rest.split(end, 1)[1], encoding="utf-8")
            print(f"written to {page.relative_to(setup.ROOT)}")
            return
    raise SystemExit(f"no page in docs/ has the line {begin}")


def main():
    names = sys.argv[1:] or list(TABLES)
    setup.everything()
    for name in names:
        rows = TABLES[name].measure()
        text = f"{TABLES[name].table(rows)}\n\n{machine()}"
        print(f"\n## {name}\n\n{text}\n")
        if os.environ.get("UPDATE_DOCS") == "1":
            write(name, text)


if __name__ == "__main__":
    main()
