"""What must hold of every page: figures described, nothing fetched from elsewhere, every file there."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

FETCHED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}


class Page(HTMLParser):
    """Reads a page: `faults`, what it has found wrong; `ids`; `links` to other files of the book, as written."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        found = dict(attrs)
        self.ids.add(found.get("id") or found.get("name") or "")
        if tag == "img" and not (found.get("alt") or "").strip():
            self.faults.append(f"an image without alt text ({(found.get('src') or '')[:60]})")
        url = found.get(FETCHED.get(tag, "")) or ""
        if url.startswith(("http:", "https:", "//")) and found.get("rel") != "canonical":
            self.faults.append(f"fetches {url}")
        link = url or (found.get("href") if tag == "a" else None)
        if link and not link.partition("#")[0].startswith(("http:", "https:", "mailto:", "data:", "//")):
            self.links.append(link)


def faults(html: Path) -> list[str]:
    """Return a sentence for each thing that is wrong in the pages of a built book."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(html.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        name = path.relative_to(html).as_posix()
        found += [f"{name}: {fault}" for fault in page.faults]
        for link in page.links:
            file, _, anchor = unquote(link).partition("#")
            there = (path.parent / file.partition("?")[0]).resolve() if file else path.resolve()
            if not there.exists():
                found.append(f"{name}: links to {link}, which is not there")
            elif anchor and there in pages and anchor not in pages[there].ids:
                found.append(f"{name}: links to {link}, which has no such place")
    return found
