import {
  createCapture,
  createHost,
  createMemoryFiles,
  createPageClock,
  createSource,
  importsNeeded,
  runSuspending,
} from '../../src/wasi/index.ts';
import { codePlacement, readModule } from '../../src/wasm/index.ts';

/** What is used of a page: TypeScript's libraries for pages and for workers exclude each other. */
declare const document: {
  querySelector(selector: string): { textContent: string | null; append(text: string): void } | null;
};

/** Runs the program that `?program=` names, with `?arg=` as its arguments, and shows what it prints and its exit code. */
async function main(): Promise<void> {
  const query = new URLSearchParams(location.search);
  const program = query.get('program')!;
  const bytes = new Uint8Array(await (await fetch(program)).arrayBuffer());
  const output = document.querySelector('[role=log]')!;
  const decoder = new TextDecoder();
  const terminal = createCapture({
    terminal: true,
    on_write: (written) => output.append(decoder.decode(written, { stream: true })),
  });
  const host = createHost({
    args: [program, ...query.getAll('arg')],
    env: [],
    preopens: [{ name: '/', directory: createMemoryFiles().root }],
    stdin: createSource({ content: new TextEncoder().encode(query.get('stdin') ?? '') }),
    stdout: terminal,
    stderr: terminal,
    clock: createPageClock(),
    random: (into) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>),
  });
  const description = readModule(bytes);
  const module = await WebAssembly.compile(bytes);
  const imports = host.imports(importsNeeded(description.imports), { suspending: true });
  const instance = await WebAssembly.instantiate(module, imports);
  const { code, trap } = await runSuspending(host, instance, {
    program: { module, code: codePlacement(description, bytes.length) },
  });
  show(trap ?? `exited with ${code}`);
}

function show(status: string): void {
  document.querySelector('[role=status]')!.textContent = status;
}

main().catch((error: unknown) => show(`failed: ${String(error)}`));
