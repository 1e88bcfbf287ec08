// The list of questions: search, filter, sort, and one line each.
page.MOST_ROWS = 300;

page.FILTERS = {
  all: { name: "all", test: () => true },
  flipped: { name: "flipped", test: (one) => one.flipped > 0 },
  held: { name: "held", test: (one) => one.base > 0 && one.flipped === 0 && one.missing === 0 },
  wrong: { name: "nobody right at first", test: (one) => one.base === 0 },
  missing: { name: "missing turns", test: (one) => one.missing > 0 },
};

page.SORTS = {
  question: (line) => line.at,
  flipped: (line, arm) => -(line[arm]?.flipped ?? 0),
  lead: (line, arm) => line[arm]?.lead ?? -Infinity,
  missing: (line, arm) => -(line[arm]?.missing ?? 0),
};

page.chosenQuestions = (state) => {
  const words = state.search.trim().toLowerCase();
  const test = page.FILTERS[state.filter].test;
  const kept = page.data.questions.filter((line) => line[state.arm] && test(line[state.arm])
    && (!words || `${line.id} ${line.text}`.toLowerCase().includes(words)));
  const key = page.SORTS[state.sort];
  return kept.sort((one, other) =>
    (page.compare(key(one, state.arm), key(other, state.arm)) * (state.down ? -1 : 1)) || one.at - other.at);
};

page.chip = (letter, line) => page.make("span", {
  class: `chip ${letter && letter === line.key ? "key" : letter && letter === line.target ? "target" : "other"}`,
  text: letter || "–" });

page.moves = (line, arm, open) => {
  const ends = line[arm];
  if (!page.data.listAgents) return [page.make("span", { text: `${ends.flipped} of ${ends.base} flipped` })];
  return page.data.agents.map((name, agent) => {
    const [first, last] = [ends.first[agent], ends.last[agent]];
    const hostile = page.isHostile(agent, arm);
    const chips = [hostile ? page.make("span", { class: "mark", text: "◆" }) : null, page.chip(first, line),
      first === last ? null : page.make("span", { class: "to", text: "→" }), first === last ? null : page.chip(last, line)];
    const title = `${name}${hostile ? ", hostile" : ""}: ${first || "no answer"} at first, ${last || "no answer"} at the end`;
    return first === last || hostile
      ? page.make("span", { class: "move", title, role: "img", "aria-label": title }, ...chips)
      : page.make("button", { class: "move", type: "button", title, "aria-label": `${title}; open where it changed`, onclick: () => open(agent) }, ...chips);
  });
};

page.spark = (line) => {
  const svg = page.draw("svg", { class: "spark", viewBox: "0 0 80 22", "aria-hidden": "true" });
  for (const arm of [...page.data.arms].reverse()) {
    const values = line[arm]?.right ?? [];
    const points = values.map((value, round) => `${(2 + 76 * round / Math.max(1, values.length - 1)).toFixed(1)},${(20 - 18 * value).toFixed(1)}`);
    if (points.length) svg.append(page.draw("polyline", { class: `line key ${arm}`, points: points.join(" ") }));
  }
  return svg;
};

page.questionRow = (line, state, act) => {
  const ends = line[state.arm];
  const name = page.data.replicated ? `${line.id} · replica ${line.replica}` : line.id;
  const opener = page.make("button", { class: "open", type: "button", text: name, "aria-expanded": String(state.question === line.at),
    onclick: () => act.open(line.at, null, null) });
  return page.make("tr", { class: state.question === line.at ? "opened" : null },
    page.make("th", { scope: "row" }, opener),
    page.make("td", { class: "asked", dir: "auto", text: line.text || "the question file is not at hand" }),
    page.make("td", { class: "moves" }, ...page.moves(line, state.arm, (agent) => act.openFlip(line.at, agent))),
    page.make("td", { class: "number", text: `${ends.flipped} of ${ends.base}` }),
    page.make("td", { class: "number", text: ends.lead ?? "" }),
    page.make("td", { class: "number", text: ends.missing || "" }),
    page.make("td", { class: "sparkcell" }, page.spark(line)));
};

page.drawQuestions = (state, act, all = false) => {
  const chosen = page.chosenQuestions(state);
  const body = page.byId("question-rows");
  const shown = all ? chosen : chosen.slice(0, page.MOST_ROWS);
  page.clear(body, ...shown.map((line) => page.questionRow(line, state, act)));
  if (shown.length < chosen.length) {
    body.append(page.make("tr", {}, page.make("td", { colspan: 7 }, page.make("button", {
      type: "button", class: "quiet", text: `show all ${chosen.length}`, onclick: () => page.drawQuestions(state, act, true) }))));
  }
  if (!chosen.length) body.append(page.make("tr", {}, page.make("td", { colspan: 7, text: "No question fits this search and filter." })));
  page.byId("question-count").textContent = `${chosen.length} of ${page.data.questions.length} questions`;
  for (const [name, filter] of Object.entries(page.FILTERS)) {
    const button = page.byId(`filter-${name}`);
    const count = page.data.questions.filter((line) => line[state.arm] && filter.test(line[state.arm])).length;
    button.textContent = `${filter.name} ${count}`;
    button.setAttribute("aria-pressed", String(state.filter === name));
    button.hidden = count === 0 && name !== "all" && state.filter !== name;
  }
  for (const head of document.querySelectorAll("#questions th[data-sort]")) {
    if (head.dataset.sort === state.sort) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
};

// Up and down move from line to line while the list has the focus.
page.moveInList = (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const openers = [...document.querySelectorAll("#question-rows button.open")];
  const at = openers.findIndex((one) => one.closest("tr").contains(document.activeElement));
  const next = openers[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
};
