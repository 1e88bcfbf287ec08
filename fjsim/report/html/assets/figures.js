// Figures by plotly, in the page's colours and without its bar.
page.figureLook = () => {
  const style = getComputedStyle(document.documentElement);
  const [ink, line] = ["--ink", "--line"].map((name) => style.getPropertyValue(name).trim());
  return { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", "font.color": ink,
    "xaxis.gridcolor": line, "yaxis.gridcolor": line, "xaxis.zerolinecolor": line, "yaxis.zerolinecolor": line };
};

page.figureTable = (figure) => page.make("div", { class: "wide" }, page.make("table", {},
  page.make("thead", {}, page.make("tr", {}, ...["line", "at", "value"].map((name) => page.make("th", { scope: "col", text: name })))),
  page.make("tbody", {}, ...figure.data.flatMap((trace) => [...(trace.x ?? [])].map((at, number) => page.make("tr", {},
    page.make("th", { scope: "row", text: trace.text?.[number] ?? trace.name ?? "" }), page.make("td", { text: String(at) }),
    page.make("td", { class: "number", text: Number([...trace.y][number]).toPrecision(2) })))))));

page.startFigures = () => {
  const holders = [...document.querySelectorAll("div[data-figure]")];
  for (const holder of holders) {
    const figure = figures[holder.dataset.figure];
    const title = figure.layout.title?.text ?? "figure";
    Plotly.newPlot(holder, figure.data, figure.layout, { responsive: true, displayModeBar: false }).then(() => Plotly.relayout(holder, page.figureLook()));
    holder.setAttribute("role", "img");
    holder.setAttribute("aria-label", `${title || "figure"}; its data follow as a table`);
    if (figure.data.every((trace) => Array.isArray(trace.y))) holder.after(page.folded("data as a table", () => [page.figureTable(figure)]));
  }
  const recolour = () => holders.forEach((holder) => Plotly.relayout(holder, page.figureLook()));
  document.addEventListener("theme", recolour);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
};

page.startTheme();
page.startTables();
page.startFigures();
