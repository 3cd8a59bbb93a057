import { type ErrorClass, WherryError } from '../errors/index.ts';

export type LayerErrorClass =
  | 'InvalidArgument'
  | 'ResourceExhausted'
  | 'Unimplemented'
  | 'DataLoss'
  | 'FailedPrecondition';

/** Where in a layer something is wrong. */
export interface LayerPlace {
  /** The entry's name as far as it is known; bytes that are not UTF-8 are replaced. */
  readonly entry?: string;
  /** Bytes from the start of the uncompressed layer (or of the index file). */
  readonly offset?: number;
}

/**
 * A layer, or the index of one, that cannot be taken. `InvalidArgument`: it breaks the format or would leave its own
 * tree. `ResourceExhausted`: it passes a limit. `Unimplemented`: a valid form that is not read. `DataLoss`: an index
 * file is damaged. `FailedPrecondition`: an index file of another version, which has to be rebuilt.
 */
export class LayerError extends WherryError<LayerErrorClass> {
  readonly entry: string | undefined;
  readonly offset: number | undefined;

  constructor(errorClass: LayerErrorClass & ErrorClass, problem: string, place: LayerPlace = {}) {
    const where = [
      place.entry === undefined ? [] : [`entry ${JSON.stringify(place.entry)}`],
      place.offset === undefined ? [] : [`byte ${place.offset}`],
    ].flat();
    super(errorClass, `cannot read the layer${where.length > 0 ? ` (${where.join(', ')})` : ''}: ${problem}`);
    this.name = 'LayerError';
    this.entry = place.entry;
    this.offset = place.offset;
  }
}
