import { arch } from 'node:process';

const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** This machine's architecture in the names of platforms. */
export const hostArchitecture: string = names[arch] ?? arch;
