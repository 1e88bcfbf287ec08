// Tables that sort by a click on a head, and leave as CSV.
page.cellValue = (row, at) => {
  const cell = row.cells[at];
  const given = cell.dataset.value ?? cell.textContent;
  const number = Number.parseFloat(given.replace(/[\s\u2009]/g, ""));
  return /^\s*[-+.\d]/.test(given) && !Number.isNaN(number) ? number : given;
};

page.compare = (one, other) => {
  if (typeof one === "number" && typeof other === "number") return one - other;
  if (typeof one === "number") return -1;
  if (typeof other === "number") return 1;
  return String(one).localeCompare(String(other), "en", { numeric: true });
};

page.sortTable = (table, at) => {
  const head = table.tHead.rows[0].cells[at];
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => page.compare(page.cellValue(a, at), page.cellValue(b, at)) * (down ? -1 : 1));
  table.tBodies[0].append(...rows);
};

// A spreadsheet must not take a text for a formula.
page.csvCell = (value) => {
  let text = String(value ?? "");
  const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text);
  if (/^'*[=+\-@\t\r\n＝＋－＠]/.test(text) && !number && text !== "-" && text !== "+") text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

// Blanks that only set a number well are no part of it.
page.plainText = (cell) => cell.textContent.trim().replaceAll("\u00a0", " ").replace(/(\d)\u2009(?=\d)/g, "$1");

page.csv = (rows) => rows.map((row) => row.map(page.csvCell).join(",")).join("\r\n") + "\r\n";

page.save = (name, text) => {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  page.make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
};

page.startTables = () => {
  for (const table of document.querySelectorAll("table[data-csv]")) {
    const save = () => page.save(`${table.dataset.csv}.csv`, page.csv(
      [...table.rows].map((row) => [...row.cells].map((cell) => page.plainText(cell)))));
    const button = page.make("button", { class: "quiet csv", type: "button", text: "⇩ csv", onclick: save });
    button.setAttribute("aria-label", `${table.caption?.textContent ?? table.dataset.csv}: save as CSV`);
    table.parentElement.after(button);
    if (!table.classList.contains("sortable")) continue;
    [...table.tHead.rows[0].cells].forEach((cell, at) => {
      const name = cell.textContent;
      page.clear(cell, page.make("button", {
        class: "head", type: "button", text: name, onclick: () => page.sortTable(table, at) }));
    });
  }
};
