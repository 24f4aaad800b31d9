import type { BrowserContext } from "playwright-core";

/** What a new page is told first, by the name of the event. */
export async function firstEvents(url: string): Promise<Map<string, string>> {
  const response = await fetch(`${url}/api/events`);
  const events = new Map<string, string>();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    for (const [, name = "", data = ""] of text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g))
      events.set(name, data);
    if (events.has("dashboard")) break;
  }
  return events;
}

/** Answers the page's stream of events with these, once. */
export async function tell(context: BrowserContext, events: ReadonlyMap<string, string>): Promise<void> {
  const body = [...events].map(([name, data]) => `event: ${name}\ndata: ${data}\n\n`).join("");
  await context.route("**/api/events", (route) =>
    route.fulfill({ contentType: "text/event-stream", body: `retry: 600000\n\n${body}` }),
  );
}
