/** The version of Wherry, as the shim tells it to daemons that may be newer or older. */
export const version: string = '0.1.0';
