import { byId, h } from "./dom.ts";

const PAUSE_MS = 1_500;
let pending: string[] = [];

/** Says something to screen readers; what comes in quick succession is summed up. */
export function announce(text: string): void {
  pending.push(text);
  if (pending.length === 1) setTimeout(speak, PAUSE_MS);
}

function speak(): void {
  const more = pending.length - 3;
  byId("announcer").textContent = pending.slice(0, 3).join(". ") + (more > 0 ? `, and ${more} more` : "");
  pending = [];
}

const PROBLEM_MS = 12_000;

/** Shows a failure at the bottom of the page until it is closed, replaced, or old; never while it is pointed at. */
export function showProblem(text: string): void {
  document.querySelector(".problem")?.remove();
  const close = h("button", {
    type: "button",
    class: "icon-button",
    "aria-label": "Close message",
    textContent: "×",
  });
  const notice = h("div", { class: "problem", role: "alert" }, h("span", { textContent: text }), close);
  close.onclick = () => notice.remove();
  const expire = (): void => {
    if (notice.matches(":hover, :focus-within")) setTimeout(expire, PROBLEM_MS);
    else notice.remove();
  };
  setTimeout(expire, PROBLEM_MS);
  document.body.append(notice);
}

/** Runs an action of a button and shows what goes wrong. */
export async function attempt(what: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    showProblem(`${what}: ${(error as Error).message}`);
  }
}
