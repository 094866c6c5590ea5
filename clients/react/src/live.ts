import { RecordBatchReader, type RecordBatch } from "apache-arrow";

import { serverError, type ErrorFields } from "./errors";

/** What to follow; docs/live.md has each member. */
export interface LiveSubscription {
  table: string;
  columns?: readonly string[];
  /** The fields of POST /features. */
  features?: Readonly<Record<string, unknown>>;
  filter?: string;
  /** Rows of the present state at most. */
  tail?: number;
  /** Messages a second at most. */
  rate?: number;
  policy?: "latest" | "all";
}

export type LiveState = "connecting" | "live" | "reconnecting";

export interface LiveListener {
  onState: (state: LiveState) => void;
  /** What came before is void: the present state follows, and then what changes. */
  onBegin: () => void;
  onBatch: (batch: RecordBatch) => void;
  /** So many rows were not sent, because this client did not keep up: since `onBegin`. */
  onSkipped: (total: number) => void;
  /** It does not go on, and is not tried again: a ServerError, or null at the end of a table that is sent once. */
  onEnd: (error: Error | null) => void;
}

interface ControlMessage {
  subscribed?: object;
  skipped?: { total: number };
  cleared?: object;
  closed?: { reason: string; because?: ErrorFields };
  error?: ErrorFields;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
const PREFIX_BYTES = 8;
const SCHEMA_FLAG = 1;

/** How long to wait before attempt 0, 1, 2, …: twice as long each time, up to half of it by chance. */
export function backOffMs(attempt: number, chance: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (1 - chance / 2);
}

/**
 * Follows a table over a WebSocket at `url`, and connects again when the connection is lost. Returns
 * what ends it, after which the listener is not called any more.
 */
export function followLive(url: string, subscription: LiveSubscription, listener: LiveListener): () => void {
  const follower = new Follower(url, subscription, listener);
  return () => follower.stop();
}

/** The live socket of a server whose address is that of `base`, by default of the page. */
export function liveUrl(base: string = location.href): string {
  const url = new URL("/v1/live", base);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

class Follower {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private schema = new Uint8Array();
  private isStopped = false;

  constructor(
    private readonly url: string,
    private readonly subscription: LiveSubscription,
    private readonly listener: LiveListener,
  ) {
    this.connect("connecting");
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private connect(state: LiveState): void {
    this.listener.onState(state);
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify({ subscribe: this.subscription }));
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (this.isStopped) return;
      try {
        if (typeof data === "string") this.control(JSON.parse(data) as ControlMessage);
        else this.data(new Uint8Array(data));
      } catch (error) {
        this.end(error instanceof Error ? error : new Error(String(error)));
      }
    };
    socket.onclose = () => this.retry();
    this.socket = socket;
  }

  private retry(): void {
    if (this.isStopped) return;
    this.listener.onState("reconnecting");
    this.timer = setTimeout(() => this.connect("reconnecting"), backOffMs(this.attempt++, Math.random()));
  }

  private control({ subscribed, skipped, cleared, closed, error }: ControlMessage): void {
    if (error !== undefined) this.end(serverError(error));
    else if (closed !== undefined) this.end(closingError(closed));
    else if (skipped !== undefined) this.listener.onSkipped(skipped.total);
    else if (cleared !== undefined) this.listener.onBegin();
    else if (subscribed !== undefined) {
      this.attempt = 0;
      this.listener.onState("live");
      this.listener.onBegin();
    }
  }

  /** With the last schema before it, each message is a whole Arrow stream. */
  private data(message: Uint8Array<ArrayBuffer>): void {
    const flags = new DataView(message.buffer).getUint32(4, true);
    const payload = message.subarray(PREFIX_BYTES);
    if (flags & SCHEMA_FLAG) {
      this.schema = payload;
      return;
    }
    for (const batch of RecordBatchReader.from([this.schema, payload])) this.listener.onBatch(batch);
  }

  private end(error: Error | null): void {
    this.stop();
    this.listener.onEnd(error);
  }
}

function closingError({ reason, because }: { reason: string; because?: ErrorFields }): Error | null {
  if (reason === "end") return null;
  return serverError(because ?? { code: reason, message: `The subscription has ended: ${reason}.` });
}
