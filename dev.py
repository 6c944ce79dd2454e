#!/usr/bin/env python3
"""Everything a developer runs, in one place. Needs nothing but Python 3.11 to 3.13: the first call makes `.venv`.

python3 dev.py demo [--once] [...]        a made-up company, end to end (arguments go to `accountpulse demo`)
python3 dev.py test [--all] [-- ...]      what a change must pass; --all adds the slow tests, and Spark; after --, pytest's
python3 dev.py lint                       style, formatting, and the walls between the packages
python3 dev.py types                      mypy
python3 dev.py bench [NAME] [...]         a benchmark; without a name, which there are
python3 dev.py chaos [--rounds N] [...]   workers are killed at random while they work; in the end nothing may be missing
python3 dev.py load events|queries [...]  load on a real server; nothing may be lost, refused, or wait for a lock in vain
python3 dev.py audit                      the API against GraphQL over HTTP, by the audits of npm's graphql-http
"""

# Written so that an old Python still gets as far as the advice below.
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
MARKER = VENV / "accountpulse-installed"
SPARK_LOCK = "requirements.spark.lock"
SPARK_MARKER = VENV / "accountpulse-spark-installed"
WINDOWS = os.name == "nt"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
OLDEST, NEWEST = (3, 11), (3, 13)
IMPORT_LINTER = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def say(text):
    print(text, file=sys.stderr, flush=True)


def give_up(text):
    say(f"error: {text}")
    sys.exit(2)


# --- the environment ----------------------------------------------------------------------------------------------------


def check_python():
    version = sys.version_info[:2]
    if OLDEST <= version <= NEWEST:
        return
    others = [name for name in ("python3.13", "python3.12", "python3.11") if shutil.which(name) and runs(name)]
    if others:
        advice = "run: " + " ".join([others[0], *sys.argv])
    else:
        advice = "install one, such as with: apt install python3.11, brew install python@3.13, or https://www.python.org"
    give_up(f"this is Python {version[0]}.{version[1]}; AccountPulse needs 3.{OLDEST[1]} to 3.{NEWEST[1]}; {advice}")


def check_venv():
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        give_up(
            "this Python comes without venv or ensurepip, which Debian and Ubuntu package separately; "
            f"run: apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv (or python3-venv), then try again"
        )


def fingerprint(*names):
    parts = [(ROOT / name).read_bytes() for name in names]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def runs(python):
    """Whether a Python starts: a version manager's stand-in may not, nor may one whose base was upgraded away."""
    try:
        return subprocess.run([str(python), "-c", ""], capture_output=True).returncode == 0
    except OSError:
        return False


def prepare():
    """Make the virtual environment, and install into it what changed. All output goes to stderr."""
    if not runs(PYTHON):
        check_python()
        check_venv()
        say("making .venv")
        if subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], stdout=sys.stderr).returncode:
            give_up("the virtual environment could not be made; the lines above say why (Debian: apt install python3-venv)")
    wanted = fingerprint("requirements.lock", "pyproject.toml")
    if MARKER.exists() and MARKER.read_text() == wanted:
        return
    MARKER.unlink(missing_ok=True)
    say("installing requirements.lock into .venv (once; it takes a minute or two)")
    install(["--require-hashes", "-r", str(ROOT / "requirements.lock")])
    install(["--no-deps", "--no-build-isolation", "-e", str(ROOT)])
    MARKER.write_text(wanted)


def prepare_spark():
    """Install Spark, too: 400 MB that only its own tests and benchmark need."""
    wanted = fingerprint(SPARK_LOCK)
    if SPARK_MARKER.exists() and SPARK_MARKER.read_text() == wanted:
        return
    SPARK_MARKER.unlink(missing_ok=True)
    say(f"installing {SPARK_LOCK} into .venv (once; 400 MB, which take a minute or two)")
    install(["--require-hashes", "-r", str(ROOT / SPARK_LOCK)])
    SPARK_MARKER.write_text(wanted)


def install(arguments):
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    if subprocess.run(pip + arguments, stdout=sys.stderr, cwd=str(ROOT)).returncode:
        give_up("the installation failed; the lines above say why (a network or a package mirror is needed once)")


# --- the commands -------------------------------------------------------------------------------------------------------


def module(*arguments):
    """A module of the environment. -P: nothing in the current directory may shadow a library (our own `graphql` would)."""
    return [str(PYTHON), "-P", "-m", *arguments]


def become(command):
    """Run a command instead of this one, so that Ctrl-C and the exit code are its own."""
    sys.stdout.flush()
    if not WINDOWS:
        os.execv(command[0], command)
    sys.exit(subprocess.run(command).returncode)


def keep_bytecode():
    """Let processes that are started keep bytecode: without it, each of them would compile all of the package again."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def run_all(steps):
    """Run every step, even after one has failed; exit with the first code that isn't 0."""
    failed = []
    for name, command in steps:
        say(f"--- {name}")
        code = subprocess.run(command, cwd=str(ROOT)).returncode
        if code:
            failed.append((name, code))
    if failed:
        say("failed: " + ", ".join(name for name, _ in failed))
        sys.exit(failed[0][1])
    say("all passed")


def lint_steps(arguments=()):
    return [
        ("ruff check", module("ruff", "check", *arguments)),
        ("ruff format --check", module("ruff", "format", "--check")),
        ("lint-imports", [str(PYTHON), "-P", "-c", IMPORT_LINTER]),
    ]


def demo(arguments):
    become(module("accountpulse", "demo", *arguments))


def test(arguments):
    everything = "--all" in arguments
    for_pytest = [each for each in arguments if each not in ("--all", "--")]
    select = [] if everything else ["-m", "not slow"]
    if everything:
        prepare_spark()
    keep_bytecode()  # hundreds of tests start Python anew
    workers = ["-n", "auto", "--dist", "worksteal"]  # pytest's own -n among the arguments comes later and wins
    run_all([*lint_steps(), ("mypy", module("mypy")), ("pytest", module("pytest", *workers, *select, *for_pytest))])


def lint(arguments):
    run_all(lint_steps(arguments))


def types(arguments):
    os.chdir(str(ROOT))
    become(module("mypy", *arguments))


def bench(arguments):
    if arguments[:1] == ["engines"]:
        prepare_spark()
    os.environ["PYTHONPATH"] = str(ROOT)  # the benchmarks lie with the tests
    keep_bytecode()
    become(module("tests.benchmarks", *arguments))


def chaos(arguments):
    os.environ["PYTHONPATH"] = str(ROOT)  # it lies with the tests
    keep_bytecode()
    become(module("tests.reliability", *arguments))


def load(arguments):
    os.environ["PYTHONPATH"] = str(ROOT)  # it lies with the tests
    keep_bytecode()
    become(module("tests.load", *arguments))


def audit(arguments):
    os.environ["PYTHONPATH"] = str(ROOT)  # the audit lies with the tests
    become(module("tests.audit", *arguments))


COMMANDS = {
    "demo": demo,
    "test": test,
    "lint": lint,
    "types": types,
    "bench": bench,
    "chaos": chaos,
    "load": load,
    "audit": audit,
}


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        sys.exit(0 if len(sys.argv) > 1 else 2)
    command = COMMANDS.get(sys.argv[1])
    if command is None:
        give_up(f"there is no command {sys.argv[1]!r}; commands are: {', '.join(COMMANDS)}")
    try:
        prepare()
        command(sys.argv[2:])
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
