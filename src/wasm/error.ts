import { WherryError } from '../errors/index.ts';

/** Bytes that are not the binary they should be. `offset` is where in the binary reading stopped, in bytes. */
export class WasmError extends WherryError<'InvalidArgument'> {
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super('InvalidArgument', `Cannot read the module: ${reason}, at byte 0x${offset.toString(16)}`);
    this.name = 'WasmError';
    this.offset = offset;
  }
}

/** A module whose memory or table starts larger than it may ever become: pages of 64 KiB, or entries. */
export class WasmLimitError extends WherryError<'ResourceExhausted'> {
  readonly resource: 'memory' | 'table';
  readonly needed: number;
  readonly allowed: number;

  constructor(resource: 'memory' | 'table', needed: number, allowed: number) {
    const unit = resource === 'memory' ? 'pages of 64 KiB' : 'entries';
    super(
      'ResourceExhausted',
      `Cannot limit the module: its ${resource} starts with ${needed} ${unit} and ${allowed} are allowed. ` +
        (resource === 'memory' ? 'Give the container more memory.' : 'Build the module with a smaller table.'),
    );
    this.name = 'WasmLimitError';
    this.resource = resource;
    this.needed = needed;
    this.allowed = allowed;
  }
}
