/** A stack frame as a debugger is told of it. */
export interface PausedFrame {
  readonly callFrameId: string;
  readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number };
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A debugger, as Chrome's and VS Code's are one: it speaks the DevTools protocol over a WebSocket. */
export class DebuggerClient {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #events: Message[] = [];
  #waiting: (() => void)[] = [];
  #sequence = 0;
  /** Settles when the other end is gone. */
  readonly closed: Promise<void>;

  static async attach(url: string): Promise<DebuggerClient> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error(`nothing to debug at ${url}`)));
    });
    return new DebuggerClient(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    socket.addEventListener('close', () => {
      closed.resolve();
      for (const call of this.#calls.values()) call.reject(new Error('the guest is gone'));
    });
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data as string) as Message;
      if (message.id === undefined) {
        this.#events.push(message);
        for (const look of this.#waiting.splice(0)) look();
        return;
      }
      const call = this.#calls.get(message.id);
      if (call === undefined) return;
      this.#calls.delete(message.id);
      if (message.error === undefined) call.resolve(message.result);
      else call.reject(new Error(message.error.message));
    });
  }

  async call<Result>(method: string, params: object = {}): Promise<Result> {
    const id = ++this.#sequence;
    const call = Promise.withResolvers<unknown>();
    this.#calls.set(id, call);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return (await call.promise) as Result;
  }

  /** Without waiting for an answer: what lets a guest go may end its process before there is one. */
  send(method: string): void {
    this.#socket.send(JSON.stringify({ id: ++this.#sequence, method, params: {} }));
  }

  /** The first event `method` that has come or comes, and fits; each is given once. */
  async event<Params>(method: string, fits: (params: Params) => boolean = () => true): Promise<Params> {
    for (;;) {
      const at = this.#events.findIndex((event) => event.method === method && fits(event.params as Params));
      if (at >= 0) return this.#events.splice(at, 1)[0]!.params as Params;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  close(): void {
    this.#socket.close();
  }
}
