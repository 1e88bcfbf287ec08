// The network: who hears whom, and what each believes. Agents keep their places over all rounds.
page.VIEW = 400;
page.MARGIN = 52;

page.place = ([x, y]) => {
  const span = page.VIEW - 2 * page.MARGIN;
  return [page.MARGIN + x * span, page.MARGIN + y * span];
};

// Neighbours on a circle must not touch.
page.nodeSize = (count) => Math.max(3, Math.min(26, count > 8 ? 330 / count : 26, 110 / Math.sqrt(count)));

page.slice = (from, to, size) => {
  const at = (share) => {
    const angle = 2 * Math.PI * share - Math.PI / 2;
    return `${(size * Math.cos(angle)).toFixed(2)} ${(size * Math.sin(angle)).toFixed(2)}`;
  };
  return `M0 0 L${at(from)} A${size} ${size} 0 ${to - from > 0.5 ? 1 : 0} 1 ${at(to)} Z`;
};

// A pie of the belief: the key, the target, then every other option.
page.pie = (shares, size) => {
  const slices = [];
  let from = 0;
  for (const { mass, kind } of shares) {
    if (mass > 0.001) {
      slices.push(mass > 0.999
        ? page.draw("circle", { r: size, class: `slice ${kind}` })
        : page.draw("path", { d: page.slice(from, Math.min(1, from + mass), size), class: `slice ${kind}` }));
    }
    from += mass;
  }
  return slices;
};

page.node = (node, size, place, onpick) => {
  const [x, y] = page.place(place);
  const outline = node.hostile
    ? page.draw("path", { class: "outline", d: `M0 ${-size - 9} L${size + 9} 0 L0 ${size + 9} L${-size - 9} 0 Z` })
    : page.draw("circle", { class: "outline", r: size + 1.5 });
  const group = page.draw("g", {
    class: `node${node.hostile ? " hostile" : ""}${node.missing ? " missing" : ""}${node.picked ? " picked" : ""}`,
    transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
    tabindex: 0, role: "button", "aria-label": node.title, onclick: onpick,
    onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); onpick(); } },
  }, page.draw("title", { text: node.title }), outline, ...page.pie(node.shares, size));
  if (size >= 11) group.append(page.draw("text", { class: "letter", dy: ".36em", text: node.letter }));
  if (size >= 18 || (node.hostile && size >= 6)) group.append(page.draw("text", { class: "name", y: place[1] < 0.3 ? -size - (node.hostile ? 14 : 7) : size + (node.hostile ? 22 : 15), text: node.name }));
  return group;
};

page.edge = (edge, size, places, both) => {
  const [x1, y1] = page.place(places[edge.speaker]);
  const [x2, y2] = page.place(places[edge.listener]);
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const bend = both ? 9 : 0;
  const [sx, sy] = [x1 + ux * (size + 4) - uy * bend / 2, y1 + uy * (size + 4) + ux * bend / 2];
  const [ex, ey] = [x2 - ux * (size + 11) - uy * bend / 2, y2 - uy * (size + 11) + ux * bend / 2];
  const [mx, my] = [(sx + ex) / 2 - uy * bend, (sy + ey) / 2 + ux * bend];
  const path = page.draw("path", {
    class: `edge${edge.hostile ? " hostile" : ""}${edge.strength < 0.005 ? " cut" : ""}`,
    d: `M${sx.toFixed(1)} ${sy.toFixed(1)} Q${mx.toFixed(1)} ${my.toFixed(1)} ${ex.toFixed(1)} ${ey.toFixed(1)}`,
    "stroke-width": (0.6 + 5 * edge.strength).toFixed(2),
    "marker-end": `url(#${edge.hostile ? "arrow-hostile" : "arrow"})`,
  }, page.draw("title", { text: edge.title }));
  return path;
};

page.arrow = (id, size) => page.draw("marker", {
  id, viewBox: "0 0 8 8", refX: 5, refY: 4, markerWidth: size, markerHeight: size,
  markerUnits: "userSpaceOnUse", orient: "auto" }, page.draw("path", { d: "M0 0 L8 4 L0 8 Z", class: id }));

// view: { nodes: [...], edges: [...], text: what the figure shows, in words }
page.drawGraph = (svg, view, places, onpick) => {
  const focused = [...svg.querySelectorAll(".node")].indexOf(document.activeElement);
  const size = page.nodeSize(view.nodes.length);
  const pairs = new Set(view.edges.map((edge) => `${edge.speaker} ${edge.listener}`));
  const edges = view.edges.map((edge) =>
    page.edge(edge, size, places, pairs.has(`${edge.listener} ${edge.speaker}`)));
  svg.classList.toggle("many", edges.length > 150);
  const nodes = view.nodes.map((node, at) => page.node(node, size, places[at], () => onpick(at)));
  svg.setAttribute("aria-label", view.text);
  page.clear(svg, page.draw("defs", {}, page.arrow("arrow", 8), page.arrow("arrow-hostile", 14)), ...edges, ...nodes);
  if (focused >= 0) nodes[focused].focus();
};

page.graphTable = (view) => page.make("div", { class: "wide" }, page.make("table", {},
  page.make("caption", { text: "What the drawing shows" }),
  page.make("thead", {}, page.make("tr", {}, page.make("th", { scope: "col", text: "agent or edge" }),
    page.make("th", { scope: "col", text: "state" }))),
  page.make("tbody", {}, ...[...view.nodes, ...view.edges].map((one) => page.make("tr", {},
    page.make("th", { scope: "row", text: one.row }), page.make("td", { text: one.title.slice(one.row.length + 2) }))))));
