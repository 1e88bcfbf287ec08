"use strict";
// One namespace for all modules of the page. Each file adds what it offers to the others.
// Text reaches the page by textContent alone; no module writes markup.
const page = {};

page.LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

page.filled = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

page.make = (tag, attributes = {}, ...children) =>
  page.filled(document.createElement(tag), attributes, children);

page.draw = (tag, attributes = {}, ...children) =>
  page.filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

page.clear = (element, ...children) => {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

page.byId = (id) => document.getElementById(id);

page.letter = (option) => (option >= 0 ? page.LETTERS[option] : "–");

// A button that shows or hides what follows it.
page.folded = (summary, build, open = false) => {
  const holder = page.make("details", { open });
  holder.append(page.make("summary", { text: summary }));
  const fill = () => { if (holder.childElementCount === 1) holder.append(...build()); };
  if (open) fill();
  holder.addEventListener("toggle", fill);
  return holder;
};
