"""Citations: the papers of references.bib, recognised by their links and by "Authors (year)" in the text."""

import re
from pathlib import Path

from pybtex.database import Entry, parse_file

from book.links import outside_code


class Papers:
    """The papers of a BibTeX file, and where a text names them.

    `cited` is what becomes of such a place: of its text and of the paper's key.
    """

    def __init__(self, path: Path, cited: str = "{} {{cite}}`{}`") -> None:
        self.cited = cited
        entries = parse_file(str(path), bib_format="bibtex").entries
        self.links = {link: key for key, entry in entries.items() for link in _links(entry)}
        self.names = {(name, entry.fields["year"]): key for key, entry in entries.items() for name in _names(entry)}
        names = "|".join(sorted((re.escape(name) for name, _ in self.names), key=len, reverse=True))
        link = r"\[[^\[\]]*\]\((?P<link>[^)\s]+)\)"
        self._pattern = re.compile(rf"{link}|(?P<name>{names}),? (?:\((?P<in>\d{{4}})\)|(?P<year>\(?\d{{4}}))")

    def cite(self, text: str) -> str:
        """Return Markdown with a citation behind each link to a paper, and each paper that is named with its year."""

        def behind(found: re.Match) -> str:
            year = (found["in"] or found["year"] or "").strip("(")
            key = self.links.get(found["link"]) or self.names.get((found["name"], year))
            return self.cited.format(found[0], key) if key else found[0]

        return outside_code(self._pattern, behind, text)


def _links(entry: Entry) -> list[str]:
    """Return the addresses under which a paper is linked to."""
    ways = {"doi": "https://doi.org/", "eprint": "https://arxiv.org/abs/"}
    return [address + entry.fields[name] for name, address in ways.items() if name in entry.fields]


def _names(entry: Entry) -> list[str]:
    """Return how a text names the authors: A; A and B; A, B and C; A et al."""
    family = [" ".join(person.last_names or person.first_names) for person in entry.persons["author"]]
    *most, last = family
    full = f"{', '.join(most)} and {last}" if most else last
    return [full, f"{family[0]} et al."] if len(family) > 2 else [full]
