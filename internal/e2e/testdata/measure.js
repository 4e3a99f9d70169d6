// Stands first on the page, so that no script of a report comes before it.
const alarms = [];
window.alert = (text) => alarms.push(String(text));

// Unfolds everything and draws the diagrams, as GitHub does where it stands.
async function draw(theme) {
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  for (const code of document.querySelectorAll("code.language-mermaid")) {
    const pre = code.parentElement;
    pre.className = "mermaid";
    pre.textContent = code.textContent;
  }
  if (window.mermaid) {
    mermaid.initialize({ startOnLoad: false, theme });
    await mermaid.run();
  }
}

// Replaces the page by what a reader would see of it, as JSON in a <pre> called measured.
async function measure(theme) {
  await draw(theme);
  const articles = [...document.querySelectorAll("article, main")].map((article) => ({
    name: article.dataset.name || "",
    width: article.clientWidth,
    content: article.scrollWidth,
    headings: article.querySelectorAll("h1, h3").length,
    lines: article.querySelectorAll(".mermaid svg [class*=line-plot] path").length,
    foreign: article.querySelectorAll("img, script, a, iframe, form, .error-icon").length,
    prose: prose(article),
    tables: [...article.querySelectorAll("table")].map((table) => ({
      width: table.clientWidth,
      content: table.scrollWidth,
      cells: [...table.rows].map((row) => row.cells.length),
    })),
  }));
  const measured = document.createElement("pre");
  measured.id = "measured";
  measured.textContent = JSON.stringify({ alarms, width: window.innerWidth, content: document.documentElement.scrollWidth, articles });
  document.body.replaceChildren(measured);
}

// prose is the text but for code and diagrams, which show what they hold.
function prose(article) {
  const copy = article.cloneNode(true);
  copy.querySelectorAll("code, pre, svg, .mermaid").forEach((node) => node.remove());
  return copy.textContent;
}
