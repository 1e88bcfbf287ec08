// Compressed JSON inside the page, read when it is asked for. Nothing is fetched.
page.blocks = new Map();

page.unpack = async (written) => {
  const bytes = Uint8Array.from(atob(written), (sign) => sign.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(plain).json();
};

page.block = (id) => {
  if (!page.blocks.has(id)) page.blocks.set(id, page.unpack(page.byId(id).textContent));
  return page.blocks.get(id);
};
