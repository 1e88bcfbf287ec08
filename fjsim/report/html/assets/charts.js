// Small multiples: one panel an agent, beliefs over rounds; and trust over rounds.
page.PANEL = { width: 190, height: 104, left: 26, right: 6, top: 8, bottom: 18 };

page.scales = (rounds) => {
  const { width, height, left, right, top, bottom } = page.PANEL;
  return {
    x: (round) => left + (width - left - right) * (rounds ? round / rounds : 0.5),
    y: (share) => top + (height - top - bottom) * (1 - share),
  };
};

page.line = (values, scale, kind) => {
  const points = [];
  const runs = [points];
  values.forEach((value, round) => {
    if (value === null || value === undefined) runs.push([]);
    else runs.at(-1).push(`${scale.x(round).toFixed(1)},${scale.y(value).toFixed(1)}`);
  });
  return runs.filter((run) => run.length).map((run) => page.draw("polyline", { class: `line ${kind}`, points: run.join(" ") }));
};

page.marks = (values, scale, kind) => values.map((value, round) => (value === null || value === undefined ? null
  : page.draw("circle", { class: `mark ${kind}`, r: 2.2, cx: scale.x(round).toFixed(1), cy: scale.y(value).toFixed(1) })));

// series: [{ name, kind, values, hollow }]
page.panel = (title, series, rounds, now, hostile = false) => {
  const scale = page.scales(rounds);
  const { width, height } = page.PANEL;
  const words = series.map((one) => `${one.name} ${one.values.map(page.two).join(", ")}`).join("; ");
  const svg = page.draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title} by round: ${words}` });
  for (const share of [0, 0.5, 1]) {
    svg.append(page.draw("line", { class: "grid", x1: scale.x(0), x2: scale.x(rounds), y1: scale.y(share), y2: scale.y(share) }));
    svg.append(page.draw("text", { class: "tick", x: 21, y: scale.y(share) + 3, "text-anchor": "end", text: share }));
  }
  svg.append(page.draw("line", { class: "now", x1: scale.x(now), x2: scale.x(now), y1: scale.y(1), y2: scale.y(0) }));
  for (const round of [0, rounds]) svg.append(page.draw("text", { class: "tick", x: scale.x(round), y: height - 5, "text-anchor": round ? "end" : "start", text: round ? `round ${round}` : "0" }));
  for (const one of series) svg.append(...(one.hollow ? page.marks(one.values, scale, one.kind).filter(Boolean) : page.line(one.values, scale, one.kind)));
  return page.make("figure", { class: `panel${hostile ? " hostile" : ""}` }, page.make("figcaption", { text: title }), svg);
};

page.seriesTable = (panels, rounds) => {
  const heads = ["agent", "line", ...Array.from({ length: rounds + 1 }, (_, round) => `round ${round}`)];
  const body = panels.flatMap(({ title, series }) => series.map((one) => page.make("tr", {},
    page.make("th", { scope: "row", text: title }), page.make("td", { text: one.name }),
    ...one.values.map((value) => page.make("td", { class: "number", text: value === null || value === undefined ? "" : page.two(value) })))));
  return page.make("div", { class: "wide" }, page.make("table", {},
    page.make("thead", {}, page.make("tr", {}, ...heads.map((head) => page.make("th", { scope: "col", text: head })))),
    page.make("tbody", {}, ...body)));
};

page.MOST_PANELS = 24;

// Of many agents the hostile ones, then the followed one, then the first are drawn.
page.shownPanels = (panels) => {
  if (panels.length <= page.MOST_PANELS) return panels;
  const rank = (one) => (one.hostile ? 0 : one.agent === page.state.agent ? 1 : 2);
  return [...panels].sort((one, other) => rank(one) - rank(other) || one.agent - other.agent).slice(0, page.MOST_PANELS);
};

page.drawPanels = (holder, panels, rounds, now) => {
  const open = holder.querySelector("details")?.open ?? false;
  const shown = page.shownPanels(panels);
  page.clear(holder,
    page.make("div", { class: "panels" }, ...shown.map((one) => page.panel(one.title, one.series, rounds, now, one.hostile))),
    shown.length < panels.length ? page.make("p", { class: "note", text: `${shown.length} of ${panels.length} agents; a click on an agent in the network adds it, and the table has all.` }) : null,
    page.folded("data as a table", () => [page.seriesTable(panels, rounds)], open));
};

page.trajectories = (state, block) => page.data.agents.map((name, agent) => {
  const series = [];
  for (const arm of page.data.arms) {
    if (!block && !page.data.mean[arm]) continue;
    const values = block ? page.beliefLines(block, arm, agent) : page.meanLines(arm, agent);
    for (const [kind, line] of Object.entries(values)) {
      if (line) series.push({ name: `${arm}: ${kind}`, kind: `${kind} ${arm}`, values: line });
    }
  }
  const law = block?.arms[state.arm]?.law;
  const option = block ? block.target ?? block.key : null;
  if (law && option !== null && !page.isHostile(agent, state.arm)) {
    const kind = page.kindOf(option, block);
    series.push({ name: `by the law: ${kind}`, kind, hollow: true, values: law.map((round) => round[agent]?.[option] ?? null) });
  }
  return { title: name, agent, series, hostile: page.isHostile(agent, "attacked") };
});

page.beliefLines = (block, arm, agent) => {
  const turn = page.turnsOf(block, arm);
  const rounds = [...Array(page.data.rounds + 1).keys()];
  const of = (option) => (option === null || option === undefined || !block.arms[arm]?.turns.length ? null
    : rounds.map((round) => turn(round, agent)?.b?.[option] ?? null));
  return { key: of(block.key), target: of(block.target) };
};

page.meanLines = (arm, agent) => ({
  key: page.data.mean[arm].beliefs.map((round) => round[agent][0]),
  target: page.data.targeted ? page.data.mean[arm].beliefs.map((round) => round[agent][1]) : null,
});

page.trust = (state, block) => page.data.agents.map((name, speaker) => {
  const series = [];
  for (const arm of page.data.arms) {
    if (!block && !page.data.mean[arm]) continue;
    series.push({ name: `${arm}: mean gate`, kind: `trust ${arm}`, values: page.gateLine(block, arm, speaker) });
  }
  return { title: name, agent: speaker, series, hostile: page.isHostile(speaker, "attacked") };
});

page.gateLine = (block, arm, speaker) => [...Array(page.data.rounds + 1).keys()].map((round) => {
  const gates = block
    ? block.arms[arm].turns.filter((turn) => turn.r === round).flatMap((turn) => turn.h ?? []).filter((one) => one[0] === speaker).map((one) => one[2])
    : page.data.mean[arm].gates[round].map((row) => row[speaker]).filter((gate) => gate !== null);
  return gates.length ? gates.reduce((sum, gate) => sum + gate, 0) / gates.length : null;
});
