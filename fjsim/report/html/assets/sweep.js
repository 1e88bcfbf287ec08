// The sweep: which measure its tables show, and what a cell holds.
page.showMeasure = (name) => {
  for (const part of document.querySelectorAll("[data-measure]")) part.hidden = part.dataset.measure !== name;
};

page.worstItem = ([question, lost, right], href) => {
  const words = `${lost} of ${right} right agents ended wrong`;
  const name = href ? page.make("a", { href: `${href}#${encodeURIComponent(question)}`, text: question }) : page.make("strong", { text: question });
  return page.make("li", {}, name, page.make("span", { class: "note", text: ` ${words}` }));
};

page.settingPanel = (setting, close) => [
  page.make("div", { class: "title" },
    page.make("h3", { id: "opened", tabindex: -1, text: setting.name }),
    setting.page ? page.make("a", { href: setting.page, text: setting.seeds > 1 ? "page of its first run" : "page of its run" }) : null,
    page.make("button", { type: "button", class: "quiet", text: "close", onclick: close })),
  page.make("div", { class: "charts" },
    page.make("div", {}, page.make("h4", { text: setting.worst.length ? "Questions on which most were lost" : "No right agent ended wrong" }),
      page.make("ol", { class: "worst" }, ...setting.worst.map((one) => page.worstItem(one, setting.page))),
      setting.page ? null : page.make("p", { class: "note", text: `Its run lies in ${setting.folder}; fjsim report with --cells writes its page.` })),
    page.make("div", { class: "wide" }, page.make("table", {}, page.make("tbody", {},
      ...setting.numbers.map(([title, value]) => page.make("tr", {}, page.make("th", { scope: "row", text: title }), page.make("td", { class: "number", text: value }))))))),
];

page.openSetting = async (at) => {
  const holder = page.byId("setting");
  const setting = (await page.block("settings"))[at];
  if (!holder || !setting) return;
  const opener = document.querySelector(`.measure:not([hidden]) [data-setting="${at}"]`);
  const close = () => {
    holder.hidden = true;
    for (const one of document.querySelectorAll(".cell[aria-expanded]")) one.removeAttribute("aria-expanded");
    history.replaceState(null, "", location.pathname + location.search);
    opener?.focus();
  };
  for (const one of document.querySelectorAll("[data-setting]")) {
    if (one.dataset.setting === String(at)) one.setAttribute("aria-expanded", "true");
    else one.removeAttribute("aria-expanded");
  }
  page.clear(holder, ...page.settingPanel(setting, close));
  holder.hidden = false;
  page.closeSetting = close;
  history.replaceState(null, "", `#setting-${at}`);
  page.byId("opened").focus({ preventScroll: true });
  holder.scrollIntoView({ block: "nearest" });
};

// Arrows move from cell to cell of one table.
page.moveInMatrix = (event) => {
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const cell = event.target.closest?.("td");
  if (!steps[event.key] || !cell) return;
  const [down, right] = steps[event.key];
  const row = cell.closest("table").rows[cell.parentElement.rowIndex + down];
  const next = row?.cells[cell.cellIndex + right]?.querySelector("button");
  if (!next) return;
  event.preventDefault();
  next.focus();
};

page.startSweep = async () => {
  page.startTheme();
  page.startTables();
  page.byId("measure")?.addEventListener("change", (event) => page.showMeasure(event.target.value));
  for (const button of document.querySelectorAll("[data-setting]")) {
    button.addEventListener("click", () => page.openSetting(Number(button.dataset.setting)));
  }
  page.byId("matrix")?.addEventListener("keydown", page.moveInMatrix);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") page.closeSetting?.(); });
  const follow = async () => {
    const asked = /^#setting-(\d+)$/.exec(location.hash);
    if (asked) await page.openSetting(Number(asked[1]));
  };
  addEventListener("hashchange", follow);
  await follow();
  document.documentElement.dataset.ready = "yes";
};

page.startSweep();
