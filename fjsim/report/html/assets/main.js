// The state of the page, its keys and its address.
page.state = { question: null, round: 0, arm: "", agent: null, search: "", filter: "all", sort: "question", down: false };
page.opened = null;
page.playing = null;

page.readAddress = () => {
  const parts = decodeURIComponent(location.hash.slice(1)).split(/,(?=(?:round|arm|replica)=|$)/);
  const given = Object.fromEntries(parts.slice(1).map((part) => part.split("=", 2)));
  const round = Number.parseInt(given.round ?? "", 10);
  const line = page.data.questions.find((one) => one.id === parts[0] && one.replica === Number(given.replica ?? one.replica));
  return { question: line ? line.at : null,
    round: Number.isInteger(round) ? Math.max(0, Math.min(page.data.rounds, round)) : page.data.rounds,
    arm: page.data.arms.includes(given.arm) ? given.arm : page.data.arms[0] };
};

page.writeAddress = () => {
  const { question, round, arm } = page.state;
  const line = question === null ? null : page.data.questions[question];
  const parts = [line ? encodeURIComponent(line.id) : ""];
  if (line && page.data.replicated) parts.push(`replica=${line.replica}`);
  parts.push(`round=${round}`);
  if (arm !== page.data.arms[0]) parts.push(`arm=${arm}`);
  history.replaceState(null, "", `#${parts.join(",")}`);
};

page.drawRound = () => {
  const { state, opened } = page;
  const meanKnown = Boolean(page.data.mean[state.arm]);
  const view = opened ? page.questionView(opened, state.arm, state.round) : meanKnown ? page.meanView(state.arm, state.round) : null;
  page.byId("round").value = state.round;
  page.byId("round-name").textContent = `round ${state.round} of ${page.data.rounds}`;
  page.byId("graph-of").textContent = opened ? page.data.questions[state.question].id : "mean over all questions";
  if (view) {
    if (state.agent !== null) view.nodes[state.agent].picked = true;
    page.drawGraph(page.byId("graph"), view, page.data.places, (agent) => page.act.pick(state.agent === agent ? null : agent));
    const table = page.byId("graph-data");
    if (table.open) table.replaceChildren(table.firstElementChild, page.graphTable(view));
  }
  page.drawPanels(page.byId("trajectories"), page.trajectories(state, opened), page.data.rounds, state.round);
  if (page.data.gated) page.drawPanels(page.byId("trust"), page.trust(state, opened), page.data.rounds, state.round);
  for (const section of document.querySelectorAll(".round")) section.classList.toggle("now", section.id === `round-${state.round}`);
};

page.drawAll = () => {
  const { state } = page;
  for (const arm of page.data.arms) page.byId(`arm-${arm}`).setAttribute("aria-pressed", String(arm === state.arm));
  page.drawQuestions(state, page.act);
  const holder = page.byId("conversation");
  holder.hidden = !page.opened;
  if (page.opened) page.drawConversation(state, page.data.questions[state.question], page.opened, page.act);
  page.drawRound();
  page.writeAddress();
};

page.act = {
  toRound: (round) => { page.state.round = Math.max(0, Math.min(page.data.rounds, round)); page.drawRound(); page.writeAddress(); },
  toArm: (arm) => { page.state.arm = arm; page.drawAll(); },
  pick: (agent) => { page.state.agent = agent; page.drawAll(); },
  open: async (at, round, agent) => {
    page.opened = await page.block(page.data.questions[at].block);
    Object.assign(page.state, { question: at, agent: agent ?? null, round: round ?? page.state.round });
    page.drawAll();
    page.byId("opened").focus({ preventScroll: true });
    page.byId("conversation").scrollIntoView({ block: "start" });
  },
  // Opens a question at the turn in which an agent left its first answer for good.
  openFlip: async (at, agent) => {
    const { arm } = page.state;
    const block = await page.block(page.data.questions[at].block);
    const turnOf = page.turnsOf(block, arm);
    const turns = block.arms[arm].turns.filter((turn) => turn.a === agent);
    const flip = turns.filter((turn) => page.changed(turn, turnOf) !== null).at(-1);
    await page.act.open(at, flip?.r ?? page.state.round, null);
    const card = flip ? page.byId(`turn-${arm}-${flip.r}-${agent}`) : null;
    if (!card) return;
    card.querySelector("button.flip")?.click();
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "center" });
  },
  close: () => { page.opened = null; Object.assign(page.state, { question: null, agent: null }); page.drawAll(); },
};

page.play = () => {
  const button = page.byId("play");
  const stop = () => { clearInterval(page.playing); page.playing = null; button.textContent = "▶ play"; };
  if (page.playing) { stop(); return; }
  if (page.state.round >= page.data.rounds) page.act.toRound(0);
  button.textContent = "❚❚ stop";
  page.playing = setInterval(() => {
    page.act.toRound(page.state.round + 1);
    if (page.state.round >= page.data.rounds) stop();
  }, 700);
};

page.onKey = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.closest?.("input, select, textarea");
  if (event.key === "Escape") {
    if (field) field.blur();
    else if (page.opened) page.act.close();
  }
  if (field) return;
  if (event.key === "/") { event.preventDefault(); page.byId("search").focus(); }
  if (event.key === "ArrowRight") { event.preventDefault(); page.act.toRound(page.state.round + 1); }
  if (event.key === "ArrowLeft") { event.preventDefault(); page.act.toRound(page.state.round - 1); }
};

page.saveTurns = async () => {
  const rows = [["question", "replica", "arm", "round", "agent", "answer", "key", "target", "belief", "heard", "words"]];
  for (const line of page.data.questions) {
    const block = await page.block(line.block);
    for (const arm of page.data.arms) {
      for (const turn of block.arms[arm]?.turns ?? []) {
        rows.push([line.id, line.replica, arm, turn.r, page.data.agents[turn.a], turn.o >= 0 ? page.letter(turn.o) : "", line.key, line.target,
          (turn.b ?? []).join(" "), (turn.h ?? []).map((one) => one[0]).join(" "), turn.w ?? turn.p ?? ""]);
      }
    }
  }
  page.save("turns.csv", page.csv(rows));
};

page.saveQuestions = () => page.save("questions.csv", page.csv([["question", "replica", "text", "key", "target", "arm", "right at first", "flipped", "missing"],
  ...page.data.questions.flatMap((line) => page.data.arms.map((arm) =>
    [line.id, line.replica, line.text, line.key, line.target, arm, line[arm].base, line[arm].flipped, line[arm].missing]))]));

page.listen = () => {
  const { state, act } = page;
  page.byId("round").max = page.data.rounds;
  page.byId("round").addEventListener("input", (event) => act.toRound(Number(event.target.value)));
  page.byId("play").addEventListener("click", page.play);
  page.byId("search").addEventListener("input", (event) => { state.search = event.target.value; page.drawQuestions(state, act); });
  for (const name of Object.keys(page.FILTERS)) page.byId(`filter-${name}`).addEventListener("click", () => { state.filter = name; page.drawQuestions(state, act); });
  for (const head of document.querySelectorAll("#questions th[data-sort] button")) {
    const sort = head.parentElement.dataset.sort;
    head.addEventListener("click", () => { state.down = state.sort === sort && !state.down; state.sort = sort; page.drawQuestions(state, act); });
  }
  for (const arm of page.data.arms) page.byId(`arm-${arm}`).addEventListener("click", () => act.toArm(arm));
  page.byId("graph-data").addEventListener("toggle", page.drawRound);
  page.byId("save-turns").addEventListener("click", page.saveTurns);
  page.byId("save-questions").addEventListener("click", page.saveQuestions);
  page.byId("questions").addEventListener("keydown", page.moveInList);
  document.addEventListener("keydown", page.onKey);
  addEventListener("hashchange", page.follow);
};

page.follow = async () => {
  const asked = page.readAddress();
  const same = asked.question === page.state.question;
  Object.assign(page.state, asked);
  page.opened = asked.question === null ? null : await page.block(page.data.questions[asked.question].block);
  if (same) page.drawRound(); else page.drawAll();
};

page.start = async () => {
  page.startTheme();
  page.startTables();
  if (!page.byId("overview")) return;
  if (typeof DecompressionStream === "undefined") {
    page.byId("failed").hidden = false;
    return;
  }
  page.data = await page.block("overview");
  page.data.questions.forEach((line, at) => { line.at = at; });
  page.data.replicated = page.data.questions.some((line) => line.replica > 0);
  Object.assign(page.state, page.readAddress());
  if (page.state.question !== null) page.opened = await page.block(page.data.questions[page.state.question].block);
  page.listen();
  page.drawAll();
  document.documentElement.dataset.ready = "yes";
};

page.start();
