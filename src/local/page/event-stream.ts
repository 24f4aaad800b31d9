import type { ServerResponse } from "node:http";
import type { ServerEvents } from "./api.ts";

const HEARTBEAT_MS = 15_000;
/** A browser that does not keep up is cut off; it connects again and gets a fresh snapshot. */
const MAX_UNSENT_BYTES = 32 * 1024 * 1024;

/** Server-sent events to every open page. */
export class EventStream {
  readonly #open = new Set<ServerResponse>();
  readonly #heartbeat = setInterval(() => this.#write(":\n\n"), HEARTBEAT_MS).unref();

  get isWatched(): boolean {
    return this.#open.size > 0;
  }

  /** Begins a response that stays open; `snapshot` is what a new page must know first. */
  add(response: ServerResponse, snapshot: Partial<ServerEvents>): void {
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    response.write("retry: 1000\n\n");
    for (const [name, message] of Object.entries(snapshot)) response.write(frame(name, message));
    this.#open.add(response);
    response.on("close", () => this.#open.delete(response));
  }

  send<Name extends keyof ServerEvents>(name: Name, message: ServerEvents[Name]): void {
    if (this.isWatched) this.#write(frame(name, message));
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const response of this.#open) response.end();
  }

  #write(text: string): void {
    for (const response of this.#open) {
      if (response.writableLength > MAX_UNSENT_BYTES) response.destroy();
      else response.write(text);
    }
  }
}

function frame(name: string, message: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(message)}\n\n`;
}
