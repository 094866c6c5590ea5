/** Fetches one page; rejects with an AbortError when `signal` is aborted. */
export type LoadPage<P> = (page: number, signal: AbortSignal) => Promise<P>;

export interface PageStoreOptions {
  /** So many pages are kept; those that were looked at longest ago go first. */
  capacity: number;
  /** So many are asked for at a time. */
  parallel: number;
}

/**
 * The pages of one table as far as they were looked at. want() says which are seen now: what is on
 * its way and no longer seen is aborted, what is missing is fetched.
 */
export class PageStore<P> {
  private readonly pages = new Map<number, P>(); // in the order of their last use
  private readonly loading = new Map<number, AbortController>();
  private wanted: readonly number[] = [];
  private readonly listeners = new Set<() => void>();
  private failure: unknown = null;
  private changes = 0;

  constructor(
    private readonly load: LoadPage<P>,
    private readonly options: PageStoreOptions,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Another number after each change. */
  readonly version = (): number => this.changes;

  get error(): unknown {
    return this.failure;
  }

  get isLoading(): boolean {
    return this.loading.size > 0;
  }

  peek(page: number): P | undefined {
    return this.pages.get(page);
  }

  values(): IterableIterator<P> {
    return this.pages.values();
  }

  /** The pages that are seen, the most important one first. */
  want(pages: readonly number[]): void {
    this.wanted = pages;
    for (const [page, abort] of this.loading) {
      if (pages.includes(page)) continue;
      abort.abort();
      this.loading.delete(page);
    }
    for (const page of pages) this.touch(page);
    this.startMore();
  }

  /** Asks again for what is seen, as after an error; what is there stays until it comes anew. */
  refresh(): void {
    this.failure = null;
    this.stop();
    for (const page of [...this.pages.keys()]) {
      if (!this.wanted.includes(page)) this.pages.delete(page);
    }
    for (const page of this.wanted) this.start(page);
    this.changed();
  }

  /** Aborts all that is under way. */
  stop(): void {
    for (const abort of this.loading.values()) abort.abort();
    this.loading.clear();
  }

  private touch(page: number): void {
    const had = this.pages.get(page);
    if (had === undefined) return;
    this.pages.delete(page);
    this.pages.set(page, had);
  }

  private startMore(): void {
    if (this.failure !== null) return;
    for (const page of this.wanted) {
      if (this.loading.size >= this.options.parallel) return;
      if (!this.pages.has(page) && !this.loading.has(page)) this.start(page);
    }
  }

  private start(page: number): void {
    const abort = new AbortController();
    this.loading.set(page, abort);
    this.load(page, abort.signal).then(
      (loaded) => this.finish(page, abort, () => this.keep(page, loaded)),
      (error: unknown) => this.finish(page, abort, () => (this.failure = error)),
    );
  }

  private finish(page: number, abort: AbortController, then: () => void): void {
    if (abort.signal.aborted) return;
    this.loading.delete(page);
    then();
    this.startMore();
    this.changed();
  }

  private keep(page: number, loaded: P): void {
    this.pages.delete(page);
    this.pages.set(page, loaded);
    for (const oldest of this.pages.keys()) {
      if (this.pages.size <= this.options.capacity) break;
      if (!this.wanted.includes(oldest)) this.pages.delete(oldest);
    }
  }

  private changed(): void {
    ++this.changes;
    for (const listener of this.listeners) listener();
  }
}
