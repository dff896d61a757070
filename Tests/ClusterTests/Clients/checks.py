"""Checks for the scripts beside: all run, each that fails is printed, the exit status tells."""
import sys
import traceback

failures = 0


def equal(actual, expected, what=""):
    if actual != expected:
        fail(f"{what or 'a reply'}: {actual!r}, not {expected!r}")


def true(value, what):
    if not value:
        fail(what)


def raises(kind, text, work):
    try:
        result = work()
    except kind as error:
        if text not in str(error):
            fail(f"{error!r} does not say {text!r}")
    else:
        fail(f"{result!r}, not an error that says {text!r}")


def fail(text):
    global failures
    failures += 1
    line = traceback.extract_stack()[-3].lineno
    print(f"line {line}: {text}")


def end():
    sys.exit(1 if failures else 0)
