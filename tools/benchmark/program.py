"""The command line of tools/bench."""

import argparse
import contextlib
import json
import signal
import sys
import tempfile
from pathlib import Path

from . import machine, setup
from .report import Report
from .runner import Runner, Settings
from .sections import SECTIONS
from .servers import Programs, StartError

REPOSITORY = Path(__file__).resolve().parents[2]


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parse(arguments):
    sections = "\n".join(f"  {name:<10}{part.summary}" for name, part in SECTIONS.items())
    parser = Parser(
        prog="tools/bench",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compares Martlet with Redis and etcd, side by side on this machine, and\n"
        "writes a Markdown report. Installs what is missing from Debian's packages and builds\n"
        "Martlet (release). Servers run on free loopback ports, in a directory that is removed\n"
        "at the end.\n"
        "All sections take about 30 minutes, with --quick about 4.",
        epilog=f"Sections (default: all):\n{sections}\n\n"
        "Exit status: 0 measured (goals reached or not), 1 failed, 2 wrong usage.",
    )
    parser.add_argument("sections", metavar="SECTION", nargs="*", help="what to measure")
    parser.add_argument("--quick", action="store_true", help="one short round of each")
    parser.add_argument("--rounds", type=int, metavar="COUNT", help="rounds (5)")
    parser.add_argument("--seconds", type=float, metavar="SECONDS", help="of one measurement (5)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the report to FILE")
    parser.add_argument(
        "--json", type=Path, metavar="FILE",
        help="write goals, and the figures of the sections on faults, to FILE as JSON")
    parser.add_argument(
        "--away", type=float, metavar="SECONDS",
        help="hints: how long the node is away (20; with --quick 5)")
    parser.add_argument(
        "--write-rate", type=int, metavar="COUNT", help="hints: writes a second (5000)")
    parser.add_argument(
        "--hint-nodes", type=int, metavar="COUNT", help="hints: nodes, 3 or more (3)")
    parser.add_argument(
        "--dir", type=Path, default=Path("/var/tmp"), metavar="DIRECTORY",
        help="where the servers' data is kept meanwhile: a real disk (/var/tmp)",
    )
    parser.add_argument(
        "--keep", action="store_true",
        help="leave the servers' data and logs where they are, and say where",
    )
    parser.add_argument(
        "--binaries", type=Path, metavar="DIRECTORY",
        help="use the programs in DIRECTORY instead of building",
    )
    parser.add_argument(
        "--martlet-option", action="append", default=[], metavar="NAME=VALUE",
        help="a setting for every Martlet node, such as shards=1; repeatable",
    )
    options = parser.parse_args(arguments)
    for name in options.sections:
        if name not in SECTIONS:
            parser.error(f"unknown section '{name}'")
    for text in options.martlet_option:
        if "=" not in text:
            parser.error(f"'--martlet-option' must be NAME=VALUE, not '{text}'")
    if options.rounds is not None and options.rounds < 1:
        parser.error("'--rounds' must be 1 or more")
    if options.seconds is not None and options.seconds < 0.5:
        parser.error("'--seconds' must be 0.5 or more")
    for name, least in (("away", 1), ("write_rate", 1), ("hint_nodes", 3)):
        value = getattr(options, name)
        if value is not None and value < least:
            parser.error(f"'--{name.replace('_', '-')}' must be {least} or more")
    return options


def main(arguments):
    options = parse(arguments)
    # Ends through the same clean-up as everything else.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        return measure(options)
    except (StartError, setup.SetupError, OSError) as error:
        print(f"tools/bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tools/bench: interrupted", file=sys.stderr)
        return 1


@contextlib.contextmanager
def server_directory(options):
    """Where the servers' data is kept."""
    if options.keep:
        directory = tempfile.mkdtemp(prefix="martlet-bench-", dir=options.dir)
        print(f"data and logs: {directory}", file=sys.stderr, flush=True)
        yield directory
    else:
        with tempfile.TemporaryDirectory(
                prefix="martlet-bench-", dir=options.dir) as directory:
            yield directory


def measure(options):
    names = options.sections or list(SECTIONS)
    setup.install(REPOSITORY, names)
    binaries = options.binaries or setup.build(REPOSITORY)
    for name in ("martlet", "martlet-bench"):
        if not (binaries / name).exists():
            raise setup.SetupError(f"there is no {name} in {binaries}")
    kind = machine.filesystem(options.dir)
    if kind in ("tmpfs", "ramfs"):
        raise setup.SetupError(f"{options.dir} is {kind}: syncing means nothing there (see --dir)")
    settings = Settings(
        rounds=options.rounds or (1 if options.quick else 5),
        seconds=options.seconds or (1 if options.quick else 5),
        quick=options.quick,
        away=options.away or (5 if options.quick else 20),
        write_rate=options.write_rate or 5000,
        hint_nodes=options.hint_nodes or 3,
    )
    with server_directory(options) as directory:
        programs = Programs(binaries, Path(directory), options.martlet_option)
        report, failed = Report(), []
        machine.describe(report, programs, settings, options.dir, REPOSITORY)
        runner = Runner(programs, settings)
        for name in names:
            print(f"== {name}", file=sys.stderr, flush=True)
            try:
                SECTIONS[name].measure(programs, runner, report)
            except StartError as error:
                # The other sections are still worth something.
                print(f"tools/bench: {name}: {error}", file=sys.stderr)
                report.paragraph(f"**This section failed: {error}**")
                failed.append(name)
            finally:
                programs.stop_all()
    if options.json:
        options.json.write_text(json.dumps(report.json, indent=2) + "\n")
    if options.output:
        options.output.write_text(report.text)
    else:
        print(report.text, end="")
    return 1 if failed else 0
