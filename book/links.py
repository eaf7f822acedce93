"""Links of the repository, turned into links of the book: between its pages, to files it takes along, to source."""

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from mia_helpers.engine.errors import MIAError

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^)\s]+)\)")
# A fenced block, an indented block after an empty line, `code`.
CODE = re.compile(r"(?ms)^(`{3,})[^`\n]*$.*?^\1 *$|(?<=\n\n)(?: {4}[^\n]*\n?)+|(?<!`)(`+)(?!`).+?(?<!`)\2(?!`)")


def outside_code(pattern: re.Pattern, replace: Callable[[re.Match], str], text: str) -> str:
    """Return `text` with each match replaced that does not begin in code: a block, or what stands in backticks."""
    code = [found.span() for found in CODE.finditer(text)]

    def outside(found: re.Match) -> str:
        return found[0] if any(a <= found.start() < b for a, b in code) else replace(found)

    return pattern.sub(outside, text)


def address_of(root: Path) -> str | None:
    """Return the web address of the repository that CITATION.cff names (`repository-code`), or None."""
    path = root / "CITATION.cff"
    named = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    return (named.get("repository-code") or "").rstrip("/") or None


@dataclass
class Links:
    """Where everything of a repository is in the book.

    `pages` maps paths in the repository to documents of the book (both relative, posix). `files` collects what is to be
    taken along, a path in the repository each. `broken` collects a sentence for each link that leads nowhere.
    Files that are no figures are taken along where there are `downloads`.
    """

    root: Path
    pages: dict[str, str]
    address: str | None = None
    downloads: bool = True
    files: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def rewrite(self, text: str, page: str) -> str:
        """Return the Markdown of a page (its path in the repository) with links that work in the book."""
        return outside_code(LINK, lambda found: self._one(found, page), text)

    def _one(self, found: re.Match, page: str) -> str:
        image, text, link = found.groups()
        if re.match(r"[a-z]+:|#", link):
            return found[0]
        path, _, anchor = link.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
        if path.startswith("..") or not (self.root / path).exists():
            self.broken.append(f"{page} links to {link}")
            return found[0]
        here = posixpath.dirname(self.pages[page])
        if path in self.pages:
            there = posixpath.relpath(self.pages[path], here or ".")
            return f"[{text}]({there}{'#' + anchor if anchor else ''})"
        if image or (self.downloads and path.startswith("results/")):
            self.files.add(path)
            there = posixpath.relpath(path, here or ".")
            return f"![{text}]({there})" if image else f"{{download}}`{text.strip('`')} <{there}>`"
        around = found.string[found.start() - 1 : found.start()], found.string[found.end() : found.end() + 1]
        return self._source(text, path, alone=around == ("(", ")"))

    def _source(self, text: str, path: str, *, alone: bool) -> str:
        """Return what stands for a link to a file that is no page of the book: its address, or its name.

        `alone` says that parentheses hold nothing else; then there are no further ones within.
        """
        if self.address:
            return f"[{text}]({self.address}/blob/main/{path})"
        name = text.strip("`/")
        if f"/{path}".endswith(f"/{name}"):  # the link's text is its path, or the end of it
            return f"`{path}`"
        return f"{text}: `{path}`" if alone else f"{text} (`{path}`)"

    def check(self) -> None:
        """Raise MIAError if a link led nowhere, with all of them."""
        if self.broken:
            raise MIAError(f"links that lead nowhere: {'; '.join(self.broken)}. Correct or remove them.")
