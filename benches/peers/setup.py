"""Builds the Rust program, and a separate Python environment for the other clients."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Everything that is built or downloaded goes here. The repository ignores this folder.
TARGET = Path(os.environ.get("PEERS_TARGET", ROOT / "target" / "peers"))
VENV = TARGET / "venv"
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
RUST = TARGET / "release" / "peers"


def rust():
    env = os.environ | {"CARGO_TARGET_DIR": str(TARGET)}
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=HERE / "rust", env=env, check=True)


def python():
    wanted = (HERE / "requirements.txt").read_text()
    mark = VENV / "installed.txt"
    if mark.exists() and mark.read_text() == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    subprocess.run(
        [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt"],
        check=True,
    )
    mark.write_text(wanted)


def everything():
    TARGET.mkdir(parents=True, exist_ok=True)
    python()
    rust()
