/** A debugger, as Chrome's and VS Code's are one: it speaks the DevTools protocol over a WebSocket. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export class Debugger {
  readonly #socket: WebSocket;
  readonly #replies = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #events: Message[] = [];
  #look: () => void = () => {};
  #calls = 0;

  /** Attaches at the `ws://` address that a guest told of. */
  static async attach(url: string): Promise<Debugger> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error(`nobody to debug at ${url}`)));
    });
    return new Debugger(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('close', () => {
      for (const reply of this.#replies.values()) reply.reject(new Error('the guest is gone'));
    });
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data as string) as Message;
      if (message.id === undefined) {
        this.#events.push(message);
        this.#look();
      } else if (message.error === undefined) this.#replies.get(message.id)?.resolve(message.result);
      else this.#replies.get(message.id)?.reject(new Error(message.error.message));
    });
  }

  async call<Result>(method: string, params: object = {}): Promise<Result> {
    const id = ++this.#calls;
    const reply = Promise.withResolvers<unknown>();
    this.#replies.set(id, reply);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return (await reply.promise) as Result;
  }

  /** Without waiting for an answer: what lets a guest go may end its process before there is one. */
  send(method: string): void {
    this.#socket.send(JSON.stringify({ id: ++this.#calls, method, params: {} }));
  }

  /** The next event of that name that fits; those before it are passed over. */
  async event<Params>(method: string, fits: (params: Params) => boolean = () => true): Promise<Params> {
    for (;;) {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift())
        if (event.method === method && fits(event.params as Params)) return event.params as Params;
      await new Promise<void>((resolve) => (this.#look = resolve));
    }
  }
}
