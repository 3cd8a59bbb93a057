/** The version of Wherry, as the daemon tells it. */
export const version: string = '0.1.0';
