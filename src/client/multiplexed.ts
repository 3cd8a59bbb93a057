/**
 * Takes Docker's multiplexed stream apart: `[1|2|3, 0, 0, 0, length u32 big-endian]` and so many bytes. Gives a
 * function for the chunks as they come.
 */
export function demultiplex(onData: (stream: 1 | 2 | 3, bytes: Buffer) => void): (chunk: Buffer) => void {
  const header = Buffer.alloc(8);
  let have = 0;
  let left = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (left === 0) {
        const n = chunk.copy(header, have, at, at + 8 - have);
        have += n;
        at += n;
        if (have < 8) return;
        have = 0;
        left = header.readUInt32BE(4);
        continue;
      }
      const part = chunk.subarray(at, at + left);
      onData(header[0] as 1 | 2 | 3, part);
      at += part.length;
      left -= part.length;
    }
  };
}
