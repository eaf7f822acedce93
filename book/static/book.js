// Tables whose columns sort, figures that open large, and a search that also works from a folder on disk.

// Excerpts are fetched from the pages, which a browser forbids for files.
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

const number = (text) => (text.trim() === "" ? NaN : Number(text));

// Numbers by size, and the rest by letters; what is empty comes last in both directions.
function compare(a, b, sign) {
  if (a === "" || b === "") return (a === "") - (b === "");
  const difference = number(a) - number(b);
  return sign * (Number.isNaN(difference) ? a.localeCompare(b, "en", { numeric: true }) : difference);
}

function sortBy(table, column) {
  const heads = [...table.tHead.rows[0].cells];
  const falls = heads[column].getAttribute("aria-sort") === "ascending";
  const rows = [...table.tBodies[0].rows];
  const text = new Map(rows.map((row) => [row, row.cells[column].textContent]));
  rows.sort((a, b) => compare(text.get(a), text.get(b), falls ? -1 : 1));
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", falls ? "descending" : "ascending");
  table.tBodies[0].append(...rows);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("table.sortable th button");
  if (button) sortBy(button.closest("table"), button.closest("th").cellIndex);
});

// A figure, at least in the size of its pixels, with the rest of the page behind it: to be scrolled on a phone.
function enlarge(image) {
  const dialog = document.createElement("dialog");
  const button = document.createElement("button");
  const large = new Image();
  large.src = image.src;
  large.alt = image.alt;
  large.style.width = `max(${image.naturalWidth}px, min(94vw, ${1.6 * image.naturalWidth}px))`;
  dialog.className = "large";
  dialog.setAttribute("aria-label", "The figure, large");
  button.title = "Close";
  button.append(large);
  dialog.append(button);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("DOMContentLoaded", () => {
  for (const image of document.querySelectorAll(".bd-article img")) {
    if (image.closest("a, button, .mia-player")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "enlarge";
    button.title = "Enlarge";
    image.replaceWith(button);
    button.append(image);
    button.addEventListener("click", () => enlarge(image));
  }
});
