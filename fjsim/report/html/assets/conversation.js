// One question as a conversation, arms side by side, as it was heard.
page.MOST_TURNS = 400;

page.header = (line, block) => {
  const options = block.options.length ? block.options : Array(block.arms[page.data.arms[0]]?.turns.find((turn) => turn.b)?.b.length ?? 0).fill("");
  const names = options.map((option, at) => {
    const kind = page.kindOf(at, block);
    const mark = at === block.key ? "key" : at === block.target ? "target" : "";
    return page.make("li", { class: `option ${kind}` }, page.make("span", { class: `chip ${kind}`, text: page.letter(at) }),
      page.make("span", { dir: "auto", text: option }), mark ? page.make("em", { text: mark }) : null);
  });
  const moved = block.order && block.order.some((option, shown) => option !== shown);
  return [
    page.make("p", { class: "question-text", dir: "auto", text: block.text || "What was asked stands in the question file, which is not at hand." }),
    page.make("ul", { class: "options" }, ...names),
    moved ? page.make("p", { class: "note", text: `Letters on this page are those of the question file. The agents saw the options in another order; in their own words ${
      block.order.map((option, shown) => `${page.letter(shown)} is ${page.letter(option)}`).join(", ")}.` }) : null,
    line.finished ? null : page.make("p", { class: "note", text: "This question is not finished." }),
  ];
};

// An agent's own words, with the page's letter beside each letter of the order that it was shown.
page.words = (text, block) => {
  const holder = page.make("p", { class: "words", dir: "auto" });
  const order = block.order;
  if (!order || order.every((option, shown) => option === shown)) { holder.textContent = text; return holder; }
  let from = 0;
  for (const found of text.matchAll(/\b(?:[Oo]ption|[Aa]nswer|[Cc]hoice)\s+([A-Z])\b/g)) {
    const option = order[page.LETTERS.indexOf(found[1])];
    if (option === undefined) continue;
    const to = found.index + found[0].length;
    holder.append(text.slice(from, to), page.make("span", { class: "here", text: `[${page.letter(option)} here]` }));
    from = to;
  }
  holder.append(text.slice(from));
  return holder;
};

page.beliefBar = (belief, block) => {
  const svg = page.draw("svg", { class: "belief", viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img",
    "aria-label": `belief ${belief.map((mass, option) => `${page.letter(option)} ${page.two(mass)}`).join(", ")}` });
  let from = 0;
  for (const option of [...belief.keys()].sort((one, other) => page.rank(one, block) - page.rank(other, block))) {
    svg.append(page.draw("rect", { class: `slice ${page.kindOf(option, block)}`, x: 100 * from, width: 100 * (belief[option] ?? 0), height: 6 }));
    from += belief[option] ?? 0;
  }
  svg.append(page.draw("title", { text: belief.map((mass, option) => `${page.letter(option)} ${page.two(mass)}`).join("  ") }));
  return svg;
};

page.heardLine = (heard, arm, block, turnOf) => {
  const [speaker, round, gate, weight, way, pull] = heard;
  const said = turnOf(round, speaker);
  const towards = block.target ?? block.key;
  const parts = [`gate ${page.two(gate)}`, `weight ${page.two(weight)}`];
  if (pull !== null && towards !== null) parts.push(`moved it ${pull < 0 ? "−" : "+"}${page.two(Math.abs(pull))} towards ${page.letter(towards)}`);
  const name = page.data.agents[speaker] ?? `speaker ${speaker}`;
  const item = page.make("li", {}, page.make("strong", { class: page.isHostile(speaker, arm) ? "hostile" : null,
    text: `${page.isHostile(speaker, arm) ? "◆ " : ""}${name}` }));
  if (said && way !== "forged") item.append(" ", page.make("span", { class: `chip ${page.kindOf(said.o, block)}`, text: page.letter(said.o) }),
    ` ${page.two(said.b?.[said.o])}`);
  item.append(page.make("span", { class: "note", text: ` in round ${round} · ${parts.join(" · ")}` }));
  if (way === "forged") item.append(page.make("p", { class: "note", text: "Forged on the way: the log keeps that it was, not the words that were heard." }));
  else if (way === "kept back") item.append(page.make("p", { class: "note", text: "Kept back by the defense: it was not heard." }));
  if (said?.w && way !== "forged") item.append(page.words(said.w, block));
  return item;
};

page.heardList = (turn, arm, block, turnOf) => page.make("ul", { class: "heard" },
  ...(turn.h ?? []).map((heard) => page.heardLine(heard, arm, block, turnOf)));

page.whyPanel = (turn, arm, block, turnOf) => page.make("div", { class: "why" },
  page.make("h5", { text: "What it had heard" }),
  turn.h?.length ? page.heardList(turn, arm, block, turnOf) : page.make("p", { text: "Nothing." }),
  page.make("h5", { text: "How it would have ended without another" }),
  ...(block.arms[arm].why?.[turn.a] ?? ["Not known, because this question is not finished, or too many agents took part."])
    .map((sentence) => page.make("p", { text: sentence })));

page.changed = (turn, turnOf) => {
  for (let round = turn.r - 1; round >= 0; round -= 1) {
    const before = turnOf(round, turn.a);
    if (before && before.o >= 0) return before.o !== turn.o && turn.o >= 0 ? before.o : null;
  }
  return null;
};

page.turnCard = (turn, arm, block, turnOf) => {
  const hostile = page.isHostile(turn.a, arm);
  const from = page.changed(turn, turnOf);
  const why = page.make("div", { hidden: true });
  const head = page.make("header", {}, page.make("strong", { class: hostile ? "hostile" : null,
    text: `${hostile ? "◆ " : ""}${page.data.agents[turn.a]}` }));
  if (turn.o >= 0 || turn.b) head.append(page.make("span", { class: `chip ${page.kindOf(turn.o, block)}`, text: turn.o >= 0 ? page.letter(turn.o) : "tie" }));
  if (turn.b) head.append(page.make("span", { class: "share", text: page.two(turn.b[turn.o]) }), page.beliefBar(turn.b, block));
  if (turn.said !== undefined) head.append(page.make("span", { class: "note", text: `said ${page.letter(turn.said)}` }));
  if (from !== null && !hostile) {
    const button = page.make("button", { class: "flip", type: "button", "aria-expanded": "false",
      text: `${page.letter(from)} → ${page.letter(turn.o)} why?`, onclick: () => {
        if (!why.childElementCount) why.append(page.whyPanel(turn, arm, block, turnOf));
        why.hidden = !why.hidden;
        button.setAttribute("aria-expanded", String(!why.hidden));
      } });
    head.append(button);
  }
  const card = page.make("article", { class: `turn${hostile ? " hostile" : ""}`, id: `turn-${arm}-${turn.r}-${turn.a}`, tabindex: -1 }, head);
  if (!turn.b) card.append(page.make("p", { class: "note", text: `${turn.v ?? "no belief"}${turn.p ? `: ${turn.p}` : ""}` }));
  if (turn.w) card.append(page.words(turn.w, block));
  card.append(why, page.below(turn, arm, block, turnOf));
  return card;
};

page.below = (turn, arm, block, turnOf) => {
  const row = page.make("div", { class: "below" });
  if (turn.h?.length) row.append(page.folded(`heard ${turn.h.length}`, () => [page.heardList(turn, arm, block, turnOf)]));
  if (turn.raw) row.append(page.folded("reply", () => [page.make("pre", { dir: "auto", text: turn.raw })]));
  if (turn.bad) row.append(page.folded(`unreadable ${turn.bad.length}`, () => turn.bad.map((text) => page.make("pre", { dir: "auto", text }))));
  if (turn.x) row.append(page.folded("prompt", () => [page.make("p", { class: "note", text:
    `The log does not keep prompts, only what they are made of and their hash: ${turn.x}.` })]));
  return row;
};

page.roundOf = (round, arms, block, state) => {
  const cells = arms.map((arm) => {
    const turnOf = page.turnsOf(block, arm);
    const turns = (block.arms[arm]?.turns ?? []).filter((turn) => turn.r === round && (state.agent === null || turn.a === state.agent));
    return page.make("div", { class: `arm ${arm}` }, ...turns.map((turn) => page.turnCard(turn, arm, block, turnOf)));
  });
  return page.make("section", { class: "round", id: `round-${round}` }, page.make("h4", { text: `round ${round}` }),
    page.make("div", { class: `arms arms-${arms.length}` }, ...cells));
};

page.drawConversation = (state, line, block, act) => {
  const arms = page.data.arms;
  const rounds = Math.max(...arms.flatMap((arm) => (block.arms[arm]?.turns ?? []).map((turn) => turn.r)), 0);
  const perRound = Math.max(1, arms.length * (state.agent === null ? page.data.agents.length : 1));
  const first = Math.max(1, Math.floor(page.MOST_TURNS / perRound));
  const body = page.make("div", {});
  const more = (from, to) => {
    for (let round = from; round <= Math.min(rounds, to); round += 1) body.append(page.roundOf(round, arms, block, state));
    if (to < rounds) {
      const button = page.make("button", { type: "button", class: "quiet", text: `show rounds ${to + 1} to ${Math.min(rounds, to + first)} of ${rounds}`,
        onclick: () => { button.remove(); more(to + 1, to + first); } });
      body.append(button);
    }
  };
  more(0, Math.max(first - 1, state.round));
  const pick = page.make("select", { "aria-label": "whose turns", onchange: (event) => act.pick(event.target.value === "" ? null : Number(event.target.value)) },
    page.make("option", { value: "", text: "everybody" }),
    ...page.data.agents.map((name, agent) => page.make("option", { value: agent, text: name, selected: state.agent === agent })));
  page.clear(page.byId("conversation"),
    page.make("div", { class: "title" }, page.make("h3", { id: "opened", tabindex: -1, text: page.data.replicated ? `${line.id} · replica ${line.replica}` : line.id }), pick,
      page.make("button", { type: "button", class: "quiet", text: "close", onclick: () => act.close() })),
    ...page.header(line, block).filter(Boolean),
    arms.length === 1 ? null : page.make("div", { class: `arms arms-${arms.length} arm-heads`, "aria-hidden": "true" }, ...arms.map((arm) => page.make("h4", { text: arm === "attacked" ? "attacked" : "clean: an ordinary agent in the adversary's seat" }))),
    body);
};
