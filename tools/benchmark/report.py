"""The Markdown report."""

import re


class Report:
    def __init__(self):
        self.lines = []
        self.goals = []
        self.figures = {}
        self.summary_at = 0

    @property
    def text(self):
        lines = self.lines[:self.summary_at] + self.summary + self.lines[self.summary_at:]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"

    def record(self, name, figures):
        """Keeps figures for programs, beside the tables for people."""
        self.figures[name] = figures

    @property
    def json(self):
        goals = [
            dict(zip(("what", "goal", "measured", "verdict"), each)) for each in self.goals]
        facts = [line[2:] for line in self.lines[:self.summary_at] if line.startswith("- ")]
        return {"facts": facts, "goals": goals, "figures": self.figures}

    def summarise_here(self):
        """The goals of all sections are listed at this place."""
        self.summary_at = len(self.lines)

    def goal(self, what, found, goal, is_reached):
        """Takes note of a goal, and returns what a table says of it."""
        verdict = "reached" if is_reached else "missed"
        self.goals.append([what, goal, found, verdict])
        return f"{goal}: {verdict}"

    @property
    def summary(self):
        if not self.goals:
            return []
        part = Report()
        part.title("Goals")
        part.table(["", "goal", "measured", ""], self.goals, numbers_from=1)
        return part.lines

    def title(self, text, level=2):
        self.lines += ["", "#" * level + " " + text, ""]

    def paragraph(self, text):
        self.lines += [text, ""]

    def bullets(self, items):
        self.lines += [f"- {item}" for item in items] + [""]

    def table(self, header, rows, numbers_from=1):
        """Columns from `numbers_from` on are aligned to the right."""
        widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]

        def line(cells):
            padded = [
                str(cell).rjust(width) if i >= numbers_from else str(cell).ljust(width)
                for i, (cell, width) in enumerate(zip(cells, widths))
            ]
            return "| " + " | ".join(padded) + " |"

        rule = [
            "-" * (width - 1) + ":" if i >= numbers_from else "-" * width
            for i, width in enumerate(widths)
        ]
        self.lines += [line(header), line(rule), *map(line, rows), ""]


def number(value):
    """Three significant digits, or all of a whole number's."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value else "0"


def ratio(triple):
    """Median, with least and largest."""
    middle, least, largest = triple
    if least == largest:
        return f"{middle:.2f}"
    return f"{middle:.2f} ({least:.2f}–{largest:.2f})"


def mebibytes(size):
    return f"{size / (1 << 20):.1f} MiB"
