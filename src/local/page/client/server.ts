import type { Actions, EmfAnswer, ServerEvents } from "../api.ts";

export type ConnectionState = "connecting" | "live" | "lost";

type Handlers = { readonly [Name in keyof ServerEvents]: (message: ServerEvents[Name]) => void };

/** Listens to the server's events; the browser itself connects again after a loss. */
export function connect(handlers: Handlers, onState: (state: ConnectionState) => void): void {
  const source = new EventSource("/api/events");
  source.onopen = () => onState("live");
  source.onerror = () => onState("lost");
  const listen = <Name extends keyof ServerEvents>(name: Name) => {
    source.addEventListener(name, (event: MessageEvent<string>) => {
      handlers[name](JSON.parse(event.data) as ServerEvents[Name]);
    });
  };
  for (const name of Object.keys(handlers) as (keyof ServerEvents)[]) listen(name);
}

/** Asks the server to do something. Throws with the server's own words when it refuses or is gone. */
export async function act<Name extends keyof Actions>(name: Name, body: Actions[Name]): Promise<void> {
  const response = await fetch(`/api/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (response.ok) return;
  const answer = (await response.json().catch(() => ({}))) as { error?: string };
  throw new Error(answer.error ?? `the server answered ${response.status}`);
}

/** The EMF lines of one invocation. */
export async function fetchEmf(requestId: string): Promise<readonly string[]> {
  const response = await fetch(`/api/emf?requestId=${encodeURIComponent(requestId)}`);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return ((await response.json()) as EmfAnswer).lines;
}
