/** The version of this client. */
export const client_version: string = '0.1.0';
