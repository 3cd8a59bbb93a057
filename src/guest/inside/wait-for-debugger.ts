import type * as inspector from 'node:inspector';

/**
 * Opens V8's inspector for this process, at a port of this host alone that the system chooses, and waits until a
 * debugger has attached and let it go on from here. `tell` is given lines for whoever reads the guest's stderr, where
 * Node has written the address before. The address has a random part that only those lines tell: the inspector's list
 * of its targets is off (`debug_flags`), so that other users of this host do not find it.
 */
export function waitForDebugger(tell: (line: string) => void): void {
  // Looked for only here: no guest but one that is to be debugged ever loads it.
  const { open, url, waitForDebugger: wait } = process.getBuiltinModule('node:inspector') as typeof inspector;
  open(0, '127.0.0.1');
  const address = url()!;
  tell('the guest waits for a debugger before its first instruction. To attach one:');
  tell(`  Chrome: devtools://devtools/bundled/js_app.html?v8only=true&ws=${address.replace('ws://', '')}`);
  tell(`  VS Code: {"type": "node", "request": "attach", "name": "guest", "websocketAddress": "${address}"}`);
  wait();
  // The debugger finds the guest here: compiled, and not begun.
  // oxlint-disable-next-line no-debugger -- what a user asked for who debugs a guest
  debugger;
}
