/**
 * Stands before the guest's program in a soak: collections where they once made forked guests hang. The zygote makes
 * garbage and collects for every tenth guest; a guest whose job says `SOAK_COLLECTIONS=N` collects N times itself
 * before it runs.
 */
{
  const collect = globalThis.gc;
  const marker = 'SOAK_COLLECTIONS=';
  const garbage_arrays = 2000;
  // A zygote makes two small buffers for each guest: that it was forked, that it ended.
  const buffers_a_collection = 20;
  let made = 0;

  const garbage = () => {
    let kept = null;
    for (let i = 0; i < garbage_arrays; i++) kept = [kept, { i, text: `garbage ${i}` }];
    return kept;
  };

  const { alloc } = Buffer;
  Buffer.alloc = function (...args) {
    if (++made % buffers_a_collection === 0) {
      garbage();
      collect();
    }
    return alloc.apply(this, args);
  };

  const { parse } = JSON;
  JSON.parse = function (...args) {
    const read = parse.apply(this, args);
    const asked = read?.env?.find?.((variable) => variable.startsWith(marker));
    for (let i = 0; asked !== undefined && i < Number(asked.slice(marker.length)); i++) {
      garbage();
      collect();
    }
    return read;
  };
}
