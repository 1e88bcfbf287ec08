// From the data to what the drawing shows after one round: of one question, or in the mean of all.
page.kindOf = (option, block) => {
  if (option === block.key) return "key";
  if (option === block.target) return "target";
  return "other";
};

page.turnsOf = (block, arm) => {
  const table = new Map();
  for (const turn of block.arms[arm]?.turns ?? []) table.set(`${turn.r} ${turn.a}`, turn);
  return (round, agent) => table.get(`${round} ${agent}`);
};

page.isHostile = (agent, arm) => arm === "attacked" && page.data.seats.includes(agent);

page.two = (value) => (value === null || value === undefined ? "unknown" : Number(value).toFixed(2));

page.questionNode = (agent, turn, arm, block) => {
  const name = page.data.agents[agent];
  const hostile = page.isHostile(agent, arm);
  const belief = turn?.b ?? [];
  const order = [...belief.keys()].sort((one, other) => page.rank(one, block) - page.rank(other, block));
  const shares = order.map((option) => ({ mass: belief[option] ?? 0, kind: page.kindOf(option, block) }));
  const top = turn ? page.letter(turn.o) : "";
  const state = !turn ? "has not spoken" : turn.b
    ? `answers ${top} (${belief.map((mass, option) => `${page.letter(option)} ${page.two(mass)}`).join(", ")})`
    : `${turn.v ?? "no belief"}${turn.p ? `: ${turn.p.slice(0, 80)}` : ""}`;
  const row = hostile ? `${name}, hostile` : name;
  return { name, hostile, shares, letter: top, missing: !turn?.b, row, title: `${row}: ${state}` };
};

page.rank = (option, block) => ({ key: 0, other: 1, target: 2 })[page.kindOf(option, block)] * 100 + option;

page.meanNode = (agent, round, arm) => {
  const name = page.data.agents[agent];
  const hostile = page.isHostile(agent, arm);
  const [key, target, other] = page.data.mean[arm].beliefs[round][agent];
  const known = key !== null;
  const shares = known ? [{ mass: key, kind: "key" }, { mass: other, kind: "other" }, { mass: target, kind: "target" }] : [];
  const row = hostile ? `${name}, hostile` : name;
  const state = known
    ? `mean belief ${page.two(key)} in the key, ${page.two(target)} in the target, ${page.two(other)} elsewhere`
    : "no belief";
  return { name, hostile, shares, letter: known ? `${Math.round(100 * key)}` : "", missing: !known, row, title: `${row}: ${state}` };
};

page.edgesOf = (arm, gateOf, weightOf) => page.data.edges.map(([listener, speaker, given]) => {
  const weight = weightOf(listener, speaker, given);
  const gate = gateOf(listener, speaker);
  const row = `${page.data.agents[speaker]} → ${page.data.agents[listener]}`;
  const through = gate === null ? "not heard in this round" : `weight ${page.two(weight)} × gate ${page.two(gate)}`;
  return { listener, speaker, hostile: page.isHostile(speaker, arm), strength: weight * (gate ?? 0), row, title: `${row}: ${through}` };
});

page.questionView = (block, arm, round) => {
  const turn = page.turnsOf(block, arm);
  const gateOf = (listener, speaker) => {
    if (round === 0) return 1;
    const heard = (turn(round, listener)?.h ?? []).find((one) => one[0] === speaker);
    if (!heard) return null;
    return heard[4] === "kept back" ? 0 : heard[2];
  };
  const routed = block.weights;
  const nodes = page.data.agents.map((_, agent) => page.questionNode(agent, turn(round, agent), arm, block));
  const edges = page.edgesOf(arm, gateOf, (i, j, given) => (routed ? routed[i][j] : given));
  return { nodes, edges, text: `${arm} arm after round ${round}. ${nodes.map((node) => node.title).join(". ")}.` };
};

page.meanView = (arm, round) => {
  const gates = page.data.mean[arm].gates;
  const nodes = page.data.agents.map((_, agent) => page.meanNode(agent, round, arm));
  const edges = page.edgesOf(arm, (i, j) => (round === 0 ? 1 : gates[round][i][j]), (i, j, given) => given);
  return { nodes, edges, text: `Mean over questions, ${arm} arm after round ${round}. ${nodes.map((node) => node.title).join(". ")}.` };
};
