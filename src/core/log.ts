/** Where core says what an operator should know. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
