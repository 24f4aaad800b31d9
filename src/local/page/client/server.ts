import type {
  Actions,
  ComparedPair,
  ComparisonAnswer,
  EmfAnswer,
  HistoryAnswer,
  PastResult,
  ServerEvents,
} from "../api.ts";

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
  throw new Error(reasonOf(await response.text()) ?? `the server answered ${response.status}`);
}

/** The EMF lines of one invocation. */
export async function fetchEmf(requestId: string): Promise<readonly string[]> {
  return (JSON.parse(await ask("emf", { requestId })) as EmfAnswer).lines;
}

/** The JSON of a result, whatever the way of publishing. */
export function fetchResult(key: string): Promise<string> {
  return ask("result", { key });
}

/** What every model said of these bytes under this key, oldest first. */
export async function fetchHistory({
  key,
  eTag,
}: {
  key: string;
  eTag: string;
}): Promise<readonly PastResult[]> {
  return (JSON.parse(await ask("history", { key, eTag })) as HistoryAnswer).results;
}

export async function fetchComparison(a: string, b: string): Promise<readonly ComparedPair[]> {
  return (JSON.parse(await ask("comparison", { a, b })) as ComparisonAnswer).pairs;
}

async function ask(what: string, query: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(`/api/${what}?${new URLSearchParams(query)}`);
  const text = await response.text();
  if (response.ok) return text;
  throw new Error(reasonOf(text) ?? `the server answered ${response.status}`);
}

function reasonOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: string }).error;
  } catch {
    return undefined;
  }
}
