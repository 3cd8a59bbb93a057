/** `--security-opt wherry.isolation=strict`: the container does not run with a wall around its process missing. */
export const isolation_option = 'wherry.isolation';

export const strictly_isolated: RegExp = /^wherry\.isolation[:=]strict$/;
