"""Does what a page of the documentation tells its reader, block by block, and says where it does not go as written.

It runs as root of a network and a mount namespace of its own, since pages use the default ports and /etc/hosts:
    unshare --net --mount --pid --fork --kill-child python3 docs.py PAGE PATHS-AS-JSON
CONTRIBUTING.md says what it does with a block.
"""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
import alone  # noqa: E402

PAGE, PATHS = sys.argv[1], json.loads(sys.argv[2])
WORK, REPOSITORY = Path(PATHS["work"]), Path(PATHS["repository"])
# How long a block may take, on a busy machine too.
PATIENCE = 300
FENCE = re.compile(r"```(\w*)$")
REMARK = re.compile(r"<!-- test: (file|page|run|skip|background)\b(.*)")


def main():
    alone.begin(WORK)
    reader = Reader()
    blocks = list(read(REPOSITORY / PAGE))
    if not any(block.kind == "sh" and block.text.startswith("thingsmith serve") for block in blocks):
        reader.start_server()
    done = 0
    for block in blocks:
        done += reader.follow(block)
    print(json.dumps({"commands": done}))


class Block:
    """A block of a page, and what a comment above it says."""

    def __init__(self, place, kind, remark, text):
        self.place, self.kind, self.remark, self.text = place, kind, remark, text


def read(path):
    """The blocks of a page, and the commands in its comments."""
    remark, lines = ("", ""), enumerate(path.read_text().splitlines(), 1)
    for number, line in lines:
        said, fence = REMARK.match(line.strip()), FENCE.match(line.strip())
        if said and said[1] == "run":
            yield Block((path, number + 1), "sh", ("", ""), "\n".join(until(lines, "-->")))
        elif said and said[1] == "page":
            yield from read(path.parent / said[2].removesuffix("-->").strip())
        elif said:
            remark = (said[1], said[2].removesuffix("-->").strip())
            name, of, page = remark[1].partition(" of ")
            if remark[0] == "file" and of:
                [text] = [block.text for block in read(path.parent / page) if block.remark == ("file", name)]
                yield Block((path, number), "", ("file", name), text)
                remark = ("", "")
        elif fence:
            indent = len(line) - len(line.lstrip())
            text = "\n".join(line[indent:] for line in until(lines, "```"))
            yield Block((path, number + 1), fence[1], remark, text)
            remark = ("", "")


def until(lines, end):
    for _, line in lines:
        if line.strip() == end:
            return
        yield line


class Reader:
    """Somebody at a shell who copies what the page says."""

    def __init__(self):
        home, programs = WORK / "home", WORK / "bin"
        home.mkdir()
        programs.mkdir()
        (programs / "thingsmith").symlink_to(PATHS["thingsmith"])
        for name in ("aws", "python"):
            script = programs / name
            script.write_text(f'#!/bin/sh\nexec "{PATHS["tools"]}/bin/{name}" "$@"\n')
            script.chmod(0o755)
        (home / "tests").symlink_to(REPOSITORY / "tests")
        environment = {
            "PATH": f'{programs}:{os.environ["PATH"]}',
            "HOME": str(home),
            "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        told, self.tell = os.pipe()
        self.told = os.fdopen(told)
        self.shell = subprocess.Popen(
            ["bash"], cwd=home, env=environment, stdin=subprocess.PIPE, text=True, pass_fds=[self.tell],
            stdout=subprocess.DEVNULL, stderr=open(WORK / "shell.log", "w"),
        )
        os.close(self.tell)
        self.home, self.runs = home, 0

    def start_server(self):
        self.run((REPOSITORY / PAGE, 0), "thingsmith serve --account 123456789012 > server.log 2>&1 &\neval \"$(thingsmith env)\"")

    def follow(self, block):
        """Does what a block says; the number of its commands that were run."""
        what, name = block.remark
        if what == "file":
            (self.home / name).write_text(block.text + "\n")
        elif what == "skip" or block.kind not in ("sh", "console"):
            return 0
        elif what == "background":
            [(place, command, _)] = commands(block)
            self.run(place, f"{command} > background.log 2>&1 &")
            return 1
        elif block.kind == "sh":
            self.run(block.place, block.text)
            return 1
        else:
            for place, command, expected in (found := commands(block)):
                self.run(place, command, expected)
            return len(found)
        return 0

    def run(self, place, text, expected=""):
        """Runs commands; they must print what is expected, which may be an error, and succeed if nothing is expected."""
        # A file of its own: what stays in the background goes on writing to it.
        self.runs += 1
        log = WORK / f"said-{self.runs}"
        stop = "" if expected else "set -e\n"
        script = f"{stop}{{ {text}\n}} > {log} 2>&1 < /dev/null {self.tell}>&-\n{{ code=$?; set +e; }} 2> /dev/null\necho $code >&{self.tell}\n"
        watchdog = threading.Timer(PATIENCE, self.shell.kill)
        watchdog.start()
        try:
            self.shell.stdin.write(script)
            self.shell.stdin.flush()
            code = self.told.readline().strip()
        except BrokenPipeError:
            code = ""
        watchdog.cancel()
        # What a program wrote over is not seen at a terminal.
        said = "\n".join(line.rpartition("\r")[2].rstrip() for line in log.read_bytes().decode().replace("\r\n", "\n").split("\n"))
        if not code or code != "0" and not expected:
            fail(place, f"ended with {code or 'an error'}:\n{text}\n--- it printed\n{said}")
        if expected and not pattern(expected).fullmatch(said.strip()):
            fail(place, f"{text}\n--- should print\n{expected}\n--- and printed\n{said}")


def commands(block):
    """The commands after the prompts of a block, each with its line and with what it prints."""
    found = []
    path, first = block.place
    for number, line in enumerate(block.text.splitlines(), first):
        if line.startswith("$ "):
            found.append(((path, number), [line[2:]], []))
        elif found and not found[-1][2] and found[-1][1][-1].endswith("\\"):
            found[-1][1].append(line)
        elif found:
            found[-1][2].append(line)
        else:
            fail((path, number), "a block of the kind console begins with a prompt")
    return [(place, "\n".join(command), "\n".join(printed).strip()) for place, command, printed in found]


def pattern(expected):
    """What a page shows of an output: three dots are anything, with the digits before them, a number is any number, and lines
    may be broken elsewhere."""
    text = re.sub(r"(\\?\s)*[0-9a-f]*\\\.\\\.\\\.(\\?\s)*", ".*", re.escape(expected))
    text = re.sub(r"[0-9]+(\\\.[0-9]+)?", r"[0-9]+(\\.[0-9]+)?", text)
    return re.compile(re.sub(r"(\\?\s)+", r"\\s+", text), re.DOTALL)


def fail(place, reason):
    logs = [path for path in (WORK / "home" / "server.log", WORK / "shell.log") if path.exists()]
    for path in logs:
        print(f"--- {path.name}\n{path.read_text()[-3000:]}", file=sys.stderr)
    path, line = place
    sys.exit(f"{path}:{line}: {reason}")


main()
