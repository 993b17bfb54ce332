"use strict";
// Choose the way of counting, sort tables, filter rows: the page says everything without this script too.
for (const radio of document.querySelectorAll("input[name=counting]")) {
  radio.addEventListener("change", () => {
    document.body.classList.toggle("both", radio.value === "both");
    for (const part of document.querySelectorAll("[data-counting]")) part.hidden = radio.value !== "both" && part.dataset.counting !== radio.value;
  });
  if (radio.checked) radio.dispatchEvent(new Event("change"));
}
const filter = document.getElementById("filter");
if (filter) filter.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const row of document.querySelectorAll("tr[data-name]")) row.hidden = !row.dataset.name.toLowerCase().includes(wanted);
});
for (const table of document.querySelectorAll("table.sortable")) {
  for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = row => row.cells[column] ? row.cells[column].dataset.value ?? row.cells[column].textContent : "";
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const x = value(a), y = value(b), difference = Number(x) - Number(y);
        return (Number.isNaN(difference) ? x.localeCompare(y) : difference) * (down ? -1 : 1);
      });
      table.tBodies[0].append(...rows);
    });
  }
}
