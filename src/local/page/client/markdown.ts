import { h } from "./dom.ts";

const INLINE = /(\*\*[^*]+\*\*|`[^`]+`|\[[^\]]+\]\([^)]+\))/;

/** The Markdown that dashboards' text widgets use: headings, paragraphs, lists, bold, code and links as text. */
export function renderMarkdown(markdown: string): HTMLElement {
  const blocks = markdown.split(/\n{2,}|\n(?=[#*-])|(?<=^#.*)\n/m).filter((block) => block.trim() !== "");
  const elements = blocks.map((block) => {
    const [, marks, title] = /^(#{1,6})\s+(.*)$/.exec(block) ?? [];
    // A dashboard's headings stand below the page's own.
    if (marks !== undefined) return h(marks.length <= 2 ? "h3" : "h4", {}, ...inline(title ?? ""));
    const items = block.split("\n").filter((line) => /^[*-]\s/.test(line));
    if (items.length > 0) return h("ul", {}, ...items.map((item) => h("li", {}, ...inline(item.slice(2)))));
    return h("p", {}, ...inline(block));
  });
  return h("div", { class: "markdown" }, ...elements);
}

function inline(text: string): (HTMLElement | string)[] {
  return text.split(INLINE).map((part) => {
    if (part.startsWith("**")) return h("strong", { textContent: part.slice(2, -2) });
    if (part.startsWith("`")) return h("code", { textContent: part.slice(1, -1) });
    const [, label] = /^\[([^\]]+)\]\(/.exec(part) ?? [];
    return label ?? part;
  });
}
