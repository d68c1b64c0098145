// Click a heading: the rows in that order; again: the other way round. Without a script the tables stay as they are.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const key = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
  headings.forEach((heading, column) => {
    if (heading.classList.contains("unsorted")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      const rows = [...body.rows];
      const isNumeric = rows.every((row) => !Number.isNaN(parseFloat(key(row, column))));
      rows.sort((a, b) => {
        const [x, y] = [key(a, column), key(b, column)];
        return sign * (isNumeric ? parseFloat(x) - parseFloat(y) : x.localeCompare(y, "en"));
      });
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      body.append(...rows);
    });
  });
}
